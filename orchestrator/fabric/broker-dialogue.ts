/**
 * What whoever started a broker's program says to it and hears from it, over whatever carries the messages: the IPC
 * channel of a process, the standard streams of a container. Ready once, then questions and their answers, and the
 * journal's lines as they come.
 */
import type { Answers, FromBroker, Question, ToBroker } from './broker-messages.ts';
import type { BrokerOptions, BrokerStats, HandOver } from './embedded-broker.ts';
import type { FabricControl } from './fabric-control.ts';
import type { FabricBeginning } from './fabric-snapshot.ts';
import type { LinkCount, LinkRule } from './link-rule.ts';
import type { LinkState } from './link-rules.ts';
import { BrokerError } from './running-broker.ts';

const ANSWER_MS_MAX = 5000;
/** Full queues of hundreds of sessions are many megabytes. */
const HAND_OVER_MS_MAX = 60_000;

/** What a broker is started with. */
export interface BrokerStart {
  readonly options: BrokerOptions;
  readonly beginning?: FabricBeginning;
  /** Whole lines of the journal, where `options.journal` asks for one. */
  readonly onJournal?: (lines: string) => void;
}

type Answer = Answers[keyof Answers] | BrokerError;

export class BrokerDialogue implements FabricControl {
  readonly #send: (message: ToBroker) => void;
  readonly #onJournal: (lines: string) => void;
  readonly #questions = new Map<number, (answer: Answer) => void>();
  #ended: BrokerError | null = null;
  #lastQuestion = 0;
  #onStart: ((message: FromBroker | BrokerError) => void) | null = null;

  /** `send` must not throw; what it cannot send is followed by `end`. */
  constructor(send: (message: ToBroker) => void, onJournal: (lines: string) => void = () => {}) {
    this.#send = send;
    this.#onJournal = onJournal;
  }

  /** The port that the broker listens on. Rejects with {@link BrokerError} `start-failed`. Call once. */
  start({ options, beginning }: BrokerStart, timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(new BrokerError('start-failed', `the broker did not start: ${why}`));
      };
      const timer = setTimeout(() => fail(`not ready within ${timeoutMs} ms`), timeoutMs);
      this.#onStart = (message) => {
        this.#onStart = null;
        if (message instanceof BrokerError) return fail(message.message);
        if (message.kind !== 'ready') return fail(message.kind === 'failed' ? message.message : 'another answer');
        clearTimeout(timer);
        resolve(message.port);
      };
      if (this.#ended !== null) this.#onStart(this.#ended);
      else this.#send({ kind: 'start', options, ...(beginning === undefined ? {} : { beginning }) });
    });
  }

  // Each of these rejects with {@link BrokerError} `exited`, `no-answer` or `refused`.

  stats(timeoutMs = ANSWER_MS_MAX): Promise<BrokerStats> {
    return this.#ask({ ask: 'stats' }, timeoutMs);
  }

  async setLinks(rules: readonly LinkRule[]): Promise<void> {
    await this.#ask({ ask: 'set-links', rules });
  }

  linkCounts(): Promise<readonly LinkCount[]> {
    return this.#ask({ ask: 'link-counts' });
  }

  async setQueueLimit(messages: number | null): Promise<void> {
    await this.#ask({ ask: 'set-queue-limit', messages });
  }

  cut(seats: readonly string[]): Promise<readonly string[]> {
    return this.#ask({ ask: 'cut', seats });
  }

  linkState(timeoutMs = ANSWER_MS_MAX): Promise<LinkState> {
    return this.#ask({ ask: 'link-state' }, timeoutMs);
  }

  handOver(): Promise<HandOver> {
    return this.#ask({ ask: 'hand-over' }, HAND_OVER_MS_MAX);
  }

  #ask<K extends keyof Answers>(
    question: Question & { readonly ask: K },
    timeoutMs = ANSWER_MS_MAX,
  ): Promise<Answers[K]> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastQuestion;
      const settle = (answer: Answer): void => {
        clearTimeout(timer);
        this.#questions.delete(id);
        if (answer instanceof BrokerError) reject(answer);
        else resolve(answer as Answers[K]);
      };
      const timer = setTimeout(
        () => settle(new BrokerError('no-answer', `no answer to ${question.ask} within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#questions.set(id, settle);
      if (this.#ended !== null) settle(this.#ended);
      else this.#send({ kind: 'question', id, question });
    });
  }

  stop(): void {
    if (this.#ended === null) this.#send({ kind: 'stop' });
  }

  /** Hands in what the broker said. */
  take(message: FromBroker): void {
    if (message.kind === 'journal') this.#onJournal(message.lines);
    else if (message.kind === 'answer') this.#questions.get(message.id)?.(message.answer);
    else if (message.kind === 'refused') this.#questions.get(message.id)?.(new BrokerError('refused', message.message));
    else this.#onStart?.(message);
  }

  /** The broker has gone. */
  end(why: string): void {
    this.#onStart?.(new BrokerError('start-failed', why));
    this.#ended = new BrokerError('exited', `the broker has ended: ${why}`);
    for (const settle of [...this.#questions.values()]) settle(this.#ended);
  }
}
