/**
 * A node's connection to the lab's control broker, apart from the fabric in every respect: own broker, own credentials,
 * own reconnects. The node goes on with the protocol whether it is there or not.
 *
 * The session is clean: a command reaches a node that is there, or nobody. What the node reports waits for the
 * connection; observations only up to a bound (its own file has them all). The broker keeps the status, and says
 * `offline` in the node's name when the connection is lost without a word.
 */
import { describeProblem } from '../protocol/parameters.ts';
import {
  type CommandResult,
  readCanaryCommand,
  readConditionsCommand,
  readOrder,
  readPing,
  readRefusal,
  readReportRequest,
  readSample,
} from './control-commands.ts';
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
} from './control-protocol.ts';
import { MqttConnection } from './mqtt-connection.ts';

export interface ControlLinkOptions {
  /** `mqtt://host:port` of the control broker. */
  readonly url: string;
  readonly lab: string;
  /** Client id and user name. */
  readonly seat: string;
  /** Null: none is sent. */
  readonly password: string | null;
  /** See MqttConnectionOptions. */
  readonly caFingerprint?: string | null;
  /** Published at the first connect unless another follows before; also names node, boot and pid for the last will. */
  readonly status: NodeStatus;
  /** None of these may throw. */
  readonly onOrder: (command: OrderCommand) => void;
  readonly onSample: (command: SampleCommand) => void;
  readonly onReportRequest: (request: ReportRequest) => void;
  readonly onRefusal?: (refusal: Refusal) => void;
  readonly onPing?: (ping: Ping) => void;
  /** Whatever becomes of it is told by {@link ControlLink.sendConditionsAnswer}. */
  readonly onConditions?: (command: ConditionsCommand) => void;
  readonly onCanary?: (command: CanaryCommand) => void;
  /** Told when the control broker comes and goes. */
  readonly onSession?: (connected: boolean) => void;
  /** Bytes of observations that wait for the broker before further ones are dropped, default 4 MiB. */
  readonly observationBytesMax?: number;
  readonly keepaliveSeconds?: number;
  readonly reconnectMsMin?: number;
  readonly reconnectMsMax?: number;
}

export interface ControlLinkCounters {
  /** Payloads that were no valid command, by subject. */
  readonly invalid: Readonly<Record<Command, number>>;
  /** Lines of observations that the lab did not get. */
  readonly observationsDropped: number;
}

const COMMANDS = [
  'orders',
  'samples',
  'report-requests',
  'refusals',
  'pings',
  'conditions',
  'canaries',
] as const satisfies ControlSubject[];
type Command = (typeof COMMANDS)[number];

const OBSERVATION_BYTES_MAX = 4 * 1024 * 1024;
/** Of one message; the broker takes more, but others may want to be heard in between. */
const OBSERVATION_MESSAGE_BYTES_MAX = 65_536;
/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;
const KEEPALIVE_SECONDS = 10;
/** How long `close` waits for the broker to take the last words. */
const LAST_WORDS_MS_MAX = 500;

export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #connection: MqttConnection;
  readonly #invalid = {
    orders: 0,
    samples: 0,
    'report-requests': 0,
    refusals: 0,
    pings: 0,
    conditions: 0,
    canaries: 0,
  };
  readonly #underWay = new Set<Promise<void>>();
  #status: NodeStatus;
  /** Ends the wait of `close`: the broker is gone. */
  #giveUp: () => void = () => {};
  #waitingBytes = 0;
  #observationsDropped = 0;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    this.#status = options.status;
    this.#connection = new MqttConnection({
      url: options.url,
      clientId: options.seat,
      username: options.seat,
      password: options.password,
      caFingerprint: options.caFingerprint ?? null,
      clean: true,
      filters: COMMANDS.map((subject) => this.#topic(subject)),
      qos: 1,
      keepaliveSeconds: options.keepaliveSeconds ?? KEEPALIVE_SECONDS,
      reconnectMsMin: options.reconnectMsMin,
      reconnectMsMax: options.reconnectMsMax,
      retryRefusal: true,
      will: () => ({
        topic: this.#topic('status'),
        payload: JSON.stringify({
          ...this.#status,
          state: 'offline',
          detail: 'the connection was lost',
        } satisfies NodeStatus),
        qos: 1,
        retain: true,
      }),
      onSession: (connected) => {
        // The broker may have said in our name that we are gone, or have forgotten us.
        if (connected) this.#publishStatus();
        else this.#giveUp();
        options.onSession?.(connected);
      },
    });
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  /** Why the last attempt to connect failed; null when nothing has gone wrong yet. */
  get lastProblem(): string | null {
    return this.#connection.lastProblem;
  }

  get counters(): ControlLinkCounters {
    return { invalid: { ...this.#invalid }, observationsDropped: this.#observationsDropped };
  }

  /** Begins to connect, and goes on trying. Call once. */
  open(): void {
    const { onSample, onReportRequest, onRefusal = () => {}, onPing = () => {}, onCanary = () => {} } = this.#options;
    const topics = new Map(COMMANDS.map((subject) => [this.#topic(subject), subject]));
    this.#connection
      .open((topic, payload) => {
        const subject = topics.get(topic);
        if (subject === 'orders') this.#order(payload);
        else if (subject === 'samples') this.#take(subject, readSample(payload), onSample);
        else if (subject === 'report-requests') this.#take(subject, readReportRequest(payload), onReportRequest);
        else if (subject === 'refusals') this.#take(subject, readRefusal(payload), onRefusal);
        else if (subject === 'pings') this.#take(subject, readPing(payload), onPing);
        else if (subject === 'conditions') this.#conditions(payload);
        else if (subject === 'canaries') this.#take(subject, readCanaryCommand(payload), onCanary);
      })
      .catch(() => {
        // Closed before it was ever connected, or a subscription refused: `connected` and `lastProblem` say so.
      });
  }

  #order(payload: Uint8Array): void {
    const result = readOrder(payload);
    this.#take('orders', result, this.#options.onOrder);
    if (result.ok || result.id === null) return;
    const detail = result.problems.map(describeProblem).join('; ');
    this.sendOrderResult({ orderId: result.id, node: this.#status.node, outcome: 'invalid', detail });
  }

  #conditions(payload: Uint8Array): void {
    const result = readConditionsCommand(payload);
    this.#take('conditions', result, this.#options.onConditions ?? (() => {}));
    if (result.ok || result.id === null) return;
    const detail = result.problems.map(describeProblem).join('; ');
    this.sendConditionsAnswer({ conditionsId: result.id, node: this.#status.node, outcome: 'invalid', detail });
  }

  #take<C>(subject: Command, result: CommandResult<C>, use: (command: C) => void): void {
    if (result.ok) use(result.command);
    else this.#invalid[subject]++;
  }

  /** Replaces the status that the broker keeps. */
  setStatus(status: NodeStatus): void {
    this.#status = status;
    if (this.#connection.connected) this.#publishStatus();
  }

  #publishStatus(): void {
    this.#publish('status', JSON.stringify(this.#status), true);
  }

  sendOrderResult(result: OrderResult): void {
    this.#publish('order-results', JSON.stringify(result));
  }

  sendReport(report: NodeReport): void {
    this.#publish('reports', JSON.stringify(report));
  }

  sendConditionsAnswer(answer: ConditionsAnswer): void {
    this.#publish('conditions-answers', JSON.stringify(answer));
  }

  sendPong(pong: Pong): void {
    this.#publish('pongs', JSON.stringify(pong));
  }

  /** `lines`: whole JSON lines, each with its line feed. */
  sendObservations(lines: string): void {
    for (let rest = lines; rest !== ''; ) {
      const part = firstLines(rest, OBSERVATION_MESSAGE_BYTES_MAX);
      rest = rest.slice(part.length);
      const bytes = Buffer.byteLength(part);
      if (this.#waitingBytes + bytes > (this.#options.observationBytesMax ?? OBSERVATION_BYTES_MAX)) {
        this.#observationsDropped += part.split('\n').length - 1;
        continue;
      }
      this.#waitingBytes += bytes;
      this.#publish('observations', part, false, () => {
        this.#waitingBytes -= bytes;
      });
    }
  }

  #publish(subject: ControlSubject, payload: string, retain = false, settled: () => void = () => {}): void {
    const sent = this.#connection.publish(this.#topic(subject), payload, { qos: 1, retain }).then(settled, () => {
      // Closed first: nobody is there to be told.
    });
    this.#underWay.add(sent);
    void sent.then(() => this.#underWay.delete(sent));
  }

  #topic(subject: ControlSubject): string {
    return controlTopic(this.#options.lab, this.#options.seat, subject);
  }

  /** Leaves with `last` as the status that stays. Waits half a second at most for the broker to take what is under way. */
  async close(last: NodeStatus): Promise<void> {
    this.setStatus(last);
    if (this.#connection.connected) {
      let timer: NodeJS.Timeout | undefined;
      const givenUp = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LAST_WORDS_MS_MAX);
        this.#giveUp = resolve;
      });
      await Promise.race([Promise.all(this.#underWay), givenUp]);
      clearTimeout(timer);
    }
    await this.#connection.close();
  }
}

/** As many whole lines from the start of `text` as have `bytesMax` bytes, at least one. */
function firstLines(text: string, bytesMax: number): string {
  if (text.length * UTF8_BYTES_MAX <= bytesMax) return text;
  let end = 0;
  let bytes = 0;
  for (let next = text.indexOf('\n') + 1; next > 0; next = text.indexOf('\n', next) + 1) {
    bytes += Buffer.byteLength(text.slice(end, next));
    if (bytes > bytesMax && end > 0) return text.slice(0, end);
    end = next;
  }
  return text;
}
