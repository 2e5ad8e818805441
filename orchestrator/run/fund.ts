/** Gives nodes what they are to begin with, the only way there is: sensor transactions of their own. */
import { Failure, throwIfInterrupted } from '../failure.ts';
import type { Lab } from '../lab/lab.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';

const TOPIC = 'fund';
const FUND_MS_MAX = 60_000;
const LOOK_AGAIN_MS = 25;

/** Resolves when every seat that is up has all of it in its wallets. Throws a Failure when that takes too long. */
export async function fund(lab: Lab, plan: ScenarioPlan, signal: AbortSignal): Promise<void> {
  const nodeOf = new Map(plan.seats.map(({ seat, node }) => [seat, node]));
  const owed = new Map<string, number>();
  for (const [seat, count] of Object.entries(plan.workload.fundUnits)) {
    if (count === 0) continue;
    if (!lab.isUp(seat)) throw new Failure('environment', `funds: expected seat ${seat} to run, found it down`);
    const node = nodeOf.get(seat)!;
    owed.set(node, (owed.get(node) ?? 0) + count);
    await lab.sample(seat, { topic: TOPIC, value: 0, count });
  }
  if (owed.size === 0) return;
  const present = plan.seats.filter(({ startsAtMs }) => startsAtMs === null).map(({ seat }) => seat);
  const deadlineMs = performance.now() + FUND_MS_MAX;
  for (;;) {
    const reports = await lab.reports();
    const poor = [...reports].filter(([, { wallets }]) => {
      const units = new Map(wallets.map(({ id, units: held }) => [id, held]));
      return [...owed].some(([node, count]) => (units.get(node) ?? 0) < count);
    });
    const deaf = present.filter((seat) => !reports.has(seat));
    if (poor.length === 0 && deaf.length === 0) return;
    const down = present.filter((seat) => !lab.isUp(seat));
    if (down.length > 0) throw new Failure('environment', `funds: seats ${down.join(', ')} ended meanwhile`);
    throwIfInterrupted(signal);
    if (performance.now() > deadlineMs)
      throw new Failure(
        'environment',
        `funds: expected every wallet to be funded within ${FUND_MS_MAX / 1000} s, seats ${[...poor.map(([seat]) => seat), ...deaf].join(', ')} have not heard of all of it`,
      );
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}
