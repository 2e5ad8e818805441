/**
 * What a node saw and did, as JSON lines: made of the core's inputs and effects, so the record cannot say what the
 * core did not do. Checks of a run read these lines and nothing else.
 *
 *   {"seq":12,"t":5021.337,"at":1790000000123,"node":"3","prev":"<16 hex>","event":"vote.rx", ...}
 *
 * `seq` counts up without holes over all lives of a database; `prev` chains the lines (observation-chain.ts). `t` is
 * CLOCK_MONOTONIC in milliseconds with microseconds: all processes of one host share that clock, hosts do not. `at` is
 * the Unix time in milliseconds that the core was given, and never goes back; where a node's clock is off, so is `at`,
 * and `wallMs` of the `conditions` line is the machine's own. Both are taken when the transaction of the step is
 * durable, so a `decide` line's `t` is the moment of the durable commit. A `seat` stands after `node` where the two
 * differ.
 *
 *   boot        life begins: profile, n, q, members, dbEmpty, rows, unacknowledged, ...   (durable-record.ts)
 *   session     link, connected: the fabric or the control channel came or went
 *   sensor.tx   pub, topic, value, stream, sequence, c        published; c: units in pub's wallet afterwards
 *   sensor.rx   the same, counted, reason                     credited, or not and why
 *   req.tx      reqId, R, prevState, service, price, time, nonce
 *   req.rx      the same, ok, reason                          stored, or not and why
 *   vote.cast   reqId, R, prevState, remU                     decided upon and locked; its work is not found yet
 *   vote.tx     voter, reqId, R, prevState, remU, nonce
 *   vote.rx     the same, ok, counted, reason                 ok: it passed verification, which all of these did
 *   decide      R, prevState, newState, reqId, remU, service, price, time, voters, rewarded, rewardU, nUsed, qUsed
 *   credit      wallet, deltaU, cause                         rewards only: a sensor.rx with counted is the other cause
 *   wallet      id, state, cU                                 after each transaction that changed it
 *   order.rx    orderId, service, price, mode                 the node was told to buy
 *   order       orderId, outcome, and reason, detail, reqId or prevState
 *   wake        name                                          a wake-up that the ledger had asked for
 *   svc.start   key, reqId, service, argument;  svc.end       key, reqId, service, argument, phase, detail
 *   reject      type, reason, sender, where, expected, found  refused before it became an input, or evicted
 *   gap         from, to, after, reason                       lines that could not be written
 *   conditions  id, behaviours, commitDelayMs, clockOffsetMs, sensors, wallMs
 *                                                             came into force; id null: with the configuration
 *   canary.tx   id;  canary.rx  id, from                      the probe of a link; from: the seat that sent it
 *   byzantine   behaviour, act, reqId, detail                 the node deviated: made, changed or kept back something
 *
 * With these the inputs of the core are complete but for two that have no line, since they change nothing that leaves
 * the node: nonces, which follow from what is sealed, and acknowledgements, which `boot` sums up.
 *
 * A verified message that the core turned down (late, duplicate, conflicting) is an `rx` line with its reason and no
 * `reject` line. R is the requester, U stands for units. Messages of other kinds are `<kind>.tx` and `<kind>.rx`.
 *
 * Lines of a transaction are made after its commit, and are in the file before anything leaves the node, at the latest in
 * the same turn of the event loop: a crash in between loses the lines, never the state,
 * and the `wallet` lines after the next `boot` tell where it stands. It decides nothing and keeps no counters for it.
 */
import { wakesLedger } from '../behaviours/byzantine-node.ts';
import type { Deviation, StepEffect } from '../behaviours/step-machine.ts';
import type { Request, SensorTransaction, Vote } from '../protocol/message.ts';
import type { Decision, Effect, Input, OrderOutcome } from '../protocol/step.ts';
import type { Canary } from './canary.ts';
import type { NodeConditions } from './conditions.ts';
import { linkOf } from './observation-chain.ts';
import type { ObservationFile } from './observation-file.ts';
import type { ServiceEnd } from './services.ts';

export interface ObservedWallet {
  readonly units: number;
  readonly stateHash: string;
}

/** First line of a life; further members are taken over as they are. */
export interface BootObservation {
  readonly profile: string;
  readonly n: number;
  readonly q: number;
  readonly members: readonly string[];
  readonly dbEmpty: boolean;
  readonly [more: string]: unknown;
}

export interface ObservationsOptions {
  readonly node: string;
  /** Default: as the node. */
  readonly seat?: string;
  /** Null: lines go to `onLines` only, and the chain begins anew; where that is absent as well, none is made. */
  readonly file: ObservationFile | null;
  /** The core's current view of a wallet. */
  readonly wallet: (id: string) => ObservedWallet | undefined;
  /** Gets every line that was made, whole lines, after the attempt to write them. Must not throw. */
  readonly onLines?: (text: string, count: number) => void;
  /** Told when writing begins to fail and when it works again. */
  readonly onTrouble?: (message: string) => void;
  /** CLOCK_MONOTONIC in milliseconds. */
  readonly monotonicMs?: () => number;
}

interface Step {
  readonly input: Input | null;
  readonly effects: readonly StepEffect[];
  readonly nowMs: number;
}

/** A file that could not be written is tried again after so long. */
const RETRY_MS = 1000;
const PLAIN = /^[\w .:/+-]*$/;

export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

export class Observations {
  readonly #options: ObservationsOptions;
  readonly #now: () => number;
  /** Nobody is there to get a line. */
  readonly #idle: boolean;
  readonly #requestIds = new Map<string, string>();
  /** `"node":"1"`, with the seat where that is another. */
  readonly #who: string;
  #steps: Step[] = [];
  #seq: number;
  #link: string;
  #text = '';
  #count = 0;
  /** Made, told, and not in the file yet. */
  #unwritten = '';
  #unwrittenCount = 0;
  #soon: NodeJS.Immediate | null = null;
  /** From `,"t":` to `"prev":"` of the lines being made. */
  #head = '';
  #headAtMs = -1;
  #tMs = 0;
  #gap: { from: number; readonly after: string; reason: string; retryMs: number } | null = null;
  #dropped = 0;

  constructor(options: ObservationsOptions) {
    this.#options = options;
    this.#now = options.monotonicMs ?? monotonicMs;
    this.#idle = options.file === null && options.onLines === undefined;
    const { node, seat = node } = options;
    this.#who = seat === node ? `"node":${quoted(node)}` : `"node":${quoted(node)},"seat":${quoted(seat)}`;
    this.#seq = options.file?.place.seq ?? 0;
    this.#link = options.file?.place.link ?? '0'.repeat(16);
  }

  /** Lines that are missing in the file because it could not be written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Number of the last line made. */
  get seq(): number {
    return this.#seq;
  }

  /** Takes a step down; it is written by `flush`, once what it changed is durable. `input`: null where none led to it. */
  record(input: Input | null, effects: readonly StepEffect[], nowMs: number): void {
    if (!this.#idle) this.#steps.push({ input, effects, nowMs });
  }

  /**
   * Makes the lines of the steps recorded since the last call. `leaves`: something is about to leave the node, and the
   * file has the lines before that; otherwise they are in it before the event loop's next turn, many with one write.
   */
  flush(leaves = true): void {
    if (this.#steps.length === 0) {
      if (leaves) this.settle();
      return;
    }
    const steps = this.#steps;
    this.#steps = [];
    this.#begin();
    const changed = new Set<string>();
    let atMs = 0;
    for (const { input, effects, nowMs } of steps) {
      atMs = nowMs;
      if (input !== null) this.#told(input, nowMs);
      for (const effect of effects) this.#effect(input, effect, nowMs, changed);
    }
    for (const id of changed) this.#wallet(id, atMs);
    this.#write(leaves);
  }

  /** The first line of a life, with a `wallet` line for each of `wallets`. */
  boot(boot: BootObservation, wallets: Iterable<string>, atMs: number): void {
    if (this.#idle) return;
    this.flush();
    this.#begin();
    this.#line(atMs, 'boot', JSON.stringify(boot).slice(1, -1));
    for (const id of wallets) this.#wallet(id, atMs);
    this.#write();
  }

  session(link: 'fabric' | 'control', connected: boolean, atMs: number): void {
    this.#single(atMs, 'session', `"link":"${link}","connected":${connected}`);
  }

  /** `id`: of the command that brought them; null: the configuration. `wallMs`: Unix milliseconds of the machine. */
  conditions(id: string | null, conditions: NodeConditions, wallMs: number, atMs: number): void {
    const { behaviours, commitDelayMs, clockOffsetMs, sensors } = conditions;
    const what = `"behaviours":${JSON.stringify(behaviours)},"commitDelayMs":${commitDelayMs}`;
    const clock = `"clockOffsetMs":${clockOffsetMs},"sensors":${sensors},"wallMs":${Math.round(wallMs)}`;
    this.#single(atMs, 'conditions', `"id":${id === null ? 'null' : quoted(id)},${what},${clock}`);
  }

  canarySent(id: string, atMs: number): void {
    this.#single(atMs, 'canary.tx', `"id":${quoted(id)}`);
  }

  canaryHeard({ id, seat }: Canary, atMs: number): void {
    this.#single(atMs, 'canary.rx', `"id":${quoted(id)},"from":${quoted(seat)}`);
  }

  serviceEnd(end: ServiceEnd, atMs: number): void {
    const { key, service, argument, phase, detail } = end;
    const reqId = this.#requestIds.get(key);
    this.#requestIds.delete(key);
    const what = `"service":${quoted(service)},"argument":${quoted(argument)},"phase":"${phase}","detail":${quoted(detail)}`;
    this.#single(atMs, 'svc.end', `"key":${quoted(key)},${reqId === undefined ? '' : `"reqId":"${reqId}",`}${what}`);
  }

  #single(atMs: number, event: string, fields: string): void {
    if (this.#idle) return;
    this.flush();
    this.#begin();
    this.#line(atMs, event, fields);
    this.#write();
  }

  // --- events -----------------------------------------------------------------------------------------------------

  /** Inputs that no effect speaks of. */
  #told(input: Input, nowMs: number): void {
    if (input.kind === 'order') {
      const { orderId, service, priceDcoins, mode } = input.order;
      const what = `"service":${quoted(service)},"price":${priceDcoins},"mode":"${mode}"`;
      this.#line(nowMs, 'order.rx', `"orderId":${quoted(orderId)},${what}`);
    } else if (input.kind === 'wake' && wakesLedger(input.name)) {
      this.#line(nowMs, 'wake', `"name":${quoted(input.name)}`);
    }
  }

  #effect(input: Input | null, effect: StepEffect, nowMs: number, changed: Set<string>): void {
    switch (effect.kind) {
      case 'persist':
        for (const { table, key } of effect.changes) if (table === 'wallets') changed.add(String(key));
        break;
      case 'publish':
        this.#message(nowMs, 'tx', effect.message.kind, this.#messageFields(effect.message));
        break;
      case 'send':
        this.#message(
          nowMs,
          'tx',
          effect.message.kind,
          `${this.#messageFields(effect.message)}"to":${quoted(effect.to)},`,
        );
        break;
      case 'accepted':
        this.#message(
          nowMs,
          'rx',
          effect.message.kind,
          this.#messageFields(effect.message) + verdict(effect.message.kind, null),
        );
        break;
      case 'rejected':
        this.#rejected(input, effect.rejection, nowMs);
        break;
      case 'voted': {
        const { requestId, requester, slot, remainingUnits } = effect;
        this.#line(
          nowMs,
          'vote.cast',
          `"reqId":"${requestId}","R":${quoted(requester)},"prevState":${quoted(slot)},"remU":${remainingUnits}`,
        );
        break;
      }
      case 'settled':
        this.#line(nowMs, 'decide', decisionFields(effect.decision));
        break;
      case 'credited':
        if (effect.cause !== 'sensor') {
          this.#line(
            nowMs,
            'credit',
            `"wallet":${quoted(effect.wallet)},"deltaU":${effect.units},"cause":"${effect.cause}"`,
          );
        }
        break;
      case 'execute': {
        const { key, argument, decision } = effect;
        this.#requestIds.set(key, decision.requestId);
        const what = `"service":${quoted(decision.service)},"argument":${quoted(argument)}`;
        this.#line(nowMs, 'svc.start', `"key":${quoted(key)},"reqId":"${decision.requestId}",${what}`);
        break;
      }
      case 'order':
        this.#line(nowMs, 'order', `"orderId":${quoted(effect.orderId)},${outcomeFields(effect)}`);
        break;
      case 'deviated':
        this.#line(nowMs, 'byzantine', deviationFields(effect));
        break;
      case 'seek':
      case 'wake':
        break;
    }
  }

  #rejected(input: Input | null, rejection: Extract<Effect, { kind: 'rejected' }>['rejection'], nowMs: number): void {
    const { code, message, sender, where, expected, found } = rejection;
    // An eviction is about an older message than the one that is being processed.
    if (input?.kind === 'message' && code !== 'evicted') {
      this.#message(nowMs, 'rx', message, this.#messageFields(input.message) + verdict(message, code));
      return;
    }
    const who = sender === null ? 'null' : quoted(sender);
    const why = `"where":${quoted(where)},"expected":${quoted(expected)},"found":${quoted(found)}`;
    this.#line(nowMs, 'reject', `"type":${quoted(message)},"reason":"${code}","sender":${who},${why}`);
  }

  /** `fields`: each with a comma after it. */
  #message(nowMs: number, way: 'tx' | 'rx', kind: string, fields: string): void {
    const name = kind === 'request' ? 'req' : /^[\w-]+$/.test(kind) ? kind : 'message';
    this.#line(nowMs, `${name}.${way}`, fields.slice(0, -1));
  }

  /** Fields of a message, each with a comma after it. What a profile's own record lacks is left out. */
  #messageFields(message: { readonly kind: string }): string {
    switch (message.kind) {
      case 'vote': {
        const { voter, requester, requestId, slot, remainingUnits, nonce } = message as Vote;
        const rest = remainingUnits === undefined ? '' : `"remU":${remainingUnits},"nonce":${nonce},`;
        return `"voter":${quoted(voter)},"reqId":"${requestId}","R":${quoted(requester)},"prevState":${quoted(slot)},${rest}`;
      }
      case 'request': {
        const { id, requester, slot, service, priceDcoins, time, nonce } = message as Request;
        const bought = `"service":${quoted(service)},"price":${priceDcoins},"time":${time},"nonce":${nonce},`;
        const body = service === undefined ? '' : bought;
        return `"reqId":"${id}","R":${quoted(requester)},"prevState":${quoted(slot)},${body}`;
      }
      case 'sensor': {
        const { publisher, topic, value, position } = message as SensorTransaction;
        const place = position === null ? '' : `"stream":${position.stream},"sequence":${position.sequence},`;
        const c = this.#options.wallet(publisher)?.units;
        const data = `"pub":${quoted(publisher)},"topic":${quoted(topic)},"value":${JSON.stringify(value)},${place}`;
        return c === undefined ? data : `${data}"c":${c},`;
      }
      default:
        return `"kind":${quoted(message.kind)},`;
    }
  }

  #wallet(id: string, atMs: number): void {
    const wallet = this.#options.wallet(id);
    if (wallet === undefined) return;
    this.#line(atMs, 'wallet', `"id":${quoted(id)},"state":${quoted(wallet.stateHash)},"cU":${wallet.units}`);
  }

  // --- lines ------------------------------------------------------------------------------------------------------

  #begin(): void {
    this.#tMs = Math.round(this.#now() * 1000) / 1000;
    this.#headAtMs = -1;
    const gap = this.#gap;
    if (gap === null || this.#tMs < gap.retryMs) return;
    const range = `"from":${gap.from},"to":${this.#seq},"after":"${gap.after}"`;
    this.#line(Date.now(), 'gap', `${range},"reason":${quoted(gap.reason)}`);
  }

  #line(atMs: number, event: string, fields: string): void {
    if (atMs !== this.#headAtMs) {
      this.#headAtMs = atMs;
      this.#head = `,"t":${this.#tMs},"at":${Math.round(atMs)},${this.#who},"prev":"`;
    }
    const line = `{"seq":${++this.#seq}${this.#head}${this.#link}","event":"${event}",${fields}}`;
    this.#link = linkOf(line);
    this.#text += `${line}\n`;
    this.#count++;
  }

  #write(leaves = true): void {
    const text = this.#text;
    const count = this.#count;
    this.#text = '';
    this.#count = 0;
    if (count > 0) {
      this.#unwritten += text;
      this.#unwrittenCount += count;
      this.#options.onLines?.(text, count);
    }
    if (leaves) this.settle();
    else this.#soon ??= setImmediate(() => this.settle());
  }

  /** Appends what was made and is not in the file yet. */
  settle(): void {
    if (this.#soon !== null) clearImmediate(this.#soon);
    this.#soon = null;
    const text = this.#unwritten;
    const count = this.#unwrittenCount;
    this.#unwritten = '';
    this.#unwrittenCount = 0;
    const { file } = this.#options;
    if (count > 0 && file !== null) this.#append(file, text, count);
  }

  #append(file: ObservationFile, text: string, count: number): void {
    const gap = this.#gap;
    if (gap !== null && this.#tMs < gap.retryMs) {
      this.#dropped += count;
      return;
    }
    const failure = file.append(text);
    if (failure === null) {
      if (gap === null) return;
      this.#gap = null;
      this.#options.onTrouble?.(`observations are written again; ${this.#dropped} lines are missing in ${file.path}`);
      return;
    }
    this.#dropped += count;
    if (gap !== null) {
      gap.reason = failure;
      gap.retryMs = this.#tMs + RETRY_MS;
      return;
    }
    const from = this.#seq - count + 1;
    this.#gap = { from, after: prevOfFirst(text), reason: failure, retryMs: this.#tMs + RETRY_MS };
    this.#options.onTrouble?.(`observations cannot be written to ${file.path} (${failure}); the node goes on without`);
  }
}

/** The link of the line before `text`. */
function prevOfFirst(text: string): string {
  const at = text.indexOf('"prev":"') + 8;
  return text.slice(at, at + 16);
}

/** `text` as JSON; most of it needs no escape. */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** How a verified message was taken; a comma at the end. */
function verdict(kind: string, reason: string | null): string {
  const why = reason === null ? '' : `"reason":"${reason}",`;
  if (kind === 'vote') return `"ok":true,"counted":${reason === null},${why}`;
  return kind === 'request' ? `"ok":${reason === null},${why}` : `"counted":${reason === null},${why}`;
}

function decisionFields(decision: Decision): string {
  const { requester, requestId, service, priceDcoins, time, slot, previousState, newState, remainingUnits } = decision;
  const { voters, rewarded, rewardUnits, n, quorum } = decision;
  const place = slot === previousState ? '' : `"slot":${quoted(slot)},`;
  return (
    `"R":${quoted(requester)},${place}"prevState":${quoted(previousState)},"newState":${quoted(newState)},` +
    `"reqId":"${requestId}","remU":${remainingUnits},"service":${quoted(service)},"price":${priceDcoins},"time":${time},` +
    `"voters":${JSON.stringify(voters)},"rewarded":${JSON.stringify(rewarded)},"rewardU":${rewardUnits},` +
    `"nUsed":${n},"qUsed":${quorum}`
  );
}

function deviationFields({ behaviour, act, requestId, detail }: Deviation): string {
  const about = requestId === null ? '' : `,"reqId":${quoted(requestId)}`;
  return `"behaviour":"${behaviour}","act":${quoted(act)}${about}${detail === null ? '' : `,"detail":${quoted(detail)}`}`;
}

function outcomeFields(outcome: OrderOutcome): string {
  switch (outcome.outcome) {
    case 'requested':
      return `"outcome":"requested","reqId":"${outcome.requestId}","prevState":${quoted(outcome.slot)}`;
    case 'queued':
      return `"outcome":"queued","reason":"${outcome.reason}"`;
    case 'refused':
      return `"outcome":"refused","reason":"${outcome.reason}","detail":${quoted(outcome.detail)}`;
  }
}
