/**
 * Applies link rules (link-rule.ts) to copies of messages, between the moment when a publish becomes one copy a
 * recipient and the recipient's outbox.
 *
 * A rule is a piece of line for each ordered pair of seats, and a copy passes the pieces of all rules that match it, one
 * after another: each may drop it, hold it, multiply it, damage it. A piece keeps order: what enters it later leaves it
 * no earlier, whatever jitter is drawn, unless `reorder` holds a single copy back, which then waits for nothing and
 * keeps nothing waiting in the pieces behind. A copy that a rule does not match is not touched by it, and may overtake
 * those that it holds. The piece of a rule that has been removed, or is off for a while, still keeps order until what
 * it held has left: healing a slow link lets nothing overtake.
 *
 * Decisions are keyed: the k-th message of (rule, sender, recipient, class) takes the k-th group of DRAWS numbers of the
 * stream `link/<rule>/<from>/<to>/<class>`, however many of them it needs, whatever other rules do with the copy, and
 * also while the rule is off. So a decision depends on seed, key and k alone.
 *
 * Seats, not identities: a client id up to its first slash. It knows no sessions; who is connected does not matter.
 */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { Prng } from '../../node/simulation/prng.ts';
import { DelayLine } from './delay-line.ts';
import type { Jitter, LinkCount, LinkRule, MessageClass } from './link-rule.ts';
import { LINK_DELAY_MS_MAX } from './link-rule-problems.ts';
import type { MessageClassifier } from './message-class.ts';
import { Parcel } from './parcel.ts';

/** What a rule did to a copy. */
export type LinkDeed = 'drop' | 'delay' | 'duplicate' | 'reorder' | 'corrupt';

/** One copy that a rule touched. */
export interface LinkDecision {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly messageClass: MessageClass;
  readonly did: readonly LinkDeed[];
  /** How long the rule held it, 0 where it did not. */
  readonly delayMs: number;
}

export interface LinkRulesOptions {
  readonly seed: string;
  readonly classifier: MessageClassifier;
  /** A monotonic clock, milliseconds. */
  readonly now: () => number;
  /** Hands a copy to the recipient's outbox. `to`: client id. */
  readonly deliver: (to: string, parcel: Parcel, granted: 0 | 1) => void;
  /** A copy more than {@link DELAYED_MAX} would be under way, and is dropped. */
  readonly onOverflow: () => void;
  /** Told when there is something to do for every copy from now on, and when there is nothing left. */
  readonly onActive: (active: boolean) => void;
  /** Where copies under way wait, by the clock of `now`; default: in real time (delay-line.ts). */
  readonly line?: (release: (copy: DelayedCopy) => void) => CopyLine;
}

/** Hands copies on at their moment, in order of those and of their entry. */
export interface CopyLine {
  readonly size: number;
  push(dueMs: number, copy: DelayedCopy): void;
  /** Ends it; what was in it, in order. */
  drain(): readonly { readonly dueMs: number; readonly item: DelayedCopy }[];
}

/** A copy under way. */
export interface DelayedCopy {
  readonly to: string;
  readonly parcel: Parcel;
  readonly granted: 0 | 1;
  readonly pair: Pair;
}

/** Where the rules stand, for whoever goes on with them in another process of this machine. Plain data. */
export interface LinkState {
  readonly inForceSinceMs: readonly (readonly [rule: string, ms: number])[];
  readonly links: readonly {
    readonly count: LinkCount;
    readonly tailMs: number;
    readonly freeMs: number;
    readonly decisions: readonly (readonly [MessageClass, number])[];
  }[];
}

/** Numbers of 32 bits that one decision takes: seven floats. */
const DRAWS = 14;
/** Copies under way at once: about 500 bytes each. */
export const DELAYED_MAX = 1_000_000;
const PARETO_SHAPE = 1.5;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Rule {
  written: LinkRule;
  from: ReadonlySet<string> | null;
  to: ReadonlySet<string> | null;
  sinceMs: number;
  /** Removed: it only keeps order. */
  leaving: boolean;
}

/** One rule between one pair. */
interface Link {
  readonly rule: Rule;
  readonly count: Mutable<LinkCount>;
  /** When the last copy in order leaves it. */
  tailMs: number;
  /** When the rate lets the next one pass. */
  freeMs: number;
  readonly streams: Map<MessageClass, Stream>;
}

interface Stream {
  readonly prng: Prng;
  decisions: number;
}

interface Pair {
  readonly from: string;
  readonly to: string;
  /** By rule id. */
  readonly links: Map<string, Link>;
  /** Those that match, in the order of the rules; computed when first needed. */
  readonly route: Map<MessageClass, readonly { readonly link: Link; readonly stream: Stream }[]>;
  /** Copies of this pair in the line. */
  delayed: number;
}

export class LinkRules {
  readonly #options: LinkRulesOptions;
  readonly #root: Prng;
  readonly #line: CopyLine;
  #rules: Rule[] = [];
  #pairs = new Map<string, Map<string, Pair>>();
  readonly #delayedBySession = new Map<string, number>();
  #active = false;
  /** Told of every copy that a rule touched. */
  onDecision: ((decision: LinkDecision) => void) | null = null;

  constructor(options: LinkRulesOptions) {
    this.#options = options;
    this.#root = Prng.seeded(options.seed, nativeSha256Hex);
    const release = (copy: DelayedCopy): void => {
      copy.pair.delayed--;
      this.#delayedBySession.set(copy.to, this.#delayedBySession.get(copy.to)! - 1);
      options.deliver(copy.to, copy.parcel, copy.granted);
      if (this.#line.size === 0) this.#tell();
    };
    this.#line = options.line?.(release) ?? new DelayLine(options.now, release);
  }

  /** Copies under way. */
  get delayed(): number {
    return this.#line.size;
  }

  /** Copies under way to each client that ever had one. */
  get delayedBySession(): ReadonlyMap<string, number> {
    return this.#delayedBySession;
  }

  /** The complete set from now on; it must have no problems (link-rule-problems.ts). */
  set(written: readonly LinkRule[]): void {
    const nowMs = this.#options.now();
    const before = new Map(this.#rules.map((rule) => [rule.written.id, rule]));
    const ids = new Set(written.map(({ id }) => id));
    const rules = written.map((one): Rule => {
      const parts = {
        written: one,
        from: one.from === null ? null : new Set(one.from),
        to: one.to === null ? null : new Set(one.to),
      };
      const known = before.get(one.id);
      if (known !== undefined && !known.leaving) return Object.assign(known, parts);
      return { ...parts, sinceMs: nowMs, leaving: false };
    });
    const leaving = this.#rules.filter(({ written: { id } }) => !ids.has(id));
    for (const rule of leaving) rule.leaving = true;
    this.#rules = [...rules, ...leaving];
    const kept = new Set<Rule>(rules);
    for (const pairs of this.#pairs.values()) {
      for (const pair of pairs.values()) {
        pair.route.clear();
        for (const [id, link] of pair.links) {
          if (kept.has(link.rule)) continue;
          if (link.tailMs <= nowMs) pair.links.delete(id);
          else kept.add(link.rule);
        }
      }
    }
    // What has left its line keeps nothing in order any more.
    this.#rules = this.#rules.filter((rule) => kept.has(rule));
    this.#tell();
  }

  get rules(): readonly LinkRule[] {
    return this.#rules.filter(({ leaving }) => !leaving).map(({ written }) => written);
  }

  /** Of rules in force, by rule, sender and recipient; pairs that nothing was sent between are not there. */
  counts(): readonly LinkCount[] {
    return this.#links()
      .filter(({ rule }) => !rule.leaving)
      .map(({ count }) => ({ ...count }));
  }

  #links(): readonly Link[] {
    return [...this.#pairs.values()].flatMap((pairs) =>
      [...pairs.values()].flatMap((pair) => [...pair.links.values()]),
    );
  }

  /** See `Forward` in fan-out.ts. */
  readonly forward = (from: string, to: string, parcel: Parcel, granted: 0 | 1): Parcel | null | 'later' => {
    const pair = this.#pairOf(seatOf(from), seatOf(to));
    const messageClass = this.#options.classifier.classOf(parcel.message);
    const route = pair.route.get(messageClass) ?? this.#routeOf(pair, messageClass);
    if (route.length === 0 && pair.delayed === 0) return parcel;

    const nowMs = this.#options.now();
    let atMs = nowMs;
    let dropped = false;
    let ordered = true;
    let copies = 1;
    let payload: Uint8Array | null = null;
    for (const { link, stream } of route) {
      const { rule, count } = link;
      const { written } = rule;
      const draw = rule.leaving ? null : drawsOf(stream);
      if (draw === null || !isOn(rule, nowMs)) {
        if (!dropped && ordered && link.tailMs > atMs) atMs = link.tailMs;
        continue;
      }
      count.matched++;
      const did: LinkDeed[] = [];
      const enteredMs = atMs;
      if (draw.drop < written.drop) {
        count.dropped++;
        did.push('drop');
        dropped = true;
      } else if (!dropped) {
        const { reorder } = written;
        const heldBack = reorder !== null && draw.reorder < reorder.probability;
        if (heldBack) ordered = false;
        atMs = leaves(link, draw, enteredMs, ordered);
        if (atMs > enteredMs) {
          count.delayed++;
          did.push('delay');
        }
        if (heldBack) {
          atMs += reorder.holdMs;
          count.reordered++;
          did.push('reorder');
        }
        if (written.duplicate !== null && draw.duplicate < written.duplicate.probability) {
          copies += written.duplicate.copies;
          count.duplicated++;
          did.push('duplicate');
        }
        if (draw.corrupt < written.corrupt && parcel.message.payload.length > 0) {
          payload ??= Uint8Array.from(parcel.message.payload);
          const at = Math.floor(draw.position * payload.length);
          payload[at] = payload[at]! ^ (1 + Math.floor(draw.mask * 255));
          count.corrupted++;
          did.push('corrupt');
        }
      }
      if (did.length > 0 && this.onDecision !== null) {
        const delayMs = atMs - enteredMs;
        this.onDecision({ rule: written.id, from: pair.from, to: pair.to, messageClass, did, delayMs });
      }
    }
    if (dropped) return null;
    const sent = payload === null ? parcel : new Parcel({ ...parcel.message, payload }, parcel.trafficClass);
    // Also what is not held itself, where others of its pair are: the line has the order of all of them.
    const held = atMs > nowMs || pair.delayed > 0;
    for (let copy = 1; copy <= copies; copy++) {
      if (held) this.#hold({ to, parcel: sent, granted, pair }, atMs);
      else if (copy < copies) this.#options.deliver(to, sent, granted);
    }
    return held ? 'later' : sent;
  };

  #hold(copy: DelayedCopy, atMs: number): void {
    if (this.#line.size >= DELAYED_MAX) {
      this.#options.onOverflow();
      return;
    }
    copy.pair.delayed++;
    this.#delayedBySession.set(copy.to, (this.#delayedBySession.get(copy.to) ?? 0) + 1);
    this.#line.push(atMs, copy);
  }

  #pairOf(from: string, to: string): Pair {
    let pairs = this.#pairs.get(from);
    if (pairs === undefined) {
      pairs = new Map();
      this.#pairs.set(from, pairs);
    }
    let pair = pairs.get(to);
    if (pair === undefined) {
      pair = { from, to, links: new Map(), route: new Map(), delayed: 0 };
      pairs.set(to, pair);
    }
    return pair;
  }

  #routeOf(pair: Pair, messageClass: MessageClass): readonly { readonly link: Link; readonly stream: Stream }[] {
    const { from, to } = pair;
    const route = this.#rules.flatMap((rule) => {
      const { written } = rule;
      const matches =
        (from !== to || written.self) &&
        (rule.from?.has(from) ?? true) &&
        (rule.to?.has(to) ?? true) &&
        (messageClass === 'canary' || (written.classes?.includes(messageClass) ?? true));
      if (!matches) return [];
      const known = pair.links.get(written.id);
      if (rule.leaving && known?.rule !== rule) return [];
      const link = known?.rule === rule ? known : newLink(rule, pair, known?.tailMs ?? 0);
      pair.links.set(written.id, link);
      return [{ link, stream: this.#streamOf(link, messageClass) }];
    });
    pair.route.set(messageClass, route);
    return route;
  }

  #streamOf(link: Link, messageClass: MessageClass): Stream {
    let stream = link.streams.get(messageClass);
    if (stream === undefined) {
      const { rule, from, to } = link.count;
      stream = { prng: this.#root.stream(`link/${rule}/${from}/${to}/${messageClass}`), decisions: 0 };
      link.streams.set(messageClass, stream);
    }
    return stream;
  }

  /** Nothing to do: no rule, and nothing under way that the next copy must not overtake. */
  #tell(): void {
    const active = this.#line.size > 0 || this.#rules.some(({ leaving }) => !leaving);
    if (!active) {
      this.#rules = [];
      this.#pairs = new Map();
    }
    if (active === this.#active) return;
    this.#active = active;
    this.#options.onActive(active);
  }

  // ---- from one process to the next

  state(): LinkState {
    const rules = this.#rules.filter(({ leaving }) => !leaving);
    return {
      inForceSinceMs: rules.map(({ written, sinceMs }) => [written.id, sinceMs]),
      links: this.#links()
        .filter(({ rule }) => !rule.leaving)
        .map(({ count, tailMs, freeMs, streams }) => ({
          count: { ...count },
          tailMs,
          freeMs,
          decisions: Array.from(streams, ([messageClass, { decisions }]) => [messageClass, decisions]),
        })),
    };
  }

  /** Goes on with the rules that are in force where `state` says that they stood. Before the first copy. */
  resume(state: LinkState): void {
    const rules = new Map(this.#rules.map((rule) => [rule.written.id, rule]));
    for (const [id, sinceMs] of state.inForceSinceMs) {
      const rule = rules.get(id);
      if (rule !== undefined) rule.sinceMs = sinceMs;
    }
    for (const { count, tailMs, freeMs, decisions } of state.links) {
      const rule = rules.get(count.rule);
      if (rule === undefined) continue;
      const link: Link = { rule, count: { ...count }, tailMs, freeMs, streams: new Map() };
      this.#pairOf(count.from, count.to).links.set(count.rule, link);
      for (const [messageClass, made] of decisions) {
        const stream = this.#streamOf(link, messageClass);
        for (let draws = made * DRAWS; draws > 0; draws--) stream.prng.uint32();
        stream.decisions = made;
      }
    }
  }

  /** Ends it; the copies that were under way, in order. */
  drain(): readonly { readonly dueMs: number; readonly item: DelayedCopy }[] {
    this.#delayedBySession.clear();
    return this.#line.drain();
  }

  /** Puts a copy under way again; in the order of `drain`. */
  hold(to: string, parcel: Parcel, granted: 0 | 1, dueMs: number): void {
    this.#hold({ to, parcel, granted, pair: this.#pairOf(seatOf(parcel.message.from), seatOf(to)) }, dueMs);
    this.#tell();
  }
}

/** When a copy that enters `link` at `atMs` leaves it; keeps to the order of the link, and makes it, if `ordered`. */
function leaves(link: Link, draw: Decision, atMs: number, ordered: boolean): number {
  const { delay, ratePerSecond } = link.rule.written;
  let outMs = atMs;
  if (ratePerSecond !== null) {
    outMs = Math.max(outMs, link.freeMs);
    link.freeMs = outMs + 1000 / ratePerSecond;
  }
  if (delay !== null) outMs += Math.min(LINK_DELAY_MS_MAX, delay.ms + jitterMs(delay.jitter, draw.jitter));
  if (!ordered) return outMs;
  if (link.tailMs > outMs) outMs = link.tailMs;
  link.tailMs = outMs;
  return outMs;
}

interface Decision {
  readonly drop: number;
  readonly jitter: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly corrupt: number;
  readonly position: number;
  readonly mask: number;
}

function drawsOf(stream: Stream): Decision {
  stream.decisions++;
  const { prng } = stream;
  return {
    drop: prng.float(),
    jitter: prng.float(),
    duplicate: prng.float(),
    reorder: prng.float(),
    corrupt: prng.float(),
    position: prng.float(),
    mask: prng.float(),
  };
}

/** Of a uniform draw from [0, 1). */
function jitterMs(jitter: Jitter | null, draw: number): number {
  if (jitter === null) return 0;
  if (jitter.kind === 'uniform') return draw * jitter.ms;
  if (jitter.kind === 'exponential') return -Math.log(1 - draw) * jitter.ms;
  return jitter.ms * (1 - draw) ** (-1 / PARETO_SHAPE);
}

function isOn({ written: { flapping }, sinceMs }: Rule, nowMs: number): boolean {
  return flapping === null || (nowMs - sinceMs) % (flapping.onMs + flapping.offMs) < flapping.onMs;
}

function newLink(rule: Rule, { from, to }: Pair, tailMs: number): Link {
  const count = { rule: rule.written.id, from, to, matched: 0, dropped: 0, delayed: 0, duplicated: 0, reordered: 0 };
  return { rule, count: { ...count, corrupted: 0 }, tailMs, freeMs: 0, streams: new Map() };
}

function seatOf(clientId: string): string {
  const slash = clientId.indexOf('/');
  return slash < 0 ? clientId : clientId.slice(0, slash);
}
