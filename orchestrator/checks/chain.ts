/**
 * I3: what a node decides for one requester is a chain from GENESIS on, without a State that comes back, and the chains
 * of all correct nodes are beginnings of one. The latter is looked at State by State: two different successors of one
 * State are two chains.
 */
import { GENESIS } from '../../node/protocol/message.ts';
import { type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, doubtMissingLines, evidence, Findings, short } from './fold.ts';
import { slotOf } from './seat-record.ts';

interface Place {
  readonly seat: string;
  readonly decide: Observation;
}

export const chain: BeginFold = (facts) => {
  const findings = new Findings('links of chains of States');
  /** By requester and State: the first decision that was seen on it. */
  const successors = new Map<string, Place>();
  /** By seat: requester and State that a decision led to. */
  const visited = new Map<string, Map<string, Observation>>();
  return {
    events: ['decide'],
    take(seat, decide, record) {
      findings.examine();
      const requester = textOf(decide, 'R');
      const from = textOf(decide, 'prevState');
      const to = textOf(decide, 'newState');
      const held = record.wallet(requester);
      if (held !== null && held.stateHash !== from) {
        const before = visited.get(seat)?.get(slotOf(requester, held.stateHash)) ?? record.walletLines.get(requester);
        findings.violate(
          `seat ${seat} held State ${short(held.stateHash)} of node ${requester} and decided on State ${short(from)}`,
          [
            ...(before === undefined ? [] : [evidence(seat, before, `State ${short(held.stateHash)}`)]),
            evidence(seat, decide, `decides on State ${short(from)}`),
          ],
        );
      }
      const own = visited.get(seat) ?? new Map<string, Observation>();
      visited.set(seat, own);
      const earlier = own.get(slotOf(requester, to));
      if (earlier !== undefined || to === GENESIS || to === from) {
        findings.violate(`State ${short(to)} of node ${requester} comes back at seat ${seat}`, [
          ...(earlier === undefined ? [] : [evidence(seat, earlier, `leads to State ${short(to)}`)]),
          evidence(seat, decide, `leads to State ${short(to)} again`),
        ]);
      } else own.set(slotOf(requester, to), decide);

      const first = successors.get(slotOf(requester, from));
      if (first === undefined) successors.set(slotOf(requester, from), { seat, decide });
      else if (textOf(first.decide, 'newState') !== to) {
        findings.violate(
          `State ${short(from)} of node ${requester} is followed by ${short(first.decide.newState)} at seat ${first.seat} and by ${short(to)} at seat ${seat}`,
          [
            evidence(first.seat, first.decide, `leads to State ${short(first.decide.newState)}`),
            evidence(seat, decide, `leads to State ${short(to)}`),
          ],
        );
      }
    },
    end(seen) {
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
};
