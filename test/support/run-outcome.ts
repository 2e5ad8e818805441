/**
 * What came of a run, without anything that depends on time: two runs of one plan in different worlds must agree on it.
 * A State is its place in the chain of its wallet, and a request is what was bought on which place, since the hashes
 * contain the second in which somebody asked.
 */

import { GENESIS } from '../../node/protocol/message.ts';
import { listOf, numberOf, type Observation, textOf } from '../../orchestrator/history/observation.ts';
import type { RunSummary } from '../../orchestrator/report/run-summary.ts';
import type { RunRecord } from '../../orchestrator/run/run-record.ts';

export interface RunOutcome {
  readonly verdict: string;
  /** id: verdict. */
  readonly checks: readonly string[];
  /** requester, class. */
  readonly stuck: readonly string[];
  /** fault: states. */
  readonly faults: readonly string[];
  /** order at seat: what became of it. */
  readonly orders: readonly string[];
  /** Of each seat: what it settled, in the order of each wallet's chain. */
  readonly decisions: Readonly<Record<string, readonly string[]>>;
  /** Of each seat: for what it voted, and with which Remaining. */
  readonly votes: Readonly<Record<string, readonly string[]>>;
  /** Of each seat: its final report. */
  readonly finals: Readonly<Record<string, unknown>>;
}

export function outcomeOf({
  record,
  summary,
}: {
  readonly record: RunRecord;
  readonly summary: RunSummary;
}): RunOutcome {
  const lines = [...record.history()];
  const places = placesOf(lines.map(({ observation }) => observation));
  const bought = new Map<string, string>();
  for (const { observation } of lines) {
    if (!['req.tx', 'req.rx', 'decide'].includes(observation.event)) continue;
    bought.set(textOf(observation, 'reqId'), `${textOf(observation, 'service')} for ${numberOf(observation, 'price')}`);
  }
  const purchase = (line: Observation): string => {
    const requester = textOf(line, 'R');
    const what = bought.get(textOf(line, 'reqId')) ?? 'a request that nobody heard';
    return `${requester} ${places.get(`${requester} ${textOf(line, 'prevState')}`) ?? '?'}: ${what}, ${numberOf(line, 'remU')} u left`;
  };
  const bySeat = (event: string): Record<string, string[]> => {
    const found: Record<string, string[]> = {};
    for (const { seat, observation } of lines)
      if (observation.event === event) (found[seat] ??= []).push(purchase(observation));
    for (const list of Object.values(found)) list.sort();
    return found;
  };
  const { judgement } = summary;
  const faults = new Map<string, string[]>();
  const orders = new Map<string, string>();
  for (const event of record.events) {
    if (event.event === 'fault') faults.set(event.id, [...(faults.get(event.id) ?? []), event.state]);
    if (event.event === 'order') orders.set(event.orderId, `${event.orderId} at ${event.seat}: ${event.state}`);
  }
  return {
    verdict: summary.verdict,
    checks: judgement.checks.map(({ check, state, asExpected }) => `${check.id}: ${state}, as expected: ${asExpected}`),
    stuck: judgement.stuck
      .map(
        ({ requester, service, reason, undecidedAt }) =>
          `${requester}: ${service} ${reason}, not at ${undecidedAt.join(', ')}`,
      )
      .sort(),
    faults: [...faults].map(([id, states]) => `${id}: ${states.join(', ')}`).sort(),
    orders: [...orders.values()].sort(),
    decisions: bySeat('decide'),
    votes: bySeat('vote.cast'),
    finals: Object.fromEntries(
      [...record.finals].map(([seat, report]) => [
        seat,
        {
          wallets: report.wallets
            .map(({ id, units, stateHash }) => `${id}: ${units} u at ${places.get(`${id} ${stateHash}`)}`)
            .sort(),
          storedRequests: report.storedRequests,
          storedVotes: report.storedVotes,
          locks: report.locks
            .map(
              ({ requester, slot, remainingUnits }) =>
                `${requester} ${places.get(`${requester} ${slot}`)}: ${remainingUnits} u`,
            )
            .sort(),
          pendingOrders: report.pendingOrders.map(({ phase }) => phase).sort(),
          decisions: report.decisions,
          sensorTransactions: report.sensorTransactions,
          services: report.services.map(({ service, phase }) => `${service} ${phase}`).sort(),
        },
      ]),
    ),
  };
}

/** Of each wallet's States: how many decisions led there, and which, where there are several. */
function placesOf(lines: readonly Observation[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  const decisions = lines.filter(({ event }) => event === 'decide');
  for (const line of lines)
    for (const id of [textOf(line, 'R'), ...listOf(line, 'members')])
      if (id !== '') places.set(`${id} ${GENESIS}`, '0');
  for (let news = true; news; ) {
    news = false;
    for (const line of decisions) {
      const requester = textOf(line, 'R');
      const before = places.get(`${requester} ${textOf(line, 'prevState')}`);
      const key = `${requester} ${textOf(line, 'newState')}`;
      if (before === undefined || places.has(key)) continue;
      places.set(key, `${Number.parseInt(before, 10) + 1} by ${textOf(line, 'service')} (${numberOf(line, 'remU')} u)`);
      news = true;
    }
  }
  return places;
}
