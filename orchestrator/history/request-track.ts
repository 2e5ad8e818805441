/**
 * The life of each request, put together from what all nodes saw: sent, received, voted for, decided. Pure.
 */
import { type History, numberOf, type Observation, textOf } from './observation.ts';

export interface VoteSeen {
  readonly voter: string;
  readonly remainingUnits: number;
}

export interface RequestTrack {
  readonly requestId: string;
  readonly requester: string;
  readonly previousState: string;
  readonly service: string;
  readonly priceDcoins: number;
  /** When the requester first sent it, monotonic milliseconds. */
  readonly sentAtMs: number;
  /** Nodes that stored the request. */
  readonly receivedBy: ReadonlySet<string>;
  /** Votes as their voters cast them. */
  readonly cast: readonly VoteSeen[];
  /** Votes as each node counted them, by node. */
  readonly counted: ReadonlyMap<string, readonly VoteSeen[]>;
  /** When each node first decided it and had that committed, monotonic milliseconds, by node. */
  readonly decidedAtMs: ReadonlyMap<string, number>;
  /** State that its decision led to; null where no node wrote down a decision. */
  readonly newState: string | null;
}

interface Draft extends RequestTrack {
  readonly receivedBy: Set<string>;
  readonly cast: VoteSeen[];
  readonly counted: Map<string, VoteSeen[]>;
  readonly decidedAtMs: Map<string, number>;
  newState: string | null;
}

/** Every request that its requester sent, in order of sending. What is known of others' requests only is left out. */
export function trackRequests(history: History): readonly RequestTrack[] {
  const tracks = new Map<string, Draft>();
  for (const observations of history.values()) {
    for (const observation of observations) {
      if (observation.event !== 'req.tx') continue;
      const requestId = textOf(observation, 'reqId');
      const known = tracks.get(requestId);
      if (known === undefined || observation.t < known.sentAtMs) tracks.set(requestId, begun(requestId, observation));
    }
  }
  for (const [node, observations] of history) {
    for (const observation of observations) {
      const track = tracks.get(textOf(observation, 'reqId'));
      if (track !== undefined) note(track, node, observation);
    }
  }
  return [...tracks.values()].sort((a, b) => a.sentAtMs - b.sentAtMs);
}

function begun(requestId: string, observation: Observation): Draft {
  return {
    requestId,
    requester: textOf(observation, 'R'),
    previousState: textOf(observation, 'prevState'),
    service: textOf(observation, 'service'),
    priceDcoins: numberOf(observation, 'price'),
    sentAtMs: observation.t,
    receivedBy: new Set(),
    cast: [],
    counted: new Map(),
    decidedAtMs: new Map(),
    newState: null,
  };
}

function note(track: Draft, node: string, observation: Observation): void {
  const vote = { voter: textOf(observation, 'voter'), remainingUnits: numberOf(observation, 'remU') };
  switch (observation.event) {
    case 'req.rx':
      track.receivedBy.add(node);
      break;
    case 'vote.cast':
    case 'vote.tx':
      vote.voter = node;
      if (!track.cast.some((earlier) => sameVote(earlier, vote))) track.cast.push(vote);
      break;
    case 'vote.rx': {
      if (observation.counted !== true) break;
      const counted = track.counted.get(node) ?? [];
      if (!counted.some((earlier) => sameVote(earlier, vote))) counted.push(vote);
      track.counted.set(node, counted);
      break;
    }
    case 'decide':
      if (!track.decidedAtMs.has(node)) track.decidedAtMs.set(node, observation.t);
      track.newState ??= textOf(observation, 'newState');
      break;
  }
}

/**
 * Requests that a node has decided according to the wallets it holds, whether or not it wrote that down: the lines of a
 * transaction are lost when the process is killed between its commit and their writing, the State never is.
 */
export function decidedByWallets(
  tracks: readonly RequestTrack[],
  wallets: readonly { readonly id: string; readonly stateHash: string }[],
): ReadonlySet<string> {
  const byNewState = new Map(
    tracks.filter((track) => track.newState !== null).map((track) => [`${track.requester}/${track.newState}`, track]),
  );
  const decided = new Set<string>();
  for (const { id, stateHash } of wallets) {
    let track = byNewState.get(`${id}/${stateHash}`);
    // Back along the chain of States; one that was met before would be a loop.
    while (track !== undefined && !decided.has(track.requestId)) {
      decided.add(track.requestId);
      track = byNewState.get(`${id}/${track.previousState}`);
    }
  }
  return decided;
}

function sameVote(a: VoteSeen, b: VoteSeen): boolean {
  return a.voter === b.voter && a.remainingUnits === b.remainingUnits;
}
