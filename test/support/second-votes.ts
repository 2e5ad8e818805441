/**
 * One vote per requester and State, over all incarnations of a voter (invariant I7), looked up in plain histories apart
 * from the check that judges runs: a node that crashed and came back may repeat its vote, never give another. Pure.
 */
import { type History, numberOf, textOf } from '../../orchestrator/history/observation.ts';

export interface SecondVote {
  readonly voter: string;
  readonly requester: string;
  readonly previousState: string;
  /** The different votes, as request id and remaining units. */
  readonly votes: readonly string[];
}

/** Slots for which a node cast different votes. `votesChecked`: lines that were looked at. */
export function secondVotes(history: History): {
  readonly found: readonly SecondVote[];
  readonly votesChecked: number;
} {
  const found: SecondVote[] = [];
  let votesChecked = 0;
  for (const [node, observations] of history) {
    const slots = new Map<string, { requester: string; previousState: string; votes: Set<string> }>();
    for (const observation of observations) {
      if (observation.event !== 'vote.tx' && observation.event !== 'vote.cast') continue;
      votesChecked++;
      const requester = textOf(observation, 'R');
      const previousState = textOf(observation, 'prevState');
      const slot = slots.get(`${requester}/${previousState}`) ?? { requester, previousState, votes: new Set<string>() };
      slot.votes.add(`${textOf(observation, 'reqId')}/${numberOf(observation, 'remU')}`);
      slots.set(`${requester}/${previousState}`, slot);
    }
    for (const { requester, previousState, votes } of slots.values()) {
      if (votes.size > 1) found.push({ voter: node, requester, previousState, votes: [...votes] });
    }
  }
  return { found, votesChecked };
}
