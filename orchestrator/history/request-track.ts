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
  /** The seat that sent it. */
  readonly sentBy: string;
  /** When the requester first sent it, monotonic milliseconds. */
  readonly sentAtMs: number;
  /** Seats that the request reached. */
  readonly receivedBy: ReadonlySet<string>;
  /** Votes as their voters cast them, by node. */
  readonly cast: readonly VoteSeen[];
  /** Votes as each seat counted them until it decided, by seat. */
  readonly counted: ReadonlyMap<string, readonly VoteSeen[]>;
  /** Seats that gave up votes for it, since they kept too many for States to come. */
  readonly evictedAt: ReadonlySet<string>;
  /** When each seat first decided it and had that committed, monotonic milliseconds, by seat. */
  readonly decidedAtMs: ReadonlyMap<string, number>;
  /** Last line about it, of any seat, monotonic milliseconds. */
  readonly lastAtMs: number;
  /** State that its decision led to; null where no node wrote down a decision. */
  readonly newState: string | null;
}

interface Draft extends RequestTrack {
  service: string;
  priceDcoins: number;
  sentBy: string;
  sentAtMs: number;
  lastAtMs: number;
  readonly receivedBy: Set<string>;
  readonly cast: VoteSeen[];
  readonly counted: Map<string, VoteSeen[]>;
  readonly evictedAt: Set<string>;
  readonly decidedAtMs: Map<string, number>;
  newState: string | null;
}

/** Every request that its requester sent, in order of sending. What is known of others' requests only is left out. */
export function trackRequests(history: History): readonly RequestTrack[] {
  const tracker = new RequestTracker();
  for (const [seat, observations] of history) {
    for (const observation of observations) tracker.take(seat, observation);
  }
  return tracker.tracks();
}

const ID_CHARACTERS = 64;

/**
 * Puts the lives together while the lines come in, each seat's in its own order and the seats in any: what is known of a
 * request before its sending was seen is kept until then.
 */
export class RequestTracker {
  readonly #drafts = new Map<string, Draft>();
  /** By requester and State: every request that was heard of. */
  readonly #slots = new Map<string, Set<string>>();

  take(seat: string, observation: Observation): void {
    const { event } = observation;
    if (event === 'reject') {
      // The line names the group of what left, which begins with the id of its request.
      if (observation.reason === 'evicted')
        this.#drafts.get(textOf(observation, 'found').slice(0, ID_CHARACTERS))?.evictedAt.add(seat);
      return;
    }
    if (!EVENTS.has(event)) return;
    const requestId = textOf(observation, 'reqId');
    let draft = this.#drafts.get(requestId);
    if (draft === undefined) {
      draft = begun(requestId, observation);
      this.#drafts.set(requestId, draft);
      const slot = `${draft.requester}/${draft.previousState}`;
      const rivals = this.#slots.get(slot);
      if (rivals === undefined) this.#slots.set(slot, new Set([requestId]));
      else rivals.add(requestId);
    }
    note(draft, seat, observation);
  }

  /** What is known of a request, sent or not. */
  find(requestId: string): RequestTrack | undefined {
    return this.#drafts.get(requestId);
  }

  /** What is heard of it later is the beginning of another life. */
  forget(requestId: string): void {
    const draft = this.#drafts.get(requestId);
    if (draft === undefined) return;
    this.#drafts.delete(requestId);
    const slot = `${draft.requester}/${draft.previousState}`;
    const rivals = this.#slots.get(slot);
    rivals?.delete(requestId);
    if (rivals?.size === 0) this.#slots.delete(slot);
  }

  /** Requests that were sent, in order of sending. */
  tracks(): readonly RequestTrack[] {
    return [...this.#drafts.values()].filter(({ sentBy }) => sentBy !== '').sort((a, b) => a.sentAtMs - b.sentAtMs);
  }

  /** Other requests that anybody heard of on the same State, whether or not their requester says that it sent them. */
  rivals({ requestId, requester, previousState }: RequestTrack): readonly string[] {
    return [...(this.#slots.get(`${requester}/${previousState}`) ?? [])].filter((id) => id !== requestId);
  }
}

const EVENTS: ReadonlySet<string> = new Set(['req.tx', 'req.rx', 'vote.cast', 'vote.tx', 'vote.rx', 'decide']);

function begun(requestId: string, observation: Observation): Draft {
  return {
    requestId,
    requester: textOf(observation, 'R'),
    previousState: textOf(observation, 'prevState'),
    service: '',
    priceDcoins: Number.NaN,
    sentBy: '',
    sentAtMs: Number.POSITIVE_INFINITY,
    lastAtMs: observation.t,
    receivedBy: new Set(),
    cast: [],
    counted: new Map(),
    evictedAt: new Set(),
    decidedAtMs: new Map(),
    newState: null,
  };
}

function note(track: Draft, seat: string, observation: Observation): void {
  track.lastAtMs = Math.max(track.lastAtMs, observation.t);
  switch (observation.event) {
    case 'req.tx':
      if (observation.t >= track.sentAtMs) break;
      track.sentAtMs = observation.t;
      track.sentBy = seat;
      track.service = textOf(observation, 'service');
      track.priceDcoins = numberOf(observation, 'price');
      break;
    case 'req.rx':
      track.receivedBy.add(seat);
      break;
    case 'vote.cast':
    case 'vote.tx':
      addVote(track.cast, observation.node, numberOf(observation, 'remU'));
      break;
    case 'vote.rx': {
      // What comes after the decision changes nothing any more.
      if (observation.counted !== true || track.decidedAtMs.has(seat)) break;
      const counted = track.counted.get(seat);
      if (counted === undefined) track.counted.set(seat, [seen(observation)]);
      else addVote(counted, textOf(observation, 'voter'), numberOf(observation, 'remU'));
      break;
    }
    case 'decide':
      if (!track.decidedAtMs.has(seat)) track.decidedAtMs.set(seat, observation.t);
      track.newState ??= textOf(observation, 'newState');
      break;
  }
}

function seen(observation: Observation): VoteSeen {
  return { voter: textOf(observation, 'voter'), remainingUnits: numberOf(observation, 'remU') };
}

function addVote(votes: VoteSeen[], voter: string, remainingUnits: number): void {
  for (const vote of votes) if (vote.voter === voter && vote.remainingUnits === remainingUnits) return;
  votes.push({ voter, remainingUnits });
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
