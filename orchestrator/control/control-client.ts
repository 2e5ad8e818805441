/**
 * The lab's side of the control channel: the status of every seat, orders to buy, sensor values, reports, observations.
 * The lab process has one, and so has every command that talks to a running lab: each connection has a client id of
 * its own below the lab's account.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { NodeConditions } from '../../node/host/conditions.ts';
import {
  type CanaryCommand,
  type ConditionsAnswer,
  type ConditionsCommand,
  type ControlSubject,
  controlTopic,
  type NodeReport,
  type NodeStatus,
  type OrderCommand,
  type OrderResult,
  type Ping,
  type Pong,
  type Refusal,
  type ReportRequest,
  type SampleCommand,
} from '../../node/host/control-protocol.ts';
import { labPrefix } from '../../node/host/fabric-topics.ts';
import { MqttConnection } from '../../node/host/mqtt-connection.ts';
import { readConditionsAnswer, readOrderResult, readPong, readReport, readStatus } from './control-payloads.ts';

export interface ControlClientOptions {
  /** `mqtt://host:port` of the control broker. */
  readonly url: string;
  readonly lab: string;
  /** An account with the role `lab`. */
  readonly username: string;
  readonly password: string;
  readonly onStatus?: (seat: string, status: NodeStatus) => void;
  /** Whole JSON lines. Without it observations are not even subscribed to. */
  readonly onObservations?: (seat: string, lines: string) => void;
  /** Every result, also of orders placed elsewhere; a queued order has a second one when it is requested. */
  readonly onOrderResult?: (seat: string, result: OrderResult) => void;
}

export class ControlError extends Error {
  readonly code: /** The seat is not connected. */
    | 'offline'
    /** It was connected and has not answered. */
    | 'timeout'
    /** It went away before it answered. */
    | 'lost'
    /** It does not take what it was asked for; the message says why. */
    | 'refused'
    /** This client was closed. */
    | 'closed';
  /** `definite`: it surely had no effect. `indefinite`: it may have had, or may still. */
  readonly effect: 'definite' | 'indefinite';
  constructor(code: ControlError['code'], effect: ControlError['effect'], message: string) {
    super(message);
    this.code = code;
    this.effect = effect;
  }
}

interface Pending<T> {
  readonly seat: string;
  readonly settle: (answer: T | ControlError) => void;
}

const ORDER_MS_MAX = 10_000;
const REPORT_MS_MAX = 10_000;
const PING_MS_MAX = 5000;
/** A node on a slow disk finishes its commits first. */
const CONDITIONS_MS_MAX = 30_000;

export class ControlClient {
  readonly #options: ControlClientOptions;
  readonly #prefix: string;
  readonly #connection: MqttConnection;
  readonly #status = new Map<string, NodeStatus>();
  /** By the id of what was asked; one id may be asked for twice. */
  readonly #orders = new Map<string, Set<Pending<OrderResult>>>();
  readonly #reports = new Map<string, Set<Pending<NodeReport>>>();
  readonly #pings = new Map<string, Set<Pending<Pong>>>();
  readonly #conditions = new Map<string, Set<Pending<ConditionsAnswer>>>();
  readonly #watchers = new Set<(seat: string) => void>();
  readonly #orderWatchers = new Set<(result: OrderResult) => void>();
  #invalid = 0;
  #closed = false;

  constructor(options: ControlClientOptions) {
    this.#options = options;
    this.#prefix = `${labPrefix(options.lab)}control/`;
    const subjects: ControlSubject[] = ['status', 'order-results', 'reports', 'pongs', 'conditions-answers'];
    if (options.onObservations !== undefined) subjects.push('observations');
    this.#connection = new MqttConnection({
      url: options.url,
      clientId: `${options.username}/${process.pid}-${randomBytes(4).toString('hex')}`,
      username: options.username,
      password: options.password,
      clean: true,
      filters: subjects.map((subject) => controlTopic(options.lab, '+', subject)),
      qos: 1,
    });
  }

  /** Resolves when connected. Rejects with MqttConnectionError `refused` when the password is wrong. Call once. */
  open(): Promise<void> {
    return this.#connection.open((topic, payload) => this.#deliver(topic, payload));
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  /** The last known status of each seat. Empty at first: the broker sends what it has right after `open`. */
  get status(): ReadonlyMap<string, NodeStatus> {
    return this.#status;
  }

  /** Payloads of nodes that could not be read. */
  get invalid(): number {
    return this.#invalid;
  }

  /**
   * Resolves with the seat's status once `accepts` it: at once when it does already. Rejects with {@link ControlError}
   * `timeout`, whose message has the last status, or `closed`.
   */
  whenStatus(seat: string, accepts: (status: NodeStatus) => boolean, timeoutMs: number): Promise<NodeStatus> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const look = (changed: string): void => {
        if (this.#closed) {
          finish();
          reject(closedError());
          return;
        }
        const status = changed === seat ? this.#status.get(seat) : undefined;
        if (status === undefined || !accepts(status)) return;
        finish();
        resolve(status);
      };
      const timer = setTimeout(() => {
        finish();
        const last = this.#status.get(seat);
        const seen =
          last === undefined
            ? 'nothing heard of it'
            : `last heard: ${last.state}${last.detail === null ? '' : ` (${last.detail})`}`;
        reject(
          new ControlError(
            'timeout',
            'definite',
            `seat ${seat} did not come to the expected state within ${timeoutMs} ms; ${seen}`,
          ),
        );
      }, timeoutMs);
      this.#watchers.add(look);
      look(seat);
    });
  }

  /**
   * Orders at one seat; resolves with the node's first answer. Rejects with {@link ControlError}: `offline` when the
   * seat is known to be away, `timeout`, `lost` when it goes away meanwhile, `closed`.
   */
  order(seat: string, command: OrderCommand, timeoutMs: number = ORDER_MS_MAX): Promise<OrderResult> {
    return this.#ask(this.#orders, command.orderId, seat, 'orders', command, timeoutMs);
  }

  /** Calls `watcher` with every answer to every order; returns what ends that. */
  watchOrders(watcher: (result: OrderResult) => void): () => void {
    this.#orderWatchers.add(watcher);
    return () => this.#orderWatchers.delete(watcher);
  }

  /** The node's own view. Rejects as `order` does. */
  report(seat: string, timeoutMs: number = REPORT_MS_MAX): Promise<NodeReport> {
    const request: ReportRequest = { reportId: randomUUID() };
    return this.#ask(this.#reports, request.reportId, seat, 'report-requests', request, timeoutMs);
  }

  /** The node's clock. Rejects as `order` does. */
  ping(seat: string, timeoutMs: number = PING_MS_MAX): Promise<Pong> {
    const ping: Ping = { pingId: randomUUID() };
    return this.#ask(this.#pings, ping.pingId, seat, 'pings', ping, timeoutMs);
  }

  /**
   * Puts the complete set of conditions in force at one seat; resolves with the id that the node's `conditions` line has,
   * when that line is written. Rejects as `order` does, and with `refused` when they do not fit the node.
   */
  async setConditions(
    seat: string,
    conditions: NodeConditions,
    timeoutMs: number = CONDITIONS_MS_MAX,
  ): Promise<string> {
    const command: ConditionsCommand = { conditionsId: randomUUID(), conditions };
    const answer = await this.#ask(this.#conditions, command.conditionsId, seat, 'conditions', command, timeoutMs);
    if (answer.outcome === 'invalid') {
      throw new ControlError('refused', 'definite', `seat ${seat} refuses its conditions: ${answer.detail}`);
    }
    return command.conditionsId;
  }

  /**
   * Has a seat send a canary to all. Resolves when the broker has the command; `canary.tx` and `canary.rx` lines say what
   * becomes of it. `id`: 1..64 bytes. Rejects when the seat is known to be away.
   */
  async canary(seat: string, id: string): Promise<void> {
    const away = this.#away(seat);
    if (away !== null) throw away;
    await this.#publish(seat, 'canaries', { canaryId: id } satisfies CanaryCommand);
  }

  /** Hands sensor values to a node; resolves when the broker has taken them. Rejects when the seat is known to be away. */
  async sample(seat: string, command: SampleCommand): Promise<void> {
    const away = this.#away(seat);
    if (away !== null) throw away;
    await this.#publish(seat, 'samples', command);
  }

  /** Tells a node that it is not taken. Resolves when the broker has it, rejects when this client is closed first. */
  refuse(seat: string, refusal: Refusal): Promise<void> {
    return this.#publish(seat, 'refusals', refusal);
  }

  #ask<T>(
    pending: Map<string, Set<Pending<T>>>,
    id: string,
    seat: string,
    subject: ControlSubject,
    command: unknown,
    timeoutMs: number,
  ): Promise<T> {
    const refusal = this.#closed ? closedError() : this.#away(seat);
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const question: Pending<T> = {
        seat,
        settle: (answer) => {
          clearTimeout(timer);
          const others = pending.get(id);
          others?.delete(question);
          if (others?.size === 0) pending.delete(id);
          if (answer instanceof ControlError) reject(answer);
          else resolve(answer);
        },
      };
      const timer = setTimeout(() => {
        question.settle(
          new ControlError('timeout', 'indefinite', `seat ${seat} has not answered within ${timeoutMs} ms`),
        );
      }, timeoutMs);
      const others = pending.get(id);
      if (others === undefined) pending.set(id, new Set([question]));
      else others.add(question);
      this.#publish(seat, subject, command).catch(() => question.settle(closedError()));
    });
  }

  /** Control sessions are clean: what is sent to a seat that is away is lost for certain. */
  #away(seat: string): ControlError | null {
    const state = this.#status.get(seat)?.state;
    return state === 'offline' ? new ControlError('offline', 'definite', `seat ${seat} is not connected`) : null;
  }

  #publish(seat: string, subject: ControlSubject, command: unknown): Promise<void> {
    return this.#connection.publish(controlTopic(this.#options.lab, seat, subject), JSON.stringify(command), {
      qos: 1,
    });
  }

  #deliver(topic: string, payload: Uint8Array): void {
    const [seat = '', subject] = topic.slice(this.#prefix.length).split('/');
    if (subject === 'observations') {
      this.#options.onObservations?.(
        seat,
        Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString(),
      );
    } else if (subject === 'status') {
      this.#use(readStatus(payload), (status) => this.#onStatus(seat, status));
    } else if (subject === 'order-results') {
      this.#use(readOrderResult(payload), (result) => {
        answer(this.#orders, result.orderId, seat, result);
        this.#options.onOrderResult?.(seat, result);
        for (const watcher of [...this.#orderWatchers]) watcher(result);
      });
    } else if (subject === 'conditions-answers') {
      this.#use(readConditionsAnswer(payload), (result) => answer(this.#conditions, result.conditionsId, seat, result));
    } else if (subject === 'pongs') {
      this.#use(readPong(payload), (pong) => answer(this.#pings, pong.pingId, seat, pong));
    } else {
      this.#use(readReport(payload), (report) => answer(this.#reports, report.reportId, seat, report));
    }
  }

  #use<T>(value: T | null, use: (value: T) => void): void {
    if (value === null) this.#invalid++;
    else use(value);
  }

  #onStatus(seat: string, status: NodeStatus): void {
    const before = this.#status.get(seat);
    this.#status.set(seat, status);
    if (status.state === 'offline' || (before !== undefined && before.boot !== status.boot)) {
      const lost = new ControlError('lost', 'indefinite', `seat ${seat} went away before it answered`);
      for (const pending of [this.#orders, this.#reports, this.#pings, this.#conditions]) {
        for (const questions of [...pending.values()]) {
          for (const question of [...questions]) if (question.seat === seat) question.settle(lost);
        }
      }
    }
    for (const look of [...this.#watchers]) look(seat);
    this.#options.onStatus?.(seat, status);
  }

  /** Everything that waits is rejected with `closed`. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const pending of [this.#orders, this.#reports, this.#pings, this.#conditions]) {
      for (const questions of [...pending.values()])
        for (const question of [...questions]) question.settle(closedError());
    }
    for (const look of [...this.#watchers]) look('');
    await this.#connection.close();
  }
}

function answer<T>(pending: Map<string, Set<Pending<T>>>, id: string, seat: string, value: T): void {
  for (const question of [...(pending.get(id) ?? [])]) if (question.seat === seat) question.settle(value);
}

function closedError(): ControlError {
  return new ControlError('closed', 'indefinite', 'the connection to the lab was closed');
}
