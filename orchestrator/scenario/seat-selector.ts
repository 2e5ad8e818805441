/**
 * Which seats a line of a scenario means. A selector is a list of terms, or one of them; what it means is a set of seats,
 * in the order of the plan:
 *
 *   3  3b                   a seat                      1-5            a range of numbered seats
 *   voters                  a group                     zone:attic     a zone of the fabric
 *   all  honest  byzantine  by role; byzantine: all that are not honest, twins and silent ones too
 *   any 2  25%              so many, drawn              one  under-third  third-to-half  over-half  bound  above-bound
 *   any 2 of voters         drawn from these            the size of an attack, drawn
 *
 * Sizes are of the network of n members with quorum q: `under-third` is the largest number below n/3, `third-to-half`
 * the largest below n/2, `over-half` the smallest above it; `bound` is 2q - n, the Byzantine voters that agreement
 * bears, `above-bound` one more. Seats are drawn by a mark that each gets from the stream of its own name, so that
 * another node or another selector moves no draw. Pure.
 */
import { nearestName } from '../../node/host/nearest-name.ts';
import { shown } from '../../node/protocol/parameters.ts';
import type { Prng } from '../../node/simulation/prng.ts';
import { either, leaf, listOf } from '../files/file-shapes.ts';
import type { Path } from '../files/yaml-source.ts';
import { percentOf } from './quantities.ts';
import type { Report } from './scenario-file.ts';
import type { Role } from './scenario-plan.ts';

export const SIZE_CLASSES = ['one', 'under-third', 'third-to-half', 'over-half', 'bound', 'above-bound'] as const;
type SizeClass = (typeof SIZE_CLASSES)[number];

/** Words that no group or zone can be called. */
export const RESERVED_NAMES: readonly string[] = ['all', 'any', 'of', 'none', ...SIZE_CLASSES];
export const NAME_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;
export const EXPECTED_NAME = `1..32 of a-z, 0-9 and - that begin with a letter, and not ${RESERVED_NAMES.join(', ')}`;

const TERM =
  'seats: an id, a range 1-5, a group, zone:NAME, all, honest, byzantine, any 2, 25%, ' +
  `${SIZE_CLASSES.join(', ')}, or "any 2 of GROUP"`;

const isTerm = (found: unknown): found is string =>
  typeof found === 'string' && found.trim() !== '' && found.length <= 100;

const TERM_LEAF = leaf(TERM, (found) => (isTerm(found) ? [found.trim()] : undefined), {
  type: ['string', 'integer'],
  examples: [3, '1-5', 'all', 'honest', 'any 2', '25%', 'bound', 'zone:attic', 'any 2 of voters'],
});

/** Reads as a list of terms. */
export const SELECTOR = either(
  TERM_LEAF,
  listOf(
    'seats',
    leaf(TERM, (found) => (isTerm(found) ? found.trim() : undefined), { type: ['string', 'integer'] }),
  ),
);
export type Selector = readonly string[];

export interface SelectableSeat {
  readonly seat: string;
  readonly group: string;
  readonly role: Role;
}

export interface NetworkSize {
  /** Members. */
  readonly n: number;
  readonly quorum: number;
}

export interface SeatSelectorParts {
  /** In the order of the plan. */
  readonly seats: readonly SelectableSeat[];
  readonly size: NetworkSize;
  readonly draws: Prng;
  readonly report: Report;
}

export class SeatSelector {
  readonly #parts: SeatSelectorParts;
  readonly #zones = new Map<string, readonly string[] | null>();

  constructor(parts: SeatSelectorParts) {
    this.#parts = parts;
  }

  /** Every seat of the plan. */
  get all(): readonly string[] {
    return this.#parts.seats.map(({ seat }) => seat);
  }

  /** `seats` null: the zone is there and could not be read. */
  addZone(name: string, seats: readonly string[] | null): void {
    this.#zones.set(name, seats);
  }

  /**
   * The seats, at least one; a problem at `path` and null where a term is wrong or means nobody. `name` is that of the
   * stream to draw from, unique in the scenario.
   */
  select(selector: Selector, path: Path, name: string): readonly string[] | null {
    const found = new Set<string>();
    let wrong = false;
    selector.forEach((term, index) => {
      const at = selector.length === 1 ? path : [...path, index];
      const seats = this.#term(term, at, `${name}/${index}`);
      if (seats === null) wrong = true;
      else for (const seat of seats) found.add(seat);
    });
    if (wrong) return null;
    if (found.size > 0) return this.#inOrder(found);
    this.#parts.report(path, 'at least one seat', `${selector.map(shown).join(', ')}, which is nobody`);
    return null;
  }

  /** Seats that an attack of this size has; null for text that is no size. */
  sizeOf(text: string, poolSize: number): number | null {
    const any = /^any ([1-9]\d{0,3})$/.exec(text);
    if (any !== null) return Number(any[1]);
    const share = percentOf(text);
    if (share !== undefined && share > 0 && share <= 1) return Math.max(1, Math.round(share * poolSize));
    return SIZE_CLASSES.includes(text as SizeClass) ? sizeOfClass(text as SizeClass, this.#parts.size) : null;
  }

  /** Null after a problem was reported. */
  #term(term: string, path: Path, stream: string): readonly string[] | null {
    const { seats, report } = this.#parts;
    const drawn = /^(.+?) of (.+)$/.exec(term);
    const pool = drawn === null ? this.all : this.#term(drawn[2]!, path, `${stream}/of`);
    if (pool === null) return null;
    const size = this.sizeOf(drawn?.[1] ?? term, pool.length);
    if (size !== null) {
      if (size >= 1 && size <= pool.length) return this.#draw(pool, size, stream);
      report(path, `a size of 1..${pool.length} seats`, `${shown(term)}, which is ${size}`);
      return null;
    }
    if (drawn !== null) {
      report(path, `"SIZE of SEATS", SIZE one of any N, N%, ${SIZE_CLASSES.join(', ')}`, shown(term));
      return null;
    }
    if (term === 'all') return pool;
    if (term === 'honest') return seats.filter(({ role }) => role === 'honest').map(({ seat }) => seat);
    if (term === 'byzantine') return seats.filter(({ role }) => role !== 'honest').map(({ seat }) => seat);
    if (term.startsWith('zone:')) {
      const name = term.slice('zone:'.length);
      const zone = this.#zones.get(name);
      if (zone === undefined) this.#unknown(path, 'a zone', name, [...this.#zones.keys()]);
      return zone ?? null;
    }
    if (pool.includes(term)) return [term];
    const range = /^(\d{1,4})-(\d{1,4})$/.exec(term);
    if (range !== null) return this.#range(Number(range[1]), Number(range[2]), term, path);
    const members = seats.filter(({ group }) => group === term).map(({ seat }) => seat);
    if (members.length > 0) return members;
    const groups = [...new Set(seats.map(({ group }) => group))];
    this.#unknown(path, 'seats', term, [...groups, 'all', 'honest', 'byzantine', ...SIZE_CLASSES]);
    return null;
  }

  #range(from: number, to: number, term: string, path: Path): readonly string[] | null {
    const wanted = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => String(from + index));
    const all = this.all;
    if (wanted.length > 0 && wanted.every((seat) => all.includes(seat))) return wanted;
    const numbered = all.filter((seat) => /^\d+$/.test(seat)).length;
    this.#parts.report(path, `a range within 1-${numbered}`, shown(term));
    return null;
  }

  #unknown(path: Path, what: string, term: string, known: readonly string[]): void {
    const numbered = this.all.filter((seat) => /^\d+$/.test(seat)).length;
    const list = what === 'a zone' ? known.join(', ') || 'there is none' : `1..${numbered}, ${known.join(', ')}`;
    const nearest = /\d/.test(term) ? null : nearestName(term, known);
    this.#parts.report(path, `${what} (${list})`, `${shown(term)}${nearest === null ? '' : ` (nearest: ${nearest})`}`);
  }

  #draw(pool: readonly string[], size: number, name: string): readonly string[] {
    const stream = this.#parts.draws.stream(`select/${name}`);
    const marks = new Map(pool.map((seat) => [seat, stream.stream(seat).uint32()]));
    const drawn = [...pool].sort((a, b) => marks.get(a)! - marks.get(b)!).slice(0, size);
    return this.#inOrder(new Set(drawn));
  }

  #inOrder(seats: ReadonlySet<string>): readonly string[] {
    return this.all.filter((seat) => seats.has(seat));
  }
}

/** How many nodes an attack of this class has. */
export function sizeOfClass(size: SizeClass, { n, quorum }: NetworkSize): number {
  switch (size) {
    case 'one':
      return 1;
    case 'under-third':
      return Math.ceil(n / 3) - 1;
    case 'third-to-half':
      return Math.ceil(n / 2) - 1;
    case 'over-half':
      return Math.floor(n / 2) + 1;
    case 'bound':
      return 2 * quorum - n;
    case 'above-bound':
      return 2 * quorum - n + 1;
  }
}
