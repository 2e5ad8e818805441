/**
 * A broker's program that runs somewhere else, as its lab sees it: what is asked of it over the dialogue is the same
 * wherever that is. Where it runs says how it is frozen, let go and killed.
 */
import type { BrokerDialogue } from './broker-dialogue.ts';
import type { BrokerStats, HandOver } from './embedded-broker.ts';
import type { FabricBroker } from './lasting-fabric.ts';
import type { LinkCount, LinkRule } from './link-rule.ts';
import type { LinkState } from './link-rules.ts';

const STOP_MS_MAX = 3000;

export abstract class RemoteBroker implements FabricBroker {
  readonly exited: Promise<string>;
  readonly #dialogue: BrokerDialogue;

  /** `exited`: resolves when it has ended, with the reason; it never rejects. */
  constructor(dialogue: BrokerDialogue, exited: Promise<string>) {
    this.#dialogue = dialogue;
    this.exited = exited;
  }

  abstract pause(): Promise<void>;
  abstract resume(): Promise<void>;
  abstract kill(): Promise<void>;

  // Each of these rejects with BrokerError `exited`, `no-answer` or `refused`.

  stats(timeoutMs?: number): Promise<BrokerStats> {
    return this.#dialogue.stats(timeoutMs);
  }

  setLinks(rules: readonly LinkRule[]): Promise<void> {
    return this.#dialogue.setLinks(rules);
  }

  linkCounts(): Promise<readonly LinkCount[]> {
    return this.#dialogue.linkCounts();
  }

  setQueueLimit(messages: number | null): Promise<void> {
    return this.#dialogue.setQueueLimit(messages);
  }

  cut(seats: readonly string[]): Promise<readonly string[]> {
    return this.#dialogue.cut(seats);
  }

  linkState(timeoutMs?: number): Promise<LinkState> {
    return this.#dialogue.linkState(timeoutMs);
  }

  async handOver(): Promise<HandOver> {
    const handOver = await this.#dialogue.handOver();
    await this.stop();
    return handOver;
  }

  /** Resolves when it has ended; it is killed where it does not do so by itself. */
  async stop(): Promise<void> {
    this.#dialogue.stop();
    const timer = setTimeout(() => void this.kill().catch(() => {}), STOP_MS_MAX);
    await this.exited;
    clearTimeout(timer);
  }
}
