/**
 * What came of a run, without anything that depends on time: two runs of one plan in different worlds must agree on it.
 * Ids and States are hashes that contain the second in which somebody asked. So a State is its place in the chain of
 * its wallet, and a request is what was bought there; where a double spender asked for several things on one State,
 * they are told apart as the spender does, by the order of their ids, and balances are those before the purchase.
 */

import { GENESIS } from '../../node/protocol/message.ts';
import { numberOf, type Observation, textOf } from '../../orchestrator/history/observation.ts';
import type { RunSummary } from '../../orchestrator/report/run-summary.ts';
import type { RunRecord } from '../../orchestrator/run/run-record.ts';

export interface RunOutcome {
  readonly verdict: string;
  readonly checks: readonly string[];
  readonly stuck: readonly string[];
  /** What each went through. */
  readonly faults: readonly string[];
  /** What became of each. */
  readonly orders: readonly string[];
  /** Of each seat: what it settled. */
  readonly decisions: Readonly<Record<string, readonly string[]>>;
  /** Of each seat: for what it voted, and with which Remaining. */
  readonly votes: Readonly<Record<string, readonly string[]>>;
  /** Of each seat: its final report. */
  readonly finals: Readonly<Record<string, { readonly storedVotes: number; readonly [field: string]: unknown }>>;
}

interface Bought {
  readonly name: string;
  /** What a balance after it is short of, where it has rivals. */
  readonly units: number;
}

export function outcomeOf({
  record,
  summary,
}: {
  readonly record: RunRecord;
  readonly summary: RunSummary;
}): RunOutcome {
  const lines = [...record.history()];
  const requests = new Requests(
    lines.map(({ observation }) => observation),
    record.plan.lab.parameters.dcoinRate,
  );
  const bySeat = (event: string): Record<string, string[]> => {
    const found: Record<string, string[]> = {};
    for (const { seat, observation } of lines) {
      if (observation.event !== event) continue;
      found[seat] ??= [];
      found[seat].push(requests.balance(textOf(observation, 'reqId'), numberOf(observation, 'remU')));
    }
    for (const list of Object.values(found)) list.sort();
    return found;
  };
  const faults = new Map<string, string[]>();
  const orders = new Map<string, string>();
  for (const event of record.events) {
    if (event.event === 'fault') faults.set(event.id, [...(faults.get(event.id) ?? []), event.state]);
    if (event.event === 'order') orders.set(event.orderId, `${event.orderId} at ${event.seat}: ${event.state}`);
  }
  const finals = [...record.finals].map(([seat, report]): [string, RunOutcome['finals'][string]] => [
    seat,
    {
      wallets: report.wallets.map(({ id, units, stateHash }) => requests.wallet(id, stateHash, units)).sort(),
      storedRequests: report.storedRequests,
      storedVotes: report.storedVotes,
      locks: report.locks.map((lock) => requests.balance(lock.requestId, lock.remainingUnits ?? Number.NaN)).sort(),
      pendingOrders: report.pendingOrders.map(({ phase }) => phase).sort(),
      decisions: report.decisions,
      sensorTransactions: report.sensorTransactions,
      services: report.services.map(({ key, phase }) => `${requests.decidedBy(key)} ${phase}`).sort(),
    },
  ]);
  const { verdict, judgement } = summary;
  return {
    verdict,
    checks: judgement.checks.map(({ check, state, asExpected }) => `${check.id}: ${state}, as expected: ${asExpected}`),
    stuck: judgement.stuck
      .map(
        ({ requestId, reason, undecidedAt }) => `${requests.name(requestId)}: ${reason}, not at ${undecidedAt.join()}`,
      )
      .sort(),
    faults: [...faults].map(([id, states]) => `${id}: ${states.join(', ')}`).sort(),
    orders: [...orders.values()].sort(),
    decisions: bySeat('decide'),
    votes: bySeat('vote.cast'),
    finals: Object.fromEntries(finals),
  };
}

const NOBODY_HEARD: Bought = { name: 'a request that nobody heard', units: 0 };

class Requests {
  readonly #bought = new Map<string, Bought>();
  /** By the State that it led to. */
  readonly #deciding = new Map<string, string>();

  constructor(lines: readonly Observation[], dcoinRate: number) {
    const rivals = new Map<string, Map<string, Observation>>();
    const before = new Map<string, string>();
    for (const line of lines) {
      if (!['req.tx', 'req.rx', 'decide'].includes(line.event)) continue;
      const place = `${textOf(line, 'R')} ${textOf(line, 'prevState')}`;
      rivals.set(place, (rivals.get(place) ?? new Map()).set(textOf(line, 'reqId'), line));
      if (line.event !== 'decide') continue;
      this.#deciding.set(textOf(line, 'newState'), textOf(line, 'reqId'));
      before.set(textOf(line, 'newState'), textOf(line, 'prevState'));
    }
    const placeOf = (state: string): number => {
      let place = 0;
      for (let at: string | undefined = state; at !== undefined && at !== GENESIS; at = before.get(at)) place++;
      return place;
    };
    for (const requests of rivals.values()) {
      const ids = [...requests.keys()].sort();
      for (const [rank, id] of ids.entries()) {
        const line = requests.get(id)!;
        const place = `${textOf(line, 'R')} at ${placeOf(textOf(line, 'prevState'))}`;
        const price = numberOf(line, 'price');
        if (ids.length === 1)
          this.#bought.set(id, { name: `${place}, ${textOf(line, 'service')} for ${price}`, units: 0 });
        else this.#bought.set(id, { name: `${place}, rival ${rank} of ${ids.length}`, units: price * dcoinRate });
      }
    }
  }

  name(id: string): string {
    return (this.#bought.get(id) ?? NOBODY_HEARD).name;
  }

  balance(id: string, remainingUnits: number): string {
    const { name, units } = this.#bought.get(id) ?? NOBODY_HEARD;
    return `${name}: ${remainingUnits + units} u`;
  }

  /** What led to a State. */
  decidedBy(state: string): string {
    const id = this.#deciding.get(state);
    return id === undefined ? 'nothing' : this.name(id);
  }

  wallet(owner: string, state: string, units: number): string {
    const id = this.#deciding.get(state);
    return id === undefined ? `${owner} as it was: ${units} u` : this.balance(id, units);
  }
}
