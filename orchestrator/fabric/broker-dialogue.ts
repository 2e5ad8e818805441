/**
 * What whoever started a broker's program says to it and hears from it, over whatever carries the messages: the IPC
 * channel of a process, the standard streams of a container. Ready once, then questions for counts and their answers.
 */
import type { FromBroker, ToBroker } from './broker-messages.ts';
import type { BrokerOptions, BrokerStats } from './embedded-broker.ts';
import { BrokerError } from './running-broker.ts';

const STATS_MS_MAX = 5000;

export class BrokerDialogue {
  readonly #send: (message: ToBroker) => void;
  readonly #questions = new Map<number, (answer: BrokerStats | BrokerError) => void>();
  #ended: BrokerError | null = null;
  #lastQuestion = 0;
  #onStart: ((message: FromBroker | BrokerError) => void) | null = null;

  /** `send` must not throw; what it cannot send is followed by `end`. */
  constructor(send: (message: ToBroker) => void) {
    this.#send = send;
  }

  /** The port that the broker listens on. Rejects with {@link BrokerError} `start-failed`. Call once. */
  start(options: BrokerOptions, timeoutMs: number): Promise<number> {
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
      else this.#send({ kind: 'start', options });
    });
  }

  /** Rejects with {@link BrokerError} `exited` or `no-answer`. */
  stats(): Promise<BrokerStats> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastQuestion;
      const settle = (answer: BrokerStats | BrokerError): void => {
        clearTimeout(timer);
        this.#questions.delete(id);
        if (answer instanceof BrokerError) reject(answer);
        else resolve(answer);
      };
      const timer = setTimeout(
        () => settle(new BrokerError('no-answer', `no stats within ${STATS_MS_MAX} ms`)),
        STATS_MS_MAX,
      );
      this.#questions.set(id, settle);
      if (this.#ended !== null) settle(this.#ended);
      else this.#send({ kind: 'stats', id });
    });
  }

  stop(): void {
    if (this.#ended === null) this.#send({ kind: 'stop' });
  }

  /** Hands in what the broker said. */
  take(message: FromBroker): void {
    if (message.kind === 'stats') this.#questions.get(message.id)?.(message.stats);
    else this.#onStart?.(message);
  }

  /** The broker has gone. */
  end(why: string): void {
    this.#onStart?.(new BrokerError('start-failed', why));
    this.#ended = new BrokerError('exited', `the broker has ended: ${why}`);
    for (const settle of [...this.#questions.values()]) settle(this.#ended);
  }
}
