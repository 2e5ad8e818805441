/**
 * One fabric over the lives of its broker: what is in force (link rules, the queues' limit, the journal's bound) and
 * what was counted outlasts the broker's process, which a lab may want to end, kill or freeze.
 *
 * Two ends of a broker. `kept`: it ends in good order and hands its sessions over, so nothing is lost that it has
 * acknowledged. `lost`: it is killed, and what it held is gone with it; the network that the link rules emulate is no
 * memory of a broker and stays, but for the copies that were under way. Only an end that nobody asked for is reported.
 *
 * Operations follow one another. It does not know where the broker runs.
 */
import type { BrokerStart } from './broker-dialogue.ts';
import type { BrokerOptions, BrokerStats, HandOver } from './embedded-broker.ts';
import type { FabricControl } from './fabric-control.ts';
import { JOURNAL_BOUNDS } from './fabric-journal.ts';
import type { FabricBeginning } from './fabric-snapshot.ts';
import type { LinkCount, LinkRule } from './link-rule.ts';
import type { LinkState } from './link-rules.ts';
import { BrokerError } from './running-broker.ts';
import { addedTraffic, type TrafficCounters } from './traffic.ts';

/** A broker that runs somewhere else than in this process. */
export interface FabricBroker extends FabricControl {
  /** Resolves when it has ended, for whatever reason; says how. */
  readonly exited: Promise<string>;
  stats(timeoutMs?: number): Promise<BrokerStats>;
  linkState(timeoutMs?: number): Promise<LinkState>;
  /** Resolves when it has ended. */
  handOver(): Promise<HandOver>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface LastingFabricOptions<B extends FabricBroker> {
  readonly options: BrokerOptions;
  /** Starts a broker; `before`: the one whose place it takes, address included, null at first. */
  readonly start: (start: BrokerStart, before: B | null) => Promise<B>;
  /** Whole lines of the journal; absent: there is none. */
  readonly onJournal?: ((lines: string) => void) | undefined;
  /** The broker has ended, and nobody had asked for it. */
  readonly onExit: (reason: string) => void;
}

export type SessionsAfterRestart = 'kept' | 'lost';

const LAST_QUESTION_MS_MAX = 500;
/**
 * A client on this machine that tries to connect to a free port may be given that port as its own: rarely, and not for
 * long, but then nobody can listen there.
 */
const PORT_TAKEN_MS_MAX = 5000;
const PORT_TRY_MS = 50;
const PORT_TAKEN = /EADDRINUSE|in use|already allocated/;

export class LastingFabric<B extends FabricBroker> implements FabricControl {
  readonly #options: LastingFabricOptions<B>;
  #broker: B | null = null;
  #links: readonly LinkRule[] = [];
  #queueMessagesMax: number | null = null;
  #traffic: TrafficCounters | null = null;
  #cpuMs = 0;
  #journalLines = 0;
  #journalBytes = 0;
  #paused = false;
  #asked = false;
  #last: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | null = null;
  readonly #stopping = new AbortController();

  constructor(options: LastingFabricOptions<B>) {
    this.#options = options;
  }

  /** The broker as it is or was last; null before the first start. */
  get broker(): B | null {
    return this.#broker;
  }

  /** Rejects with what the start of a broker rejects with. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start(null));
  }

  async #start(beginning: FabricBeginning | null): Promise<void> {
    const { options, start, onJournal, onExit } = this.#options;
    const limits = { ...options.limits };
    if (this.#queueMessagesMax !== null) limits.queueMessagesMax = this.#queueMessagesMax;
    const journal = {
      linesMax: Math.max(0, JOURNAL_BOUNDS.linesMax - this.#journalLines),
      bytesMax: Math.max(0, JOURNAL_BOUNDS.bytesMax - this.#journalBytes),
    };
    const broker = await start(
      {
        options: { ...options, limits, links: this.#links, ...(onJournal === undefined ? {} : { journal }) },
        ...(beginning === null ? {} : { beginning }),
        onJournal: (lines) => {
          this.#journalBytes += lines.length;
          for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) this.#journalLines++;
          onJournal?.(lines);
        },
      },
      this.#broker,
    );
    this.#broker = broker;
    this.#asked = false;
    this.#paused = false;
    void broker.exited.then((why) => {
      if (broker === this.#broker && !this.#asked) onExit(why);
    });
  }

  /** What all its brokers counted; null where there is none, or it is paused or does not answer. */
  async stats(): Promise<BrokerStats | null> {
    if (this.#paused) return null;
    try {
      const now = await this.#broker?.stats();
      if (now === undefined) return null;
      const cpuMs = this.#cpuMs + now.cpuMs;
      return this.#traffic === null ? now : { ...now, ...addedTraffic(this.#traffic, now), cpuMs };
    } catch {
      return null;
    }
  }

  // --- while it runs ----------------------------------------------------------------------------------------------

  setLinks(rules: readonly LinkRule[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#awake().setLinks(rules);
      this.#links = rules;
    });
  }

  linkCounts(): Promise<readonly LinkCount[]> {
    return this.#inTurn(() => this.#awake().linkCounts());
  }

  setQueueLimit(messages: number | null): Promise<void> {
    return this.#inTurn(async () => {
      await this.#awake().setQueueLimit(messages);
      this.#queueMessagesMax = messages;
    });
  }

  cut(seats: readonly string[]): Promise<readonly string[]> {
    return this.#inTurn(() => this.#awake().cut(seats));
  }

  #awake(): B {
    if (this.#broker === null) throw new BrokerError('exited', 'the fabric has not been started');
    if (this.#paused) throw new BrokerError('no-answer', 'the fabric is paused: it has to go on first');
    return this.#broker;
  }

  // --- faults -----------------------------------------------------------------------------------------------------

  /** Freezes the broker where it is. No effect on one that is frozen. */
  pause(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#paused) return;
      await this.#awake().pause();
      this.#paused = true;
    });
  }

  /** Lets it go on. No effect on one that is not frozen. */
  resume(): Promise<void> {
    return this.#inTurn(() => this.#resume());
  }

  async #resume(): Promise<void> {
    if (!this.#paused) return;
    await this.#broker?.resume();
    this.#paused = false;
  }

  /**
   * Ends the broker and starts another one at the same address, `downMs` later. Resolves when that listens; clients come
   * back by themselves. Rejects with what the start of a broker rejects with: then there is no fabric.
   */
  restart(sessions: SessionsAfterRestart, downMs: number): Promise<void> {
    return this.#inTurn(async () => {
      const broker = this.#broker;
      if (broker === null) throw new BrokerError('exited', 'the fabric has not been started');
      const beginning = await (sessions === 'kept' ? this.#handOver(broker) : this.#kill(broker));
      await this.#pass(downMs);
      await this.#startAgain(beginning);
    });
  }

  async #handOver(broker: B): Promise<FabricBeginning> {
    await this.#resume();
    this.#asked = true;
    try {
      const { snapshot, links, stats } = await broker.handOver();
      this.#remember(stats);
      return { snapshot, links };
    } catch (error) {
      // It has not ended, or not as it was asked to: what becomes of it is to be told.
      this.#asked = false;
      throw error;
    }
  }

  async #kill(broker: B): Promise<FabricBeginning> {
    let links: LinkState | null = null;
    if (!this.#paused) {
      const [stats, state] = await Promise.allSettled([
        broker.stats(LAST_QUESTION_MS_MAX),
        broker.linkState(LAST_QUESTION_MS_MAX),
      ]);
      if (stats.status === 'fulfilled') this.#remember(stats.value);
      if (state.status === 'fulfilled') links = state.value;
    }
    this.#asked = true;
    await broker.kill();
    return { snapshot: null, links };
  }

  #remember(stats: BrokerStats): void {
    this.#traffic = this.#traffic === null ? stats : addedTraffic(this.#traffic, stats);
    this.#cpuMs += stats.cpuMs;
  }

  async #startAgain(beginning: FabricBeginning): Promise<void> {
    const endMs = performance.now() + PORT_TAKEN_MS_MAX;
    for (;;) {
      this.#mustGoOn();
      try {
        await this.#start(beginning);
        return;
      } catch (error) {
        const taken = error instanceof Error && PORT_TAKEN.test(error.message);
        if (!taken || performance.now() > endMs) throw error;
      }
      await this.#pass(PORT_TRY_MS);
    }
  }

  /** Ends earlier where the fabric is to end. */
  async #pass(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    if (ms <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  }

  #mustGoOn(): void {
    if (this.#stopping.signal.aborted) throw new BrokerError('exited', 'the fabric has been stopped');
  }

  // --- end --------------------------------------------------------------------------------------------------------

  /** Ends it, after what is under way. Idempotent. */
  stop(): Promise<void> {
    if (this.#stopped === null) {
      this.#stopping.abort();
      this.#stopped = this.#last.then(async () => {
        await this.#resume();
        this.#asked = true;
        await this.#broker?.stop();
      });
    }
    return this.#stopped;
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      this.#mustGoOn();
      return operation();
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
