/**
 * What one seat's own lines say of it so far: its lives, the holes in its record, the wallets it holds and the votes it
 * keeps. Checks look at it as it stood before the line that they are given.
 *
 * Holes. `transaction`: a node was killed, and the lines of what it committed last may be missing; the `wallet` lines
 * after its boot say where it stands. `lines`: any number of lines is missing (a full disk, a rotated file), and nothing
 * of its wallets is known until they are named again. Pure, of bounded size but for what lies on undecided States.
 */
import { GENESIS, INT32_MAX } from '../../node/protocol/message.ts';
import { listOf, numberOf, type Observation, textOf } from '../history/observation.ts';

export type Hole = 'transaction' | 'lines';

/** Causes of one change that are kept, for its evidence. */
const CAUSES_MAX = 8;
const NO_CAUSES: readonly Observation[] = [];
const NO_VOTES: readonly Observation[] = [];

export interface HeldWallet {
  units: number;
  stateHash: string;
}

export class SeatRecord {
  readonly seat: string;
  readonly node: string;
  lives = 0;
  /** The worst so far. */
  worstHole: Hole | null = null;
  firstBootT = Number.NaN;
  /** Of the present life. */
  bootT = Number.NaN;
  lastT = Number.NaN;
  /** Of the life before: its last line. */
  endedT = Number.NaN;
  /** Last line of all. */
  last: Observation | null = null;
  /** The `wallet` lines that are part of the boot are coming. */
  booting = false;
  /** Last `wallet` line of each wallet. */
  readonly walletLines = new Map<string, Observation>();
  #seq = 0;
  /** Wallets that were not named are known all the same: nobody has heard of them. */
  #complete = false;
  readonly #wallets = new Map<string, HeldWallet>();
  /** Votes that count on a State, by requester and by State: joined keys would be made and hashed for every vote. */
  readonly #votes = new Map<string, Map<string, Observation[]>>();
  /** By wallet: lines that changed it since its last `wallet` line. */
  readonly #causes = new Map<string, Observation[]>();
  /** By requester: the State of its last decision here. */
  readonly #previous = new Map<string, string>();

  constructor(seat: string, node: string) {
    this.seat = seat;
    this.node = node;
  }

  /** To be called with each line before anything else is made of it; returns the hole before it. */
  advance(observation: Observation): Hole | null {
    const { seq, event, t } = observation;
    const hole = this.#holeBefore(seq, event);
    this.#seq = seq;
    if (event === 'boot') this.endedT = this.lastT;
    this.lastT = t;
    this.last = observation;
    if (hole !== null) this.#causes.clear();
    if (hole !== null && this.worstHole !== 'lines') this.worstHole = hole;
    if (hole === 'lines') {
      this.#wallets.clear();
      this.#complete = false;
      this.walletLines.clear();
    }
    if (event === 'boot') {
      this.lives++;
      if (this.lives === 1) this.firstBootT = t;
      this.bootT = t;
      this.#wallets.clear();
      this.#complete = true;
      this.booting = true;
    } else if (event !== 'wallet') {
      this.booting = false;
    }
    return hole;
  }

  /** To be called with each line after everybody has seen it. */
  apply(observation: Observation): void {
    switch (observation.event) {
      case 'wallet': {
        const id = textOf(observation, 'id');
        this.#wallets.set(id, { units: numberOf(observation, 'cU'), stateHash: textOf(observation, 'state') });
        this.walletLines.set(id, observation);
        const causes = this.#causes.get(id);
        if (causes !== undefined) causes.length = 0;
        break;
      }
      case 'sensor.rx':
        if (observation.counted === true) this.#earn(textOf(observation, 'pub'), 1, observation);
        break;
      case 'credit':
        this.#earn(textOf(observation, 'wallet'), numberOf(observation, 'deltaU'), observation);
        break;
      case 'vote.rx':
        this.#keepVote(observation);
        break;
      case 'decide': {
        const requester = textOf(observation, 'R');
        const state = textOf(observation, 'prevState');
        this.#wallets.set(requester, {
          units: numberOf(observation, 'remU'),
          stateHash: textOf(observation, 'newState'),
        });
        this.#caused(requester, observation);
        this.#previous.set(requester, state);
        this.#votes.get(requester)?.delete(state);
        break;
      }
    }
  }

  /** Null where the record does not say. The object changes with the record. */
  wallet(id: string): Readonly<HeldWallet> | null {
    return this.#wallets.get(id) ?? (this.#complete ? { units: 0, stateHash: GENESIS } : null);
  }

  wallets(): ReadonlyMap<string, Readonly<HeldWallet>> {
    return this.#wallets;
  }

  /**
   * Lines that changed wallet `id` since its last `wallet` line, the first {@link CAUSES_MAX} of them: sensor data,
   * rewards, decisions. The list changes with the record.
   */
  causes(id: string): readonly Observation[] {
    return this.#causes.get(id) ?? NO_CAUSES;
  }

  /** Votes that this seat has counted, or refused as a repetition of one it counted, in order of arrival. */
  votes(requester: string, state: string): readonly Observation[] {
    return this.#votes.get(requester)?.get(state) ?? NO_VOTES;
  }

  #holeBefore(seq: number, event: string): Hole | null {
    if (event === 'gap') return 'lines';
    if (seq !== this.#seq + 1) return 'lines';
    return event === 'boot' && this.lives > 0 ? 'transaction' : null;
  }

  #caused(id: string, observation: Observation): void {
    const causes = this.#causes.get(id);
    if (causes === undefined) this.#causes.set(id, [observation]);
    else if (causes.length < CAUSES_MAX) causes.push(observation);
  }

  #earn(id: string, units: number, cause: Observation): void {
    this.#caused(id, cause);
    const wallet = this.#wallets.get(id);
    if (wallet !== undefined) wallet.units = Math.min(INT32_MAX, wallet.units + units);
    else if (this.#complete) this.#wallets.set(id, { units, stateHash: GENESIS });
  }

  #keepVote(observation: Observation): void {
    const repeated = observation.counted !== true;
    if (repeated && observation.reason !== 'duplicate') return;
    const requester = textOf(observation, 'R');
    const state = textOf(observation, 'prevState');
    if (this.#previous.get(requester) === state) return;
    let states = this.#votes.get(requester);
    if (states === undefined) {
      states = new Map();
      this.#votes.set(requester, states);
    }
    const votes = states.get(state);
    if (votes === undefined) states.set(state, [observation]);
    else if (!repeated || !votes.some((vote) => sameVote(vote, observation))) votes.push(observation);
  }
}

/** Names the place in the chain of `requester` that votes and decisions are about. */
export function slotOf(requester: string, state: string): string {
  return `${requester}/${state}`;
}

export function sameVote(a: Observation, b: Observation): boolean {
  return a.voter === b.voter && a.reqId === b.reqId && a.remU === b.remU;
}

/** The votes among `votes` that make up the certificate of `decide`: one of each of its voters. */
export function certificateOf(decide: Observation, votes: readonly Observation[]): Observation[] {
  const voters = new Set(listOf(decide, 'voters'));
  return votes.filter(
    (vote) => vote.reqId === decide.reqId && vote.remU === decide.remU && voters.delete(textOf(vote, 'voter')),
  );
}
