/**
 * No runtime at all: fabric and nodes were started by somebody else, docker compose for instance, and the lab only
 * observes and commands them. What would start or end something is refused before it gets here (lab.ts), since every
 * seat of such a lab is external.
 */
import { invariant } from '../../node/protocol/invariant.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import type { CollectedFiles, Runtime } from './runtime.ts';

const STATS_MS_MAX = 3000;

export interface AttachedFabric {
  readonly url: string;
  /** `http://host:port/` where the broker tells its counters; null: it does not. */
  readonly statsUrl: string | null;
}

export class AttachedRuntime implements Runtime {
  readonly name = 'attached';
  /** Nothing is started, so nothing is waited for. */
  readonly readyMsMax = 0;
  /** Twins are the business of whoever started the nodes. */
  readonly fabric = null;
  readonly fabricUrl: string;
  readonly #statsUrl: string | null;

  constructor(fabric: AttachedFabric) {
    this.fabricUrl = fabric.url;
    this.#statsUrl = fabric.statsUrl;
  }

  async startFabric(): Promise<void> {}

  async fabricStats(): Promise<BrokerStats | null> {
    if (this.#statsUrl === null) return null;
    try {
      const response = await fetch(this.#statsUrl, { signal: AbortSignal.timeout(STATS_MS_MAX) });
      return response.ok ? ((await response.json()) as BrokerStats) : null;
    } catch {
      return null;
    }
  }

  async startNode(seat: string): Promise<void> {
    refuse('start', seat);
  }

  async stopNode(seat: string): Promise<void> {
    refuse('stop', seat);
  }

  async killNode(seat: string): Promise<void> {
    refuse('kill', seat);
  }

  async eraseNode(seat: string): Promise<void> {
    refuse('erase', seat);
  }

  async restartFabric(): Promise<void> {
    refuseFabric('restart');
  }

  async pauseFabric(): Promise<void> {
    refuseFabric('pause');
  }

  async resumeFabric(): Promise<void> {
    refuseFabric('resume');
  }

  async pauseNode(seat: string): Promise<void> {
    refuse('pause', seat);
  }

  async resumeNode(seat: string): Promise<void> {
    refuse('resume', seat);
  }

  nodeProcess(): null {
    return null;
  }

  async nodeComplaint(): Promise<string> {
    return '';
  }

  async collectNode(seat: string): Promise<CollectedFiles> {
    return refuse('collect the files of', seat);
  }

  async dispose(): Promise<void> {}
}

function refuse(what: string, seat: string): never {
  invariant(false, () => `an attached lab cannot ${what} seat ${seat}`);
}

function refuseFabric(what: string): never {
  invariant(false, () => `an attached lab cannot ${what} the fabric`);
}
