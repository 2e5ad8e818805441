/**
 * Runs a schedule against n cores and nothing else. Time is a number that only `advance` moves; nothing is delivered
 * unless a step says so; a node's own publications are recorded as cast and wait. The same schedule always gives the
 * same run.
 *
 * Messages are handed over as values, checked by `verify` as if they had come from the wire; only `raw` meets the codec.
 * What a schedule asks for and cannot be had (a vote that nobody has cast) ends the run as a problem of the file: a step
 * that silently did nothing would make the expectations after it worthless.
 */
import { invariant } from '../../node/protocol/invariant.ts';
import {
  GENESIS,
  type MessageHead,
  type Request,
  type SensorTransaction,
  type Vote,
} from '../../node/protocol/message.ts';
import { makeRequest, makeVote } from '../../node/protocol/paper-messages.ts';
import type { Input } from '../../node/protocol/step.ts';
import { type Verification, verify, verifyMessage } from '../../node/protocol/verify.ts';
import { searchNonce } from '../../node/protocol/work.ts';
import { pathText } from '../files/file-shapes.ts';
import type { FileProblem } from '../files/yaml-source.ts';
import { type ExpectationResult, judge, type TraceView } from './expectations.ts';
import type { Schedule } from './schedule.ts';
import type { Delivery, Step, StepOf } from './schedule-shape.ts';
import { TraceHistory } from './trace-history.ts';
import { type Core, type NodeEvent, VirtualNode } from './virtual-node.ts';

/** Names the sensor transactions that steps make; nodes name theirs by the number of the life they are in. */
const DRIVER_STREAM = 0xffff_ffff;

/** Most messages handed to nodes in one schedule. */
const DELIVERIES_MAX = 1_000_000;

/** What one step did. */
export interface StepRecord {
  readonly step: Step;
  /** What was delivered, made or asked for, in words. */
  readonly text: string;
  /** Nodes that it was delivered to; empty for other steps. */
  readonly receivers: readonly string[];
  /** Receivers that were down and heard nothing. */
  readonly deaf: readonly string[];
  readonly events: readonly (readonly [node: string, event: NodeEvent])[];
  readonly results: readonly ExpectationResult[];
}

export interface TraceFailure extends ExpectationResult {
  readonly step: Step;
}

/** What is there even when a run ends early. */
export interface TraceProgress {
  readonly view: TraceView;
  readonly records: readonly StepRecord[];
}

export interface TraceRun extends TraceProgress {
  readonly schedule: Schedule;
  readonly passed: number;
  readonly failures: readonly TraceFailure[];
}

export type TraceResult =
  | { readonly ok: true; readonly run: TraceRun }
  | ({ readonly ok: false; readonly problem: FileProblem } & TraceProgress);

/** A step that asks for what is not there. Caught in this file, never seen outside. */
class StepFault extends Error {
  readonly problem: FileProblem;
  constructor(step: Step, path: readonly (string | number)[], expected: string, found: string) {
    super(expected);
    this.problem = { path: pathText(['steps', step.index, ...path]), expected, found, line: step.line };
  }
}

export function runSchedule(schedule: Schedule): TraceResult {
  const driver = new Driver(schedule);
  try {
    driver.run();
    return { ok: true, run: driver.result() };
  } catch (error) {
    if (error instanceof StepFault) return { ok: false, problem: error.problem, ...driver.progress() };
    throw error;
  }
}

class Driver implements TraceView {
  readonly members: readonly string[];
  readonly history: TraceHistory;
  readonly #records: StepRecord[] = [];
  readonly #schedule: Schedule;
  readonly #nodes = new Map<string, VirtualNode>();
  /** Sequence numbers used, by publisher. */
  readonly #sequences = new Map<string, number>();
  /** Armed crashes that have not happened, by node. */
  readonly #armed = new Map<string, Step>();
  readonly #failures: TraceFailure[] = [];
  #passed = 0;
  #nowMs = 0;
  #lives = 0;
  #step: Step;
  #events: [string, NodeEvent][] = [];
  #deaf: string[] = [];
  #deliveries = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#step = schedule.steps[0]!;
    this.members = schedule.members;
    this.history = new TraceHistory(schedule.members);
    for (const id of this.members) {
      this.#nodes.set(id, new VirtualNode(id, schedule.profile, schedule.hash, schedule.walletsOf(id)));
      this.#start(id);
    }
    this.#events = [];
  }

  run(): void {
    for (const step of this.#schedule.steps) {
      this.#step = step;
      this.#events = [];
      this.#deaf = [];
      const results: ExpectationResult[] = [];
      const text = this.#perform(step, results);
      for (const result of results) this.#count(step, result);
      const receivers = 'to' in step.body ? this.#receivers(step.body.to) : [];
      this.#records.push({ step, text, receivers, deaf: this.#deaf, events: this.#events, results });
    }
    for (const [node, step] of this.#armed) this.#neverCrashed(node, step);
  }

  progress(): TraceProgress {
    return { view: this, records: this.#records };
  }

  result(): TraceRun {
    return {
      ...this.progress(),
      schedule: this.#schedule,
      passed: this.#passed,
      failures: this.#failures,
    };
  }

  // --- what expectations read -------------------------------------------------------------------------------------

  node(id: string): Core {
    return this.#nodes.get(id)!.reader();
  }

  message(name: string): Request | Vote {
    const message = this.history.messages.get(name);
    if (message !== undefined) return message;
    const outcome = this.history.orderOutcome(name);
    invariant(outcome !== undefined, () => `nothing is named ${name}`);
    throw new StepFault(
      this.#step,
      [],
      `the request that order ${name} leads to`,
      `none so far: the order is ${outcome}`,
    );
  }

  request(name: string): Request {
    const message = this.message(name);
    invariant(message.kind === 'request', () => `${name} is a ${message.kind}`);
    return message;
  }

  powHash(message: Request | Vote): string {
    const { profile, hash } = this.#schedule;
    const prefix =
      message.kind === 'request' ? profile.requests.workPrefix(message) : profile.votes.workPrefix(message);
    return hash(prefix + message.nonce);
  }

  // --- steps ------------------------------------------------------------------------------------------------------

  /** Returns the step in words. */
  #perform(step: Step, results: ExpectationResult[]): string {
    switch (step.kind) {
      case 'request':
        return this.#makeRequest(step.body.request);
      case 'order':
        return this.#giveOrder(step.body.order);
      case 'vote':
        return this.#forgeVote(step.body.vote);
      case 'deliver': {
        const message = this.message(step.body.deliver);
        this.#deliver([message], step.body);
        return `deliver ${step.body.deliver}`;
      }
      case 'votes': {
        const votes = this.#selectVotes(step);
        this.#deliver(votes, step.body);
        return `deliver the votes for ${step.body.for} of ${votes.map((vote) => vote.voter).join(', ')}`;
      }
      case 'sensor': {
        const { from, count = 1 } = step.body.sensor;
        this.#deliver(this.#sensorTransactions(from, count), step.body);
        return `deliver ${count} sensor transaction${count === 1 ? '' : 's'} of ${from}`;
      }
      case 'raw':
        return this.#deliverRaw(step.body);
      case 'advance':
        this.#advance(step.body.advance);
        return `advance ${step.body.advance} ms, to ${this.#nowMs} ms`;
      case 'crash':
        return this.#crash(step, step.body.crash);
      case 'restart':
        return this.#restart(step.body.restart);
      case 'expect':
        results.push(...judge(step.body.expect, this));
        return 'expect';
    }
  }

  #makeRequest(body: StepOf<'request'>['body']['request']): string {
    const { profile, hash } = this.#schedule;
    const { name, requester, service, priceDcoins } = body;
    const time = body.time ?? Math.floor(this.#nowMs / 1000);
    const draft = makeRequest({ requester, service, priceDcoins, time, state: this.#stateFor(body) }, 0, hash);
    const nonce = body.nonce ?? this.#nonce(profile.requests.workPrefix(draft), ['request']);
    this.history.name(name, profile.requests.solved(draft, nonce));
    return `request ${name}: ${requester} asks for ${service} at ${priceDcoins} DCoin, time ${time}`;
  }

  /** The State that a request is made for: as written, or as the requester itself sees it. */
  #stateFor({ requester, state }: StepOf<'request'>['body']['request']): string {
    if (state === 'genesis') return GENESIS;
    if (state === undefined) return this.#nodes.get(requester)?.reader().wallet(requester)?.stateHash ?? GENESIS;
    return this.#schedule.profile.parameters.hexCase === 'upper' ? state.toUpperCase() : state.toLowerCase();
  }

  #giveOrder(body: StepOf<'order'>['body']['order']): string {
    const { name, node, service, priceDcoins, mode = 'strict' } = body;
    this.#requireUp(node, ['order', 'node']);
    this.#input(node, { kind: 'order', order: { orderId: name, service, priceDcoins, mode } });
    return `order ${name}: ${node} is to buy ${service} at ${priceDcoins} DCoin (${mode})`;
  }

  #forgeVote(body: StepOf<'vote'>['body']['vote']): string {
    const { profile, hash } = this.#schedule;
    const { name, voter, remainingUnits } = body;
    const request = this.request(body.for);
    const draft = makeVote(voter, request, remainingUnits, 0, hash, request.id);
    const nonce = body.nonce ?? this.#nonce(profile.votes.workPrefix(draft), ['vote']);
    this.history.name(name, profile.votes.solved(draft, nonce));
    return `vote ${name}: forged as ${voter}'s for ${body.for}, ${remainingUnits} units remain`;
  }

  #selectVotes(step: StepOf<'votes'>): readonly Vote[] {
    const { from, remainingUnits, round } = step.body;
    const cast = this.history.votesFor(this.request(step.body.for));
    const voters = [...new Set(cast.map((vote) => vote.voter))].sort(byId);
    const selected = (from ?? voters).flatMap((voter) => {
      const votes = cast
        .filter((vote) => vote.voter === voter)
        .filter(
          (vote, index) =>
            (round ?? index + 1) === index + 1 && (remainingUnits ?? vote.remainingUnits) === vote.remainingUnits,
        );
      if (from !== undefined && votes.length === 0) {
        throw new StepFault(
          step,
          ['from'],
          `voters with such a vote for ${step.body.for}`,
          `${voter}; ${castText(cast)}`,
        );
      }
      return votes;
    });
    if (selected.length === 0) {
      throw new StepFault(step, ['for'], `votes for ${step.body.for} that have been cast`, castText(cast));
    }
    return selected;
  }

  #sensorTransactions(publisher: string, count: number): readonly SensorTransaction[] {
    const first = this.#sequences.get(publisher) ?? 0;
    this.#sequences.set(publisher, first + count);
    // The text form has no position: there each delivery counts.
    const positioned = this.#schedule.profile.parameters.codec === 'compact';
    return Array.from({ length: count }, (_, index) => {
      const sequence = first + index;
      const position = positioned ? { stream: DRIVER_STREAM, sequence } : null;
      return { kind: 'sensor', publisher, topic: 'sensor', value: sequence, position };
    });
  }

  #deliverRaw(body: StepOf<'raw'>['body']): string {
    const { topic, text, base64 } = body.raw;
    const bytes = text === undefined ? Buffer.from(base64!, 'base64') : Buffer.from(text, 'utf8');
    const sender = body.as ?? null;
    const verification = verify(this.#schedule.profile, new Uint8Array(bytes), topic, sender);
    this.#hand([{ verification, sender }], body);
    return `deliver ${bytes.length} raw bytes on ${topic}`;
  }

  #deliver(messages: readonly MessageHead[], delivery: Delivery): void {
    const { profile } = this.#schedule;
    this.#hand(
      messages.map((message) => {
        const sender = delivery.as ?? ownId(message);
        return { verification: verifyMessage(profile, Object.freeze(message), sender), sender };
      }),
      delivery,
    );
  }

  /** Each receiver gets the whole list, `times` over, before the next one. */
  #hand(list: readonly { verification: Verification; sender: string | null }[], { to, times = 1 }: Delivery): void {
    const receivers = this.#receivers(to);
    this.#deliveries += list.length * times * receivers.length;
    if (this.#deliveries > DELIVERIES_MAX) {
      throw new StepFault(
        this.#step,
        [],
        `at most ${DELIVERIES_MAX} deliveries in all steps`,
        String(this.#deliveries),
      );
    }
    for (const id of receivers) {
      if (!this.#nodes.get(id)!.up) this.#deaf.push(id);
      for (let time = 0; time < times; time++) {
        for (const { verification, sender } of list) {
          this.#input(
            id,
            verification.ok
              ? { kind: 'message', sender, message: verification.message }
              : { kind: 'refused', rejection: verification.rejection },
          );
        }
      }
    }
  }

  #advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      let next: { readonly node: VirtualNode; readonly atMs: number } | null = null;
      // The first in order of members wins among equals.
      for (const node of this.#nodes.values()) {
        const atMs = node.nextWakeMs;
        if (atMs !== null && atMs <= untilMs && (next === null || atMs < next.atMs)) next = { node, atMs };
      }
      if (next === null) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#record(next.node.id, next.node.wake(this.#nowMs));
    }
    this.#nowMs = untilMs;
  }

  #crash(step: Step, { node, when = 'now' }: StepOf<'crash'>['body']['crash']): string {
    this.#requireUp(node, ['crash', 'node']);
    if (when === 'now') {
      this.#stop(node);
      return `crash ${node}`;
    }
    this.#nodes.get(node)!.armCrash();
    this.#armed.set(node, step);
    return `crash ${node} at its next step that stores and sends, in between`;
  }

  #restart({ node, database }: StepOf<'restart'>['body']['restart']): string {
    this.#stop(node);
    if (database === 'lost') this.#nodes.get(node)!.loseDatabase();
    this.#start(node);
    return `restart ${node}, database ${database}`;
  }

  // --- nodes ------------------------------------------------------------------------------------------------------

  #start(id: string): void {
    this.#record(id, this.#nodes.get(id)!.start(++this.#lives, this.#nowMs));
  }

  #stop(id: string): void {
    const armedBy = this.#armed.get(id);
    if (armedBy !== undefined) this.#neverCrashed(id, armedBy);
    this.#nodes.get(id)!.crash();
  }

  #requireUp(id: string, path: readonly string[]): void {
    if (!this.#nodes.get(id)!.up)
      throw new StepFault(this.#step, path, 'a node that is up', `${id}, which has crashed`);
  }

  #input(id: string, input: Input): void {
    this.#record(id, this.#nodes.get(id)!.input(input, this.#nowMs));
  }

  #record(id: string, events: readonly NodeEvent[]): void {
    for (const event of events) {
      this.#events.push([id, event]);
      if (event.kind === 'crashed') this.#armed.delete(id);
      else this.history.record(id, event);
    }
  }

  #receivers(to: Delivery['to']): readonly string[] {
    return to === 'all' ? this.members : to;
  }

  #nonce(prefix: string, path: readonly string[]): number {
    const { profile, hash } = this.#schedule;
    const nonce = searchNonce(prefix, profile.parameters.difficulty, hash);
    if (nonce === null) throw new StepFault(this.#step, path, 'fields for which a nonce exists', 'none within int32');
    return nonce;
  }

  #count(step: Step, result: ExpectationResult): void {
    if (result.passed) this.#passed++;
    else this.#failures.push({ ...result, step });
  }

  #neverCrashed(node: string, step: Step): void {
    this.#armed.delete(node);
    const text = `crash of ${node} between storing and sending`;
    this.#count(step, {
      text,
      nodes: [node],
      passed: false,
      expected: 'it happens',
      found: 'no step of the node both stored and sent',
    });
  }
}

/** The id that a message names as its sender. */
function ownId(message: MessageHead): string {
  switch (message.kind) {
    case 'sensor':
      return (message as SensorTransaction).publisher;
    case 'request':
      return (message as Request).requester;
    default:
      return (message as Vote).voter;
  }
}

function castText(cast: readonly Vote[]): string {
  if (cast.length === 0) return 'nobody has voted';
  return `cast so far: ${cast.map((vote) => `${vote.voter} (${vote.remainingUnits} units)`).join(', ')}`;
}

/** Numbers by value, before other ids in order of text. */
function byId(a: string, b: string): number {
  const [x, y] = [a, b].map((id) => (/^\d+$/.test(id) ? Number(id) : Number.POSITIVE_INFINITY)) as [number, number];
  if (x !== y) return x < y ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
