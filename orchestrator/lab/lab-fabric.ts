/** The fabric of a lab as the lab's users see it: where it is, what it counted, and what can be done to it. */
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import type { FabricControl } from '../fabric/fabric-control.ts';
import type { FabricRestart, Runtime } from '../runtimes/runtime.ts';

const LOOK_AGAIN_MS = 30;

export class LabFabric {
  readonly #runtime: () => Runtime | null;
  /** Why it ended by itself; null while it has not. */
  failure: string | null = null;

  constructor(runtime: () => Runtime | null) {
    this.#runtime = runtime;
  }

  /** As this machine reaches it; null before it is started. */
  get url(): string | null {
    return this.#runtime()?.fabricUrl ?? null;
  }

  /** Null where the broker is not the lab's own. */
  get control(): FabricControl | null {
    return this.#runtime()?.fabric ?? null;
  }

  async stats(): Promise<BrokerStats | null> {
    return (await this.#runtime()?.fabricStats()) ?? null;
  }

  restart(restart: FabricRestart): Promise<void> {
    return this.#runtime()!.restartFabric(restart);
  }

  pause(): Promise<void> {
    return this.#runtime()!.pauseFabric();
  }

  resume(): Promise<void> {
    return this.#runtime()!.resumeFabric();
  }

  /** Waits until it has a connection of each of `seats`; those that it has not in time. */
  async untilConnected(seats: readonly string[], timeoutMs: number): Promise<readonly string[]> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const connected = new Set((await this.stats())?.connected);
      const away = seats.filter((seat) => !connected.has(seat));
      if (away.length === 0 || performance.now() > deadlineMs) return away;
      await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
    }
  }

  /** Messages that it holds for each seat, sent or not, that the seat has not acknowledged. */
  async undelivered(): Promise<ReadonlyMap<string, number>> {
    const stats = this.failure === null ? await this.stats() : null;
    return new Map(stats?.sessions.map(({ seat, waiting, inFlight }) => [seat, waiting + inFlight]) ?? []);
  }
}
