/**
 * I15: correct nodes end with equal States of every wallet. It rests on the final reads, which come when the run is quiet
 * or its time to settle is over; balances are not compared (sensor data and rewards may differ, see `divergent-wallets`).
 * Nodes that a fault sent away for good are not asked. Where the run came to rest, nothing is under way that could still
 * make them equal; where it did not, a difference counts when it has lasted for long.
 */
import { type BeginFold, evidence, Findings, short } from './fold.ts';
import { cameToRest } from './rest.ts';
import type { EvidenceLine } from './verdict.ts';

/** Live nodes have so long after the last fault and the last decision; sooner than that they only differ so far. */
const CONVERGED_WITHIN_MS = 10_000;

export const convergence: BeginFold = (facts) => {
  const findings = new Findings('wallets that correct nodes reported');
  let lastDecideT = Number.NEGATIVE_INFINITY;
  return {
    events: ['decide'],
    take(_seat, line) {
      lastDecideT = Math.max(lastDecideT, line.t);
    },
    end({ record, seats }) {
      const asked = [...facts.obliged].filter((seat) => record.finals.has(seat));
      const silent = [...facts.obliged].filter((seat) => !record.finals.has(seat));
      if (asked.length < 2) {
        findings.doubt(`${asked.length} correct nodes gave a final report`);
        return findings.outcome();
      }
      const quietSince = record.events.reduce(
        (latest, event) => (event.event === 'fault' && event.state === 'healed' ? Math.max(latest, event.t) : latest),
        lastDecideT,
      );
      const read = record.events.find((event) => event.event === 'phase' && event.phase === 'read');
      const patienceMs = Math.min(CONVERGED_WITHIN_MS, facts.plan.settleMsMax);
      const tooSoon = read !== undefined && read.t - quietSince < patienceMs && !cameToRest(record);
      const ids = new Set(asked.flatMap((seat) => record.finals.get(seat)!.wallets.map(({ id }) => id)));
      for (const id of ids) {
        findings.examine();
        const holders = new Map<string, string[]>();
        for (const seat of asked) {
          const state = record.finals.get(seat)!.wallets.find((wallet) => wallet.id === id)?.stateHash ?? 'none';
          holders.set(state, [...(holders.get(state) ?? []), seat]);
        }
        if (holders.size === 1) continue;
        const views = [...holders].sort(([, a], [, b]) => b.length - a.length);
        const text = views.map(([state, who]) => `${short(state)} at seats ${who.join(', ')}`).join('; ');
        if (tooSoon) {
          findings.doubt(
            `wallet ${id} still differed ${Math.round(read.t - quietSince)} ms after the last decision or fault: ${text}`,
          );
          continue;
        }
        const proof = views.slice(0, 2).flatMap(([state, [seat]]): EvidenceLine[] => {
          const line = seats.get(seat!)?.walletLines.get(id);
          return line === undefined ? [] : [evidence(seat!, line, `ends on State ${short(state)}`)];
        });
        findings.violate(`wallet ${id} ends on different States: ${text}`, proof);
      }
      if (silent.length > 0) findings.doubt(`seats ${silent.join(', ')} gave no final report`);
      return findings.outcome();
    },
  };
};
