/**
 * The record of one node of a live run, driven through a core again: every line is either given to the core as an
 * input, or must be what the core makes of the input before it, letter by letter. Only what a process adds is left out
 * of the comparison: number, clocks and chain.
 *
 * Each life begins with the rows that the lives before it built up, and the `boot` line must give the same fingerprint
 * of them. Where it does not, the process may have been killed between a commit and its lines, which are written once a
 * turn of its event loop: then a few transactions more explain the rows, and they are looked for among what the node heard
 * again afterwards. If none do, the store gave back other rows than it was given, which is a difference like any other.
 *
 * Nothing is said about lives in which the node was Byzantine, and from a gap in the record on until the next empty
 * database.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import type { DurableRecord } from '../../node/host/durable-record.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Input, OrderMode } from '../../node/protocol/step.ts';
import { listOf, numberOf, type Observation, parseObservation, textOf } from '../history/observation.ts';
import { DrivenCore, type Lost } from './driven-core.ts';
import { inputOf, isBesideTheCore, isInput, type Known } from './recorded-input.ts';

export interface SeatDifference {
  /** In the record of the seat, from 1; one more than there are where the record has ended. */
  readonly line: number;
  /** Null: the core did more than is recorded. */
  readonly recorded: string | null;
  /** Null: the core did nothing more. */
  readonly made: string | null;
  readonly why: string;
  /** The recorded lines before it. */
  readonly before: readonly string[];
}

export interface SeatReplay {
  readonly seat: string;
  readonly lives: number;
  /** Inputs that were given to the core. */
  readonly inputs: number;
  /** Lines that were compared with what it did, or given to it. */
  readonly compared: number;
  readonly lines: number;
  /** The final report agrees with the core; null: it was not compared. */
  readonly final: boolean | null;
  /** What was lost with a crash and found again, what was left out and why. */
  readonly notes: readonly string[];
  readonly difference: SeatDifference | null;
}

/** An order that the run placed: what a crash may have swallowed before its line was written. */
export interface PlacedOrder {
  readonly orderId: string;
  readonly service: string;
}

export interface SeatRecord {
  readonly seat: string;
  readonly node: string;
  readonly lines: readonly string[];
  readonly profile: PaperProfile;
  readonly known: Known;
  readonly orders: readonly PlacedOrder[];
  /** Null: there is none. */
  readonly final: NodeReport | null;
  /** When the final reports were asked for, on the clock `t`; null: not known. */
  readonly readMs: number | null;
}

const BEFORE_MAX = 6;
/** How far behind a boot the redelivery of a lost transaction is looked for. */
const REDELIVERED_LINES_MAX = 4096;
/** Among how many of what came again the first lost one is. */
const FIRST_LOST_MAX = 16;
const ORDER_MODES: readonly OrderMode[] = ['strict', 'wait', 'force'];

export function replaySeat(record: SeatRecord): SeatReplay {
  return new SeatDrive(record).run();
}

class SeatDrive {
  readonly #record: SeatRecord;
  readonly #parsed: readonly (Observation | null)[];
  readonly #core: DrivenCore;
  readonly #notes: string[] = [];
  /** Lines that the core has made and the record has not shown yet. */
  #made: readonly string[] = [];
  #madeAt = 0;
  /** Nothing is compared, and why; null: all is. */
  #astray: string | null = 'no life has begun yet';
  /** A life has begun and its core has not been started: what that leads to comes before all else that it does. */
  #awaitsStart = false;
  #lives = 0;
  #inputs = 0;
  #compared = 0;
  #difference: SeatDifference | null = null;

  constructor(record: SeatRecord) {
    this.#record = record;
    this.#parsed = record.lines.map(parseObservation);
    this.#core = new DrivenCore(record.node, record.profile);
  }

  run(): SeatReplay {
    const { seat, lines } = this.#record;
    for (let i = 0; i < lines.length && this.#difference === null; i++) this.#line(i);
    if (this.#difference === null && this.#pending !== null)
      this.#differs(lines.length, null, this.#pending, 'the record ends before what the core did');
    const final = this.#difference === null ? this.#final() : null;
    return {
      seat,
      lives: this.#lives,
      inputs: this.#inputs,
      compared: this.#compared,
      lines: lines.length,
      final,
      notes: this.#notes,
      difference: this.#difference,
    };
  }

  get #pending(): string | null {
    return this.#made[this.#madeAt] ?? null;
  }

  #line(i: number): void {
    const line = this.#parsed[i]!;
    const text = this.#record.lines[i]!;
    const made = this.#pending;
    if (line?.event === 'boot') this.#boot(i, line);
    else if (line === null) this.#strays(i, 'a line that is no observation');
    else if (this.#astray !== null) return;
    else if (line.event === 'gap') this.#strays(i, 'lines that could not be written');
    else if (made !== null) this.#compare(i, text, made);
    else if (isBesideTheCore(line)) this.#beside(i, line);
    else this.#compare(i, text, this.#next(i, line));
  }

  /** What the core does first of what line `i` begins; null: nothing. */
  #next(i: number, line: Observation): string | null {
    if (this.#awaitsStart) {
      this.#awaitsStart = false;
      this.#made = this.#give({ kind: 'start' }, line.at);
      if (this.#pending !== null) return this.#pending;
    }
    const input = this.#input(i, line);
    this.#made = input === null ? [] : this.#give(input, line.at);
    return this.#pending;
  }

  #compare(i: number, recorded: string, made: string | null): void {
    this.#madeAt++;
    this.#compared++;
    if (made === null) this.#differs(i, recorded, null, 'the core does nothing here');
    else if (tail(made) !== tail(recorded)) this.#differs(i, recorded, made, 'the core does something else here');
  }

  #beside(i: number, line: Observation): void {
    if (line.event === 'conditions' && isByzantine(line)) this.#strays(i, `it is Byzantine (${behavioursOf(line)})`);
  }

  /** The input whose transaction line `i` is the first of. */
  #input(i: number, line: Observation): Input | null {
    const { known } = this.#record;
    // Rows that have to make room are reported before the message that they make room for.
    if (line.event === 'reject' && line.reason === 'evicted') {
      let at = i;
      while (this.#parsed[at]?.event === 'reject' && this.#parsed[at]?.reason === 'evicted') at++;
      const message = this.#parsed[at];
      const sender = typeof line.sender === 'string' ? line.sender : null;
      return message === null || message === undefined ? null : inputOf(message, known, sender);
    }
    if (line.event === 'vote.tx' || line.event === 'req.tx') return this.#core.foundNonce(numberOf(line, 'nonce'));
    return inputOf(line, known, null);
  }

  /** The lines of its transaction. */
  #give(input: Input, nowMs: number): readonly string[] {
    this.#inputs++;
    this.#madeAt = 0;
    return this.#core.take(input, nowMs);
  }

  #boot(i: number, line: Observation): void {
    this.#lives++;
    if (this.#pending !== null)
      this.#notes.push(`line ${i + 1}: the lines of the last transaction before it were not written whole`);
    this.#made = [];
    this.#madeAt = 0;
    const recorded = durableRecordIn(line);
    if (recorded === null) {
      this.#strays(i, 'its boot lines say nothing of the rows: an older version wrote them');
      return;
    }
    if (line.dbEmpty === true) {
      if (this.#lives > 1) this.#notes.push(`line ${i + 1}: the database was lost`);
      this.#core.lose();
    } else if (this.#astray !== null) {
      if (this.#lives === 1) this.#strays(i, 'the record does not begin with an empty database');
      return;
    }
    this.#astray = null;
    const { rows } = this.#core.record(recorded.unacknowledged);
    if (rows !== recorded.rows && !this.#resynchronise(i, recorded)) {
      const why = 'the rows found at this start are not those that the record led to, nor what it was told again';
      this.#differs(i, this.#record.lines[i]!, `rows ${rows}`, why);
      return;
    }
    this.#made = this.#core.begin(recorded.unacknowledged, this.#streamAfter(i));
    this.#awaitsStart = true;
    this.#compared++;
    const { n } = this.#core;
    const { profile } = this.#record;
    const q = profile.quorum(n);
    if (line.n !== n || line.q !== q || line.profile !== profile.name)
      this.#differs(
        i,
        this.#record.lines[i]!,
        `profile ${profile.name}, n ${n}, q ${q}`,
        'the core begins with others',
      );
  }

  /** Looks for what was committed and left no line. */
  #resynchronise(i: number, recorded: DurableRecord): boolean {
    for (const { lost, what } of this.#lostInputs(i)) {
      const taken = this.#core.explained(lost, recorded);
      if (taken === 0) continue;
      this.#inputs += taken;
      const found = taken === 1 ? `${what} explains` : `${what} and ${taken - 1} more explain`;
      this.#notes.push(`line ${i + 1}: killed between a commit and its lines; ${found} the rows`);
      return true;
    }
    return false;
  }

  /** Of each possibility the inputs in their order; some of the first of them were lost. */
  *#lostInputs(i: number): Generator<{ readonly lost: readonly Lost[]; readonly what: string }> {
    const { known, orders, profile } = this.#record;
    const end = Math.min(this.#parsed.length, i + REDELIVERED_LINES_MAX);
    const nextBoot = this.#parsed.findIndex((line, at) => at > i && line?.event === 'boot');
    const following = this.#parsed
      .slice(i + 1, nextBoot < 0 ? end : Math.min(end, nextBoot))
      .filter((line) => line !== null);
    const atMs = this.#parsed[i - 1]?.at ?? this.#parsed[i]!.at;
    for (const line of following.filter(({ event }) => event === 'vote.tx' || event === 'req.tx')) {
      const input = this.#core.foundNonce(numberOf(line, 'nonce'));
      if (input !== null) yield { lost: [{ input, atMs }], what: 'a nonce that was found' };
    }
    // The fabric delivers again what was not acknowledged, in its order. What a node had taken already it turns down.
    const again = following.filter((line) => line.event.endsWith('.rx') && typeof line.reason === 'string');
    for (let from = 0; from < Math.min(again.length, FIRST_LOST_MAX); from++) {
      const lost = again.slice(from).flatMap((line) => {
        const input = inputOf(line, known, null);
        return input === null ? [] : [{ input, atMs }];
      });
      yield { lost, what: `${again[from]!.event} of line ${again[from]!.seq}, which came again,` };
    }
    yield { lost: [{ input: { kind: 'start' }, atMs }], what: 'the start before' };
    if (profile.schedule.period !== null)
      yield { lost: [{ input: { kind: 'wake', name: 'period' }, atMs }], what: 'a period' };
    const taken = new Set(
      this.#parsed.slice(0, i).flatMap((line) => (line?.event === 'order.rx' ? [line.orderId] : [])),
    );
    const times = following.filter(({ event }) => event === 'req.tx').map((line) => numberOf(line, 'time') * 1000);
    for (const { orderId, service } of orders) {
      const priceDcoins = profile.catalogue?.get(service) ?? 0;
      if (taken.has(orderId)) continue;
      for (const mode of ORDER_MODES) {
        const input = { kind: 'order', order: { orderId, service, priceDcoins, mode } } as const;
        for (const time of new Set([...times, atMs])) yield { lost: [{ input, atMs: time }], what: `order ${orderId}` };
      }
    }
  }

  /** What its first sensor transaction says; any number where it sends none. */
  #streamAfter(i: number): number {
    for (let at = i + 1; at < this.#parsed.length; at++) {
      const line = this.#parsed[at];
      if (line?.event === 'boot') return 0;
      if (line?.event === 'sensor.tx' && typeof line.stream === 'number') return line.stream;
    }
    return 0;
  }

  #strays(i: number, why: string): void {
    if (this.#astray !== why) this.#notes.push(`line ${i + 1}: not compared from here on: ${why}`);
    this.#astray = why;
    this.#awaitsStart = false;
    this.#made = [];
    this.#madeAt = 0;
  }

  #differs(i: number, recorded: string | null, made: string | null, why: string): void {
    const before = this.#record.lines.slice(Math.max(0, i - BEFORE_MAX), i);
    this.#difference = { line: i + 1, recorded, made, why, before };
  }

  /** Null: there is no report, or the node heard something after it was asked for. */
  #final(): boolean | null {
    const { final, readMs } = this.#record;
    if (final === null || readMs === null || this.#astray !== null) return null;
    const moved = this.#parsed.some(
      (line) => line !== null && line.t >= readMs && (isInput(line) || line.event === 'boot'),
    );
    if (moved) return null;
    const { wallets, requests, votes, locks, orders, n, quorum } = this.#core.snapshot();
    const core = {
      wallets: wallets.map(({ id, units, stateHash, decidedRequestId }) => [id, units, stateHash, decidedRequestId]),
      requests: requests.length,
      votes: votes.length,
      locks: locks
        .map(({ requester, lock }) => [requester, lock.slot, lock.requestId, lock.vote.remainingUnits])
        .sort(),
      orders: orders.filter(({ phase }) => phase !== 'done').map(({ orderId, phase }) => [orderId, phase]),
      network: [n, quorum],
    };
    const reported = {
      wallets: final.wallets.map(({ id, units, stateHash, decidedRequestId }) => [
        id,
        units,
        stateHash,
        decidedRequestId,
      ]),
      requests: final.storedRequests,
      votes: final.storedVotes,
      locks: final.locks
        .map(({ requester, slot, requestId, remainingUnits }) => [requester, slot, requestId, remainingUnits])
        .sort(),
      orders: final.pendingOrders.map(({ orderId, phase }) => [orderId, phase]),
      network: [final.n, final.quorum],
    };
    const [made, recorded] = [JSON.stringify(core), JSON.stringify(reported)];
    if (made !== recorded)
      this.#differs(this.#record.lines.length, recorded, made, 'the final report says something else');
    return made === recorded;
  }
}

/** A line without what a process adds to it. */
function tail(line: string): string {
  return line.slice(line.indexOf(',"event":"'));
}

function isByzantine(line: Observation): boolean {
  return Array.isArray(line.behaviours) && line.behaviours.length > 0;
}

function behavioursOf(line: Observation): string {
  const behaviours = line.behaviours as readonly { readonly kind?: unknown }[];
  return behaviours.map(({ kind }) => String(kind)).join(', ');
}

/** Null where the line has none. */
function durableRecordIn(line: Observation): DurableRecord | null {
  const rows = textOf(line, 'rows');
  const { unacknowledged } = line as { readonly unacknowledged?: unknown };
  if (rows === '' || typeof unacknowledged !== 'object' || unacknowledged === null) return null;
  const lists = unacknowledged as unknown as Observation;
  return { rows, unacknowledged: { votes: listOf(lists, 'votes'), orders: listOf(lists, 'orders') } };
}
