/** Every seat's view of every wallet, and what became of each wallet as its owner saw it. A fold over observations. */
import type { WalletView } from '../../node/host/control-protocol.ts';
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { byNumberThenText } from '../history/wallet-agreement.ts';
import type { WalletAnswer, WalletHistoryAnswer } from './api/wallet-shape.ts';
import { KeyedState, type VersionCounter } from './keyed-state.ts';
import { LIMITS } from './limits.ts';

interface Held {
  readonly units: number;
  readonly stateHash: string;
}

type Change = WalletHistoryAnswer['changes'][number];

interface LiveWallet {
  readonly id: string;
  readonly bySeat: Map<string, Held>;
  readonly changes: Change[];
}

/** Wallets of ids that nobody has heard of can be made without end. */
const WALLETS_MAX = 1024;

export class LiveWallets {
  readonly #wallets: KeyedState<LiveWallet>;
  readonly #seats: readonly string[];
  /** By node: the seat whose view of its own wallet is its history. */
  readonly #ownerSeat: ReadonlyMap<string, string>;
  /** By seat: why its own wallet is about to change. */
  readonly #causes = new Map<string, Pick<Change, 'cause' | 'requestId'>>();

  constructor(counter: VersionCounter, seats: readonly { readonly seat: string; readonly node: string }[]) {
    this.#wallets = new KeyedState(counter, WALLETS_MAX);
    const owners = new Map<string, string>();
    for (const { seat, node } of seats) if (!owners.has(node)) owners.set(node, seat);
    this.#ownerSeat = owners;
    this.#seats = seats.map(({ seat }) => seat);
  }

  take(seat: string, observation: Observation): void {
    switch (observation.event) {
      case 'wallet':
        this.#hold(seat, textOf(observation, 'id'), observation.at, {
          units: numberOf(observation, 'cU'),
          stateHash: textOf(observation, 'state'),
        });
        break;
      case 'decide':
        if (this.#isOwn(seat, textOf(observation, 'R')))
          this.#causes.set(seat, { cause: 'decision', requestId: textOf(observation, 'reqId') });
        break;
      case 'credit':
        if (this.#isOwn(seat, textOf(observation, 'wallet')) && !this.#causes.has(seat))
          this.#causes.set(seat, { cause: 'reward', requestId: null });
        break;
      case 'boot':
        this.#causes.set(seat, { cause: 'found', requestId: null });
        break;
    }
  }

  /** A node's own view, as it was asked for. */
  report(seat: string, wallets: readonly WalletView[], at: number): void {
    for (const { id, units, stateHash } of wallets) this.#hold(seat, id, at, { units, stateHash }, 'found');
  }

  heldBy(seat: string, id: string): Held | undefined {
    return this.#wallets.get(id)?.bySeat.get(seat);
  }

  /** As a report would have them. */
  viewsOf(seat: string): readonly WalletView[] {
    return [...this.#wallets.values()].flatMap(({ id, bySeat }) => {
      const held = bySeat.get(seat);
      return held === undefined ? [] : [{ id, ...held, decidedRequestId: null }];
    });
  }

  changedSince(version: number): WalletAnswer[] {
    return this.#wallets.changedSince(version).map((wallet) => answerOf(wallet, this.#seats));
  }

  removedSince(version: number): string[] {
    return this.#wallets.removedSince(version);
  }

  get version(): number {
    return this.#wallets.version;
  }

  all(): WalletAnswer[] {
    return [...this.#wallets.values()]
      .map((wallet) => answerOf(wallet, this.#seats))
      .sort((a, b) => byNumberThenText(a.id, b.id));
  }

  /** Null for a wallet that nobody has heard of, or that has no seat. */
  history(id: string): WalletHistoryAnswer | null {
    const seat = this.#ownerSeat.get(id);
    const wallet = this.#wallets.get(id);
    return seat === undefined ? null : { id, seat, changes: wallet?.changes ?? [] };
  }

  #isOwn(seat: string, id: string): boolean {
    return this.#ownerSeat.get(id) === seat;
  }

  #hold(seat: string, id: string, at: number, held: Held, otherwise: Change['cause'] = 'sensor'): void {
    let wallet = this.#wallets.get(id);
    if (wallet === undefined) wallet = { id, bySeat: new Map(), changes: [] };
    const before = wallet.bySeat.get(seat);
    if (this.#isOwn(seat, id)) {
      const why = this.#causes.get(seat) ?? { cause: otherwise, requestId: null };
      this.#causes.delete(seat);
      remember(wallet.changes, at, held, why);
    }
    if (before?.units === held.units && before.stateHash === held.stateHash) return;
    wallet.bySeat.set(seat, held);
    this.#wallets.set(id, wallet);
  }
}

/** What comes in small steps of one cause is one change, so that a sensor does not push out a purchase. */
function remember(
  changes: Change[],
  at: number,
  { units, stateHash }: Held,
  why: Pick<Change, 'cause' | 'requestId'>,
): void {
  const last = changes.at(-1);
  if (last !== undefined && last.units === units && last.stateHash === stateHash) return;
  const deltaUnits = last === undefined ? null : units - last.units;
  if (last !== undefined && last.cause === why.cause && why.cause === 'sensor' && last.stateHash === stateHash) {
    changes[changes.length - 1] = {
      ...last,
      at,
      units,
      deltaUnits: last.deltaUnits === null ? null : last.deltaUnits + deltaUnits!,
      count: last.count + 1,
    };
    return;
  }
  changes.push({ at, units, deltaUnits, stateHash, ...why, count: 1 });
  if (changes.length > LIMITS.walletChangesKept) changes.shift();
}

/** Seats in the order of the plan, so that they do not jump about. */
function answerOf({ id, bySeat }: LiveWallet, seats: readonly string[]): WalletAnswer {
  const views: { units: number; stateHash: string; seats: string[] }[] = [];
  // Few distinct views: a search among them is cheaper than keys made of text.
  for (const seat of seats) {
    const held = bySeat.get(seat);
    if (held === undefined) continue;
    const { units, stateHash } = held;
    const same = views.find((view) => view.units === units && view.stateHash === stateHash);
    if (same === undefined) views.push({ units, stateHash, seats: [seat] });
    else same.seats.push(seat);
  }
  views.sort((a, b) => b.seats.length - a.seats.length);
  return { id, agreed: views.length <= 1, views };
}
