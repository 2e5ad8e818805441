/**
 * The votes a node has stored (the paper's table of Consensus Transactions), indexed by requester, slot and group.
 * A group is a set of votes identical in everything but voter and nonce. Source.
 *
 * It keeps arrival order, since rewards follow it, and answers "how many distinct voters" without a scan. It decides
 * nothing: quorum, currentness and order of groups are the state machine's and the profile's.
 */
import type { VoteHead } from './message.ts';

export interface VoteRow<V extends VoteHead> {
  /** Arrival number, unique within the node. */
  readonly key: number;
  readonly vote: V;
  /** Requests of the same requester this row still survives; 0 where rows do not age. */
  readonly life: number;
}

export interface Group<V extends VoteHead> {
  /** In order of arrival, never empty. */
  readonly rows: VoteRow<V>[];
  /** Distinct voters, in order of arrival. */
  readonly voters: Set<string>;
}

export interface SlotTally<V extends VoteHead> {
  readonly firstByVoter: Map<string, VoteRow<V>>;
  readonly groups: Map<string, Group<V>>;
}

export class Tally<V extends VoteHead> {
  #size = 0;
  readonly #slots = new Map<string, Map<string, SlotTally<V>>>();

  /** Rows stored. */
  get size(): number {
    return this.#size;
  }

  slot(requester: string, slot: string): SlotTally<V> | undefined {
    return this.#slots.get(requester)?.get(slot);
  }

  /** Number of slots of `requester` that have votes. */
  slotCount(requester: string): number {
    return this.#slots.get(requester)?.size ?? 0;
  }

  requesters(): IterableIterator<string> {
    return this.#slots.keys();
  }

  add(row: VoteRow<V>): void {
    const { requester, slot, group, voter } = row.vote;
    const slots = found(this.#slots, requester, () => new Map<string, SlotTally<V>>());
    const tally = found(slots, slot, () => ({ firstByVoter: new Map(), groups: new Map() }));
    const votes = found(tally.groups, group, () => ({ rows: [], voters: new Set() }));
    votes.rows.push(row);
    votes.voters.add(voter);
    if (!tally.firstByVoter.has(voter)) tally.firstByVoter.set(voter, row);
    this.#size++;
  }

  /** Rows of `requester`, slot by slot, in order of arrival within a group. */
  *rowsOf(requester: string): Generator<VoteRow<V>> {
    for (const tally of this.#slots.get(requester)?.values() ?? []) {
      for (const group of tally.groups.values()) yield* group.rows;
    }
  }

  /** Rows of one voter for one requester, oldest first. */
  rowsOfPair(voter: string, requester: string): VoteRow<V>[] {
    const rows: VoteRow<V>[] = [];
    for (const tally of this.#slots.get(requester)?.values() ?? []) {
      if (!tally.firstByVoter.has(voter)) continue;
      for (const group of tally.groups.values()) rows.push(...group.rows.filter((row) => row.vote.voter === voter));
    }
    return rows.sort((a, b) => a.key - b.key);
  }

  /** Removes and returns all rows of (requester, slot). */
  dropSlot(requester: string, slot: string): VoteRow<V>[] {
    const slots = this.#slots.get(requester);
    const tally = slots?.get(slot);
    if (slots === undefined || tally === undefined) return [];
    slots.delete(slot);
    if (slots.size === 0) this.#slots.delete(requester);
    const rows = [...tally.groups.values()].flatMap((group) => group.rows);
    this.#size -= rows.length;
    return rows;
  }

  /** Replaces the rows of `requester` by what `keep` makes of each; null removes it. Returns old and new per row. */
  replaceRows(requester: string, keep: (row: VoteRow<V>) => VoteRow<V> | null): [VoteRow<V>, VoteRow<V> | null][] {
    const pairs = [...this.rowsOf(requester)]
      .sort((a, b) => a.key - b.key)
      .map((row): [VoteRow<V>, VoteRow<V> | null] => [row, keep(row)]);
    this.#size -= pairs.length;
    this.#slots.delete(requester);
    for (const [, row] of pairs) if (row !== null) this.add(row);
    return pairs;
  }
}

/** The value under `key`, made and put there when there is none. */
function found<T>(map: Map<string, T>, key: string, make: () => T): T {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
