/** What each request asks for, as the first seat that had it at hand wrote it down. Votes carry its id only. */
import type { RequestBody } from '../../node/protocol/message.ts';
import { numberOf, type Observation, textOf } from '../history/observation.ts';

export class RequestBook {
  readonly #bodies = new Map<string, RequestBody>();

  get(requestId: unknown): RequestBody | null {
    return (typeof requestId === 'string' ? this.#bodies.get(requestId) : undefined) ?? null;
  }

  take(observation: Observation): void {
    const { event } = observation;
    if (event !== 'req.rx' && event !== 'req.tx' && event !== 'decide') return;
    const id = textOf(observation, 'reqId');
    if (!this.#bodies.has(id)) this.#bodies.set(id, bodyOf(observation));
  }
}

/** Of a line about a request or a decision. */
export function bodyOf(observation: Observation): RequestBody {
  return {
    requester: textOf(observation, 'R'),
    service: textOf(observation, 'service'),
    priceDcoins: numberOf(observation, 'price'),
    time: numberOf(observation, 'time'),
    state: textOf(observation, 'prevState'),
  };
}
