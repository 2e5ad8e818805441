/**
 * The last requests, from sending to the last commit: a fold over observations. A request that is decided everywhere is
 * kept as it is shown and nothing else; why another one is stuck is worked out when somebody looks, by the same rules
 * as the judge's.
 */
import type { WalletView } from '../../node/host/control-protocol.ts';
import { type Distribution, distributionOf } from '../history/distribution.ts';
import { type Observation, textOf } from '../history/observation.ts';
import { type RequestTrack, RequestTracker } from '../history/request-track.ts';
import { type StuckReason, stuckRequests } from '../history/stuck-request.ts';
import type { LatencyAnswer, RequestAnswer } from './api/request-shape.ts';
import { KeyedState, type VersionCounter } from './keyed-state.ts';
import { LIMITS } from './limits.ts';

export interface RequestSurroundings {
  readonly seats: readonly { readonly seat: string; readonly node: string }[];
  readonly quorum: number;
  readonly dcoinRate: number;
  readonly onStep: (step: RequestStep) => void;
}

/** A request has gone a step further; told once for each step. `seat`: its requester's. */
export type RequestStep =
  | { readonly kind: 'submitted'; readonly seat: string; readonly service: string }
  | {
      readonly kind: 'decided';
      /** By its requester, or by the last of all. */
      readonly scope: 'requester' | 'all';
      readonly seat: string;
      readonly service: string;
      /** Since it was sent. */
      readonly latencyMs: number;
    };

/** What only the moment knows, for the class of a stuck request. */
export interface StuckSurroundings {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** By seat: wallets of those that run. */
  readonly wallets: () => ReadonlyMap<string, readonly WalletView[]>;
  /** Seats that are told to misbehave. */
  readonly faulty: ReadonlySet<string>;
}

interface LiveRequest {
  readonly requestId: string;
  readonly requester: string;
  readonly previousState: string;
  /** Null once it is decided everywhere. */
  track: RequestTrack | null;
  /** Unix milliseconds; 0 until it was sent. */
  sentAt: number;
  /** By voter: monotonic milliseconds of its vote. */
  readonly castAtMs: Map<string, number>;
  served: RequestAnswer['served'];
  stuck: RequestAnswer['stuck'];
  final: RequestAnswer | null;
}

const EVENTS: ReadonlySet<string> = new Set([
  'req.tx',
  'req.rx',
  'vote.cast',
  'vote.tx',
  'vote.rx',
  'decide',
  'svc.end',
  'reject',
]);

export class LiveRequests {
  readonly #around: RequestSurroundings;
  readonly #tracker = new RequestTracker();
  readonly #shown: KeyedState<LiveRequest>;
  /** Everything that was heard of, sent or not, in that order. */
  readonly #heard = new Map<string, LiveRequest>();
  readonly #requesterMs: number[] = [];
  readonly #allMs: number[] = [];
  #latency: { readonly count: number; readonly answer: LatencyAnswer } | null = null;
  #latencies = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  readonly #bought = new Map<string, number>();

  constructor(counter: VersionCounter, around: RequestSurroundings) {
    this.#around = around;
    this.#shown = new KeyedState(counter, LIMITS.requestsKept);
  }

  get version(): number {
    return this.#shown.version;
  }

  /** Returns true where the line decides a request at its requester. */
  take(seat: string, observation: Observation): boolean {
    const { event } = observation;
    if (!EVENTS.has(event)) return false;
    if (event === 'reject') {
      this.#tracker.take(seat, observation);
      return false;
    }
    const requestId = textOf(observation, 'reqId');
    if (requestId === '') return false;
    const request = this.#heard.get(requestId) ?? this.#hear(requestId, observation);
    if (event === 'svc.end') {
      request.served = { phase: textOf(observation, 'phase'), detail: textOf(observation, 'detail') };
      if (request.final !== null) request.final = { ...request.final, served: request.served };
      this.#shown.touch(requestId);
      return false;
    }
    if (request.final !== null) return false;
    if (event === 'decide' && request.track?.decidedAtMs.has(seat) === true) return false;
    this.#tracker.take(seat, observation);
    const track = this.#tracker.find(requestId)!;
    request.track = track;
    if ((event === 'vote.cast' || event === 'vote.tx') && !request.castAtMs.has(observation.node))
      request.castAtMs.set(observation.node, observation.t);
    if (event === 'req.tx' && request.sentAt === 0) {
      request.sentAt = observation.at;
      this.#shown.set(requestId, request);
      this.#around.onStep({ kind: 'submitted', seat, service: track.service });
    } else if (event !== 'vote.rx') this.#shown.touch(requestId);
    return event === 'decide' && this.#decided(seat, request, track);
  }

  changedSince(version: number): RequestAnswer[] {
    return this.#shown.changedSince(version).map((request) => this.#answer(request));
  }

  removedSince(version: number): string[] {
    return this.#shown.removedSince(version);
  }

  /** The last ones, oldest first. */
  latest(most: number): RequestAnswer[] {
    const all = [...this.#shown.values()];
    return all.slice(-most).map((request) => this.#answer(request));
  }

  /** Decisions at requesters since the start, by service. */
  bought(service: string): number {
    return this.#bought.get(service) ?? 0;
  }

  /** Of the requests that are kept: not decided everywhere. */
  get open(): number {
    let open = 0;
    for (const { final } of this.#shown.values()) if (final === null) open++;
    return open;
  }

  /** Of those, how many are stuck and why, as of the last look. */
  stuckByReason(): ReadonlyMap<StuckReason, number> {
    const counts = new Map<StuckReason, number>();
    for (const { stuck } of this.#shown.values())
      if (stuck !== null) counts.set(stuck.reason, (counts.get(stuck.reason) ?? 0) + 1);
    return counts;
  }

  latency(): LatencyAnswer {
    if (this.#latency?.count !== this.#latencies) {
      const answer = {
        requester: rounded(distributionOf(this.#requesterMs)),
        all: rounded(distributionOf(this.#allMs)),
      };
      this.#latency = { count: this.#latencies, answer };
    }
    return this.#latency!.answer;
  }

  /** Looks why requests are not decided everywhere; no more than once a second. */
  lookForStuck({ nowMs, wallets, faulty }: StuckSurroundings): void {
    if (nowMs - this.#lookedAtMs < LIMITS.stuckLookMs) return;
    this.#lookedAtMs = nowMs;
    const late = [...this.#shown.values()].filter(
      ({ final, track }) => final === null && track !== null && nowMs - track.sentAtMs >= LIMITS.stuckAfterMs,
    );
    if (late.length === 0) return;
    const { seats, quorum, dcoinRate } = this.#around;
    const nodes = new Map(seats.map(({ seat, node }) => [seat, node]));
    const found = new Map(
      stuckRequests(
        late.map(({ track }) => track!),
        {
          members: seats.map(({ seat }) => seat),
          quorum,
          dcoinRate,
          wallets: wallets(),
          nodeOf: (seat) => nodes.get(seat) ?? seat,
          faulty,
          rivals: (track) => this.#rivals(track),
        },
      ).map((stuck) => [stuck.requestId, stuck]),
    );
    for (const request of late) {
      const stuck = found.get(request.requestId);
      const next =
        stuck === undefined
          ? null
          : { reason: stuck.reason, detail: stuck.detail, undecidedAt: [...stuck.undecidedAt] };
      if (JSON.stringify(next) === JSON.stringify(request.stuck)) continue;
      request.stuck = next;
      this.#shown.touch(request.requestId);
    }
  }

  #rivals({ requestId, requester, previousState }: RequestTrack): readonly string[] {
    const rivals: string[] = [];
    for (const other of this.#heard.values()) {
      if (other.requester === requester && other.previousState === previousState && other.requestId !== requestId)
        rivals.push(other.requestId);
    }
    return rivals;
  }

  #hear(requestId: string, observation: Observation): LiveRequest {
    const request: LiveRequest = {
      requestId,
      requester: textOf(observation, 'R'),
      previousState: textOf(observation, 'prevState'),
      track: null,
      sentAt: 0,
      castAtMs: new Map(),
      served: null,
      stuck: null,
      final: null,
    };
    this.#heard.set(requestId, request);
    if (this.#heard.size > 2 * LIMITS.requestsKept) {
      const [oldest] = this.#heard.keys();
      this.#heard.delete(oldest!);
      this.#tracker.forget(oldest!);
    }
    return request;
  }

  #decided(seat: string, request: LiveRequest, track: RequestTrack): boolean {
    const { sentBy, service } = track;
    const own = sentBy === seat;
    if (own) {
      const latencyMs = track.decidedAtMs.get(seat)! - track.sentAtMs;
      keep(this.#requesterMs, latencyMs);
      this.#around.onStep({ kind: 'decided', scope: 'requester', seat, service, latencyMs });
      this.#latencies++;
      this.#bought.set(service, (this.#bought.get(service) ?? 0) + 1);
    }
    if (request.sentAt > 0 && track.decidedAtMs.size >= this.#around.seats.length) {
      const latencyMs = Math.max(...track.decidedAtMs.values()) - track.sentAtMs;
      keep(this.#allMs, latencyMs);
      this.#around.onStep({ kind: 'decided', scope: 'all', seat: sentBy, service, latencyMs });
      this.#latencies++;
      request.stuck = null;
      request.final = this.#answer(request);
      request.track = null;
      this.#tracker.forget(request.requestId);
    }
    return own;
  }

  #answer(request: LiveRequest): RequestAnswer {
    if (request.final !== null) return request.final;
    const track = request.track!;
    const after = (t: number): number => Math.round((t - track.sentAtMs) * 1000) / 1000;
    const seats = this.#around.seats.length;
    const commits = [...track.decidedAtMs].sort(([, a], [, b]) => a - b);
    const own = track.decidedAtMs.get(track.sentBy);
    const everywhere = commits.length >= seats;
    return {
      requestId: request.requestId,
      requester: request.requester,
      seat: track.sentBy,
      service: track.service,
      priceDcoins: track.priceDcoins,
      previousState: request.previousState,
      newState: track.newState,
      sentAt: request.sentAt,
      state: everywhere ? 'everywhere' : request.stuck !== null ? 'stuck' : own === undefined ? 'open' : 'decided',
      quorum: this.#around.quorum,
      members: seats,
      receivedBy: [...track.receivedBy],
      votes: track.cast
        .map(({ voter, remainingUnits }) => ({
          voter,
          remainingUnits,
          afterMs: after(request.castAtMs.get(voter) ?? track.sentAtMs),
        }))
        .sort((a, b) => a.afterMs - b.afterMs),
      commits: commits.map(([seat, t]) => ({ seat, afterMs: after(t) })),
      requesterMs: own === undefined ? null : after(own),
      allMs: everywhere ? after(commits.at(-1)![1]) : null,
      served: request.served,
      stuck: request.stuck,
    };
  }
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > LIMITS.latenciesKept) values.shift();
}

function rounded(distribution: Distribution | null): Distribution | null {
  if (distribution === null) return null;
  return Object.fromEntries(
    Object.entries(distribution).map(([name, value]) => [name, Math.round(value * 1000) / 1000]),
  ) as unknown as Distribution;
}
