/**
 * I1 and I2: what correct nodes decide on one State of a requester. I1 compares everything that the decision sets (request,
 * remaining balance, next State), I2 the request alone: votes that differ in the balance break the first and not the second.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, doubtMissingLines, evidence, Findings, short } from './fold.ts';
import { certificateOf, slotOf } from './seat-record.ts';
import type { EvidenceLine } from './verdict.ts';

interface FirstDecision {
  readonly seat: string;
  readonly decide: Observation;
  readonly votes: readonly Observation[];
}

/** I1. */
export const agreement: BeginFold = (facts) =>
  comparing(
    facts,
    (decide) => `${textOf(decide, 'reqId')}/${numberOf(decide, 'remU')}/${textOf(decide, 'newState')}`,
    (decide) => `request ${short(decide.reqId)} with ${numberOf(decide, 'remU')} u left`,
  );

/** I2. */
export const noDoubleSpend: BeginFold = (facts) =>
  comparing(
    facts,
    (decide) => textOf(decide, 'reqId'),
    (decide) => `request ${short(decide.reqId)}`,
  );

function comparing(
  facts: Parameters<BeginFold>[0],
  keyOf: (decide: Observation) => string,
  named: (decide: Observation) => string,
): ReturnType<BeginFold> {
  const findings = new Findings('decisions of correct nodes');
  const slots = new Map<string, Map<string, FirstDecision>>();
  return {
    events: ['decide'],
    take(seat, decide, record) {
      findings.examine();
      const requester = textOf(decide, 'R');
      const state = textOf(decide, 'prevState');
      const slot = slotOf(requester, state);
      const key = keyOf(decide);
      const outcomes = slots.get(slot);
      if (outcomes?.has(key) === true) return;
      const found = { seat, decide, votes: certificateOf(decide, record.votes(requester, state)) };
      if (outcomes === undefined) {
        slots.set(slot, new Map([[key, found]]));
        return;
      }
      const [first] = outcomes.values();
      outcomes.set(key, found);
      findings.violate(
        `on State ${short(state)} of node ${requester}, seat ${first!.seat} decided ${named(first!.decide)}, seat ${seat} ${named(decide)}`,
        [...proof(first!), ...proof(found)],
      );
    },
    end(seen) {
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
}

function proof({ seat, decide, votes }: FirstDecision): EvidenceLine[] {
  const q = numberOf(decide, 'qUsed');
  return [
    ...votes
      .slice(0, Number.isNaN(q) ? undefined : q)
      .map((vote, index) => evidence(seat, vote, `vote ${index + 1} of ${q}`)),
    evidence(seat, decide, `a quorum of ${q}`),
  ];
}
