/**
 * The figures of a run while its lines come in: what the timeline waits for, what the progress display shows, and, read
 * again afterwards, what an `eventually` check follows. Every seat's lines in its own order, the seats in any order.
 *
 * Requests, decisions and votes are those of correct seats: a Byzantine requester asks for what it likes. Sensor
 * transactions and Byzantine acts are everybody's. `stuck` is, at any moment, what was asked and is not yet decided
 * everywhere. A crash may cost the line of a decision; live it is missed, the judgement afterwards looks at the wallets.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import type { CheckFacts } from './check-facts.ts';
import type { InvariantId } from './invariant-id.ts';
import type { MetricName } from './metric.ts';
import { slotOf } from './seat-record.ts';
import type { CheckState } from './verdict.ts';

interface LiveRequest {
  /** Seats that must decide it; null until it was sent. */
  asked: number | null;
  sentBy: string;
  readonly decidedBy: Set<string>;
}

export interface LiveInvariant {
  readonly invariant: InvariantId;
  readonly state: CheckState;
  /** What was seen, in a few words. */
  readonly detail: string;
}

export class LiveMetrics {
  readonly #facts: CheckFacts;
  readonly #requests = new Map<string, LiveRequest>();
  readonly #booted = new Set<string>();
  /** By requester and State: what was decided, request and balance. */
  readonly #decided = new Map<string, Set<string>>();
  /** By seat: requester and State of its votes, and the vote. */
  readonly #votes = new Map<string, Map<string, string>>();
  /** By wallet: what each correct seat holds. */
  readonly #wallets = new Map<string, Map<string, { readonly units: number; readonly state: string }>>();
  readonly #counts = {
    requests: 0,
    decisions: 0,
    decidedEverywhere: 0,
    forks: 0,
    decideLines: 0,
    votes: 0,
    rejections: 0,
    sensorTransactions: 0,
    served: 0,
    acts: 0,
  };
  #worst: LiveInvariant | null = null;
  /** Divergent wallets and States as last counted; null: a wallet has changed since. */
  #divergence: { readonly wallets: number; readonly states: number } | null = null;

  constructor(facts: CheckFacts) {
    this.#facts = facts;
  }

  take(seat: string, observation: Observation): void {
    const counts = this.#counts;
    const { event } = observation;
    if (event === 'sensor.tx') {
      counts.sensorTransactions++;
      return;
    }
    if (event === 'byzantine') {
      counts.acts++;
      return;
    }
    if (!this.#facts.correct.has(seat)) return;
    switch (event) {
      case 'boot':
        this.#booted.add(seat);
        break;
      case 'sensor.rx':
        if (observation.counted !== true) counts.rejections++;
        break;
      case 'vote.rx':
        if (observation.counted !== true) counts.rejections++;
        break;
      case 'req.rx':
        if (observation.ok !== true) counts.rejections++;
        break;
      case 'reject':
        counts.rejections++;
        break;
      case 'req.tx':
        this.#sent(seat, textOf(observation, 'reqId'));
        break;
      case 'vote.cast':
        counts.votes++;
        this.#vote(seat, observation);
        break;
      case 'vote.tx':
        this.#vote(seat, observation);
        break;
      case 'decide':
        this.#decide(seat, observation);
        break;
      case 'wallet':
        this.#wallet(seat, observation);
        break;
      case 'svc.end':
        if (observation.phase === 'ended') counts.served++;
        break;
    }
  }

  /** Null: it has no value yet, or cannot be told before the run is over. */
  value(name: MetricName): number | null {
    const { requests, decidedEverywhere } = this.#counts;
    switch (name) {
      case 'requests':
        return requests;
      case 'decisions':
        return this.#counts.decisions;
      case 'decided-everywhere':
        return decidedEverywhere;
      case 'decided-share':
        return requests === 0 ? null : decidedEverywhere / requests;
      case 'stuck':
        return requests - decidedEverywhere;
      case 'stuck-share':
        return requests === 0 ? null : (requests - decidedEverywhere) / requests;
      case 'forks':
        return this.#counts.forks;
      case 'votes':
        return this.#counts.votes;
      case 'rejections':
        return this.#counts.rejections;
      case 'sensor-transactions':
        return this.#counts.sensorTransactions;
      case 'services-served':
        return this.#counts.served;
      case 'byzantine-acts':
        return this.#counts.acts;
      case 'divergent-states':
        return this.#divergent().states;
      case 'divergent-wallets':
        return this.#divergent().wallets;
      default:
        return null;
    }
  }

  /** Decisions of correct seats that were seen. */
  get decideLines(): number {
    return this.#counts.decideLines;
  }

  /** Agreement and single votes, the two that can be watched at little cost; a violation stays. */
  worstInvariant(): LiveInvariant {
    if (this.#worst !== null) return this.#worst;
    const { decideLines } = this.#counts;
    return decideLines === 0
      ? { invariant: 'I1', state: 'unknown', detail: 'nothing is decided yet' }
      : { invariant: 'I1', state: 'hold', detail: `${decideLines} decisions agree` };
  }

  #request(id: string): LiveRequest {
    let request = this.#requests.get(id);
    if (request === undefined) {
      request = { asked: null, sentBy: '', decidedBy: new Set() };
      this.#requests.set(id, request);
    }
    return request;
  }

  #sent(seat: string, id: string): void {
    const request = this.#request(id);
    if (request.asked !== null) return;
    const { obliged, late } = this.#facts;
    let asked = 0;
    for (const other of obliged) if (!late.has(other) || this.#booted.has(other)) asked++;
    request.asked = asked;
    request.sentBy = seat;
    this.#counts.requests++;
    if (request.decidedBy.has(seat)) this.#counts.decisions++;
    if (request.decidedBy.size >= asked) this.#counts.decidedEverywhere++;
  }

  #decide(seat: string, decide: Observation): void {
    const counts = this.#counts;
    counts.decideLines++;
    const id = textOf(decide, 'reqId');
    const requester = textOf(decide, 'R');
    const state = textOf(decide, 'prevState');
    const outcome = `${id}/${numberOf(decide, 'remU')}`;
    const slot = slotOf(requester, state);
    const outcomes = this.#decided.get(slot);
    if (outcomes === undefined) this.#decided.set(slot, new Set([outcome]));
    else if (!outcomes.has(outcome)) {
      outcomes.add(outcome);
      if (outcomes.size === 2) counts.forks++;
      this.#worst ??= {
        invariant: 'I1',
        state: 'violated',
        detail: `node ${requester} is decided in two ways on State ${state.slice(0, 8)}`,
      };
    }
    const request = this.#request(id);
    if (request.decidedBy.has(seat)) return;
    if (this.#facts.obliged.has(seat)) request.decidedBy.add(seat);
    if (request.asked === null) return;
    if (request.sentBy === seat) counts.decisions++;
    if (request.decidedBy.size === request.asked) counts.decidedEverywhere++;
  }

  #vote(seat: string, line: Observation): void {
    if (this.#facts.parameters.votesPerState !== 'one') return;
    const votes = this.#votes.get(seat) ?? new Map<string, string>();
    this.#votes.set(seat, votes);
    const slot = slotOf(textOf(line, 'R'), textOf(line, 'prevState'));
    const vote = `${textOf(line, 'reqId')}/${numberOf(line, 'remU')}`;
    const first = votes.get(slot);
    if (first === undefined) votes.set(slot, vote);
    else if (first !== vote) {
      this.#worst ??= {
        invariant: 'I7',
        state: 'violated',
        detail: `seat ${seat} voted twice on State ${textOf(line, 'prevState').slice(0, 8)} of node ${textOf(line, 'R')}`,
      };
    }
  }

  #wallet(seat: string, line: Observation): void {
    const id = textOf(line, 'id');
    const views = this.#wallets.get(id) ?? new Map<string, { readonly units: number; readonly state: string }>();
    this.#wallets.set(id, views);
    this.#divergence = null;
    views.set(seat, { units: numberOf(line, 'cU'), state: textOf(line, 'state') });
  }

  #divergent(): { readonly wallets: number; readonly states: number } {
    if (this.#divergence !== null) return this.#divergence;
    let wallets = 0;
    let states = 0;
    for (const views of this.#wallets.values()) {
      const [first] = views.values();
      const all = [...views.values()];
      if (all.some(({ state }) => state !== first?.state)) states++;
      if (all.some(({ units, state }) => state !== first?.state || units !== first.units)) wallets++;
    }
    this.#divergence = { wallets, states };
    return this.#divergence;
  }
}
