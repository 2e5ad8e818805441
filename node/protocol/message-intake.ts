/**
 * Stores delivered requests and votes, or refuses them as late, duplicate or conflicting, and keeps the rows bounded:
 * by number (`rowsPerPair`) in the paper's reading, by age in the reference codes. It votes for nothing and settles
 * nothing. Source; D-10, D-13.
 */
import type { RequestHead, VoteHead } from './message.ts';
import { PendingRequests, type RequestRow } from './pending-requests.ts';
import type { Profile } from './profile.ts';
import type { StepOutput } from './step-output.ts';
import { Tally, type VoteRow } from './tally.ts';
import type { WalletTable } from './wallet-table.ts';

/** What was made of a message: a row on the current slot, a row on another one, or nothing. */
export type Stored = 'current' | 'misplaced' | 'refused';

export interface IntakeParts<W, R extends RequestHead, V extends VoteHead> {
  readonly profile: Profile<W, R, V>;
  readonly wallets: WalletTable<W>;
  readonly output: StepOutput;
  /** Arrival number for a new row. */
  readonly nextKey: () => number;
  /** The request that this node has voted for on (requester, slot); null: none. */
  readonly lockedRequestId: (requester: string, slot: string) => string | null;
}

export class MessageIntake<W, R extends RequestHead, V extends VoteHead> {
  readonly requests = new PendingRequests<R>();
  readonly tally = new Tally<V>();
  readonly #parts: IntakeParts<W, R, V>;

  constructor(parts: IntakeParts<W, R, V>) {
    this.#parts = parts;
  }

  storeRequest(request: R, sender: string | null): Stored {
    const { profile, wallets, output, nextKey, lockedRequestId } = this.#parts;
    const { outdate, rowsPerPair } = profile.retention;
    const { requester, slot, id } = request;
    if (outdate !== null) this.#age(requester, sender);
    if (this.#isLate(requester, slot)) {
      output.reject('late', request, sender, 'state', 'the current State of the requester', slot);
      return 'refused';
    }
    const usedId = this.requests.find(requester, slot)?.request.id ?? lockedRequestId(requester, slot);
    if (usedId !== null) {
      const code = usedId === id ? 'duplicate' : 'conflicting';
      output.reject(code, request, sender, 'state', 'one request per State', id);
      return 'refused';
    }
    if (rowsPerPair !== null) this.#makeRoomForRequest(requester, rowsPerPair, sender);
    const row = { key: nextKey(), request, life: outdate ?? 0 };
    this.requests.put(row);
    output.persist('requests', row.key, { request, life: row.life });
    output.emit({ kind: 'accepted', sender, message: request });
    return slot === wallets.slotOf(requester) ? 'current' : 'misplaced';
  }

  storeVote(vote: V, sender: string | null): Stored {
    const { profile, wallets, output, nextKey } = this.#parts;
    const { outdate, rowsPerPair } = profile.retention;
    const { requester, slot, voter } = vote;
    if (this.#isLate(requester, slot)) {
      output.reject('late', vote, sender, 'state', 'the current State of the requester', slot);
      return 'refused';
    }
    const once = profile.duplicates === 'first-counts';
    const first = once ? this.tally.slot(requester, slot)?.firstByVoter.get(voter) : undefined;
    if (first !== undefined) {
      const code = first.vote.group === vote.group ? 'duplicate' : 'conflicting';
      output.reject(code, vote, sender, 'voter', `one vote per State, counted: ${first.vote.group}`, vote.group);
      return 'refused';
    }
    // With one row a slot, few slots mean few rows of a pair: the usual case costs no scan.
    const crowded = rowsPerPair !== null && (!once || this.tally.slotCount(requester) >= rowsPerPair);
    if (crowded) this.#makeRoomForVote(voter, requester, rowsPerPair, sender);
    const row = { key: nextKey(), vote, life: outdate ?? 0 };
    this.tally.add(row);
    output.persist('votes', row.key, { vote, life: row.life });
    output.emit({ kind: 'accepted', sender, message: vote });
    return slot === wallets.slotOf(requester) ? 'current' : 'misplaced';
  }

  /** A request that was used up, or that nobody needs any more. */
  dropRequest(row: RequestRow<R>): void {
    this.requests.remove(row);
    this.#parts.output.persist('requests', row.key, null);
  }

  /** The slot is decided: no row of it stays. */
  dropSlot(requester: string, slot: string): void {
    for (const row of this.tally.dropSlot(requester, slot)) this.#parts.output.persist('votes', row.key, null);
    for (const row of this.requests.of(requester)) if (row.request.slot === slot) this.dropRequest(row);
  }

  #isLate(requester: string, slot: string): boolean {
    const { profile, wallets } = this.#parts;
    const wallet = wallets.get(requester);
    return (
      profile.retention.rowsPerPair !== null && wallet !== undefined && profile.wallets.previousSlot(wallet) === slot
    );
  }

  #makeRoomForRequest(requester: string, max: number, sender: string | null): void {
    const { wallets, output } = this.#parts;
    const rows = this.requests.of(requester);
    const movable = rows.filter((row) => row.request.slot !== wallets.slotOf(requester));
    for (const row of movable.slice(0, Math.max(0, rows.length + 1 - max))) {
      this.dropRequest(row);
      output.reject('evicted', row.request, sender, 'requests', `at most ${max} per requester`, row.request.id);
    }
  }

  #makeRoomForVote(voter: string, requester: string, max: number, sender: string | null): void {
    const { wallets, output } = this.#parts;
    const rows = this.tally.rowsOfPair(voter, requester);
    const movable = rows.filter((row) => row.vote.slot !== wallets.slotOf(requester));
    for (const { key, vote } of movable.slice(0, Math.max(0, rows.length + 1 - max))) {
      this.tally.replaceRows(requester, (row) => (row.key === key ? null : row));
      output.persist('votes', key, null);
      output.reject('evicted', vote, sender, 'votes', `at most ${max} per voter and requester`, vote.group);
    }
  }

  /** A request of `requester` came: its stored rows have one request less to live. */
  #age(requester: string, sender: string | null): void {
    const { output } = this.#parts;
    for (const row of this.requests.of(requester)) {
      const life = row.life - 1;
      if (life > 0) {
        this.requests.put({ ...row, life });
        output.persist('requests', row.key, { request: row.request, life });
      } else {
        this.dropRequest(row);
        output.reject('evicted', row.request, sender, 'outdate', 'a younger request', row.request.id);
      }
    }
    const younger = (row: VoteRow<V>) => (row.life > 1 ? { ...row, life: row.life - 1 } : null);
    for (const [old, row] of this.tally.replaceRows(requester, younger)) {
      output.persist('votes', old.key, row === null ? null : { vote: row.vote, life: row.life });
      if (row === null) output.reject('evicted', old.vote, sender, 'outdate', 'a younger vote', old.vote.group);
    }
  }
}
