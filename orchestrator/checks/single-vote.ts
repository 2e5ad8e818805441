/**
 * I7: a correct voter gives one vote for a State of a requester, over all its lives; repeating it is allowed. I19 looks
 * at the part of it that restarts put to the test: what a later life sends on a State that an earlier one voted on.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, doubtMissingLines, evidence, Findings, short } from './fold.ts';
import { slotOf } from './seat-record.ts';

interface FirstVote {
  readonly line: Observation;
  readonly life: number;
}

/** I7. */
export const singleVote: BeginFold = (facts) => {
  const findings = new Findings('votes of correct nodes');
  const votes = firstVotes();
  return {
    events: ['vote.cast', 'vote.tx'],
    take(seat, line, { lives }) {
      findings.examine();
      const first = votes(seat, line, lives);
      if (first === null || same(first.line, line)) return;
      findings.violate(...twice(seat, first.line, line));
    },
    end(seen) {
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
};

/** I19. */
export const lockDurability: BeginFold = (facts) => {
  const findings = new Findings('votes that were sent after a restart on a State voted on before');
  const votes = firstVotes();
  return {
    events: ['vote.cast', 'vote.tx'],
    take(seat, line, { lives }) {
      const first = votes(seat, line, lives);
      if (first === null || first.life === lives) return;
      findings.examine();
      if (!same(first.line, line)) findings.violate(...twice(seat, first.line, line));
    },
    end(seen) {
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
};

/** Returns the first vote of that seat for that slot, null for the first itself. */
function firstVotes(): (seat: string, line: Observation, life: number) => FirstVote | null {
  const seats = new Map<string, Map<string, FirstVote>>();
  return (seat, line, life) => {
    const slots = seats.get(seat) ?? new Map<string, FirstVote>();
    seats.set(seat, slots);
    const slot = slotOf(textOf(line, 'R'), textOf(line, 'prevState'));
    const first = slots.get(slot);
    if (first === undefined) slots.set(slot, { line, life });
    return first ?? null;
  };
}

function same(a: Observation, b: Observation): boolean {
  return a.reqId === b.reqId && a.remU === b.remU;
}

function twice(seat: string, first: Observation, second: Observation) {
  const named = (line: Observation) => `${short(line.reqId)} with ${numberOf(line, 'remU')} u left`;
  return [
    `seat ${seat} voted on State ${short(first.prevState)} of node ${textOf(first, 'R')} for ${named(first)} and for ${named(second)}`,
    [evidence(seat, first, 'its first vote on this State'), evidence(seat, second, 'its second vote on this State')],
  ] as const;
}
