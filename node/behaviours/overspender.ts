/**
 * F20: every `everyMs` asks for a service that its wallet cannot pay, with a new time each, so that each is a request of
 * its own. While the wallet can pay, it does nothing.
 */
import { INT32_MAX } from '../protocol/message.ts';
import { type Conduct, type ConductContext, every, publication } from './conduct.ts';

export function overspender(context: ConductContext, service: string, everyMs: number): Conduct {
  const { core, self, profile } = context;
  const priceDcoins = profile.catalogue?.get(service) ?? 1;
  let lastTime = 0;

  const ask = (): void => {
    const wallet = core.wallet(self);
    if (wallet === undefined) return;
    // Several within a second would be one request.
    lastTime = Math.min(INT32_MAX, Math.max(lastTime + 1, Math.floor(context.nowMs() / 1000)));
    const draft = profile.requests.draft(self, wallet, service, priceDcoins, lastTime);
    if (profile.requests.acceptability(draft, wallet) === 'accept') return;
    context.seal(draft, (request) => {
      const cost = priceDcoins * profile.parameters.dcoinRate;
      context.deviated('overspend', request.id, `${service} costs ${cost} units, the wallet holds ${wallet.units}`);
      context.emit(publication(request));
    });
  };

  return { begins: () => every(context, everyMs, ask) };
}
