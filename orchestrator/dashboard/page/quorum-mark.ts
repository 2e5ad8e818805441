/** Which of a request's votes made the quorum: as many alike as it takes, in the order in which they were cast. Pure. */
import type { RequestAnswer } from '../api/request-shape.ts';

export interface QuorumMark {
  /** Votes of the largest group that are alike. */
  readonly agreeing: number;
  /** Place of the vote that completed the quorum; null while there is none. */
  readonly reachedAt: number | null;
}

export function quorumMark({ votes, quorum }: Pick<RequestAnswer, 'votes' | 'quorum'>): QuorumMark {
  const alike = new Map<number, number>();
  let agreeing = 0;
  let reachedAt: number | null = null;
  votes.forEach(({ remainingUnits }, index) => {
    const count = (alike.get(remainingUnits) ?? 0) + 1;
    alike.set(remainingUnits, count);
    agreeing = Math.max(agreeing, count);
    if (reachedAt === null && count >= quorum) reachedAt = index;
  });
  return { agreeing, reachedAt };
}
