/** Waiting for something that a node has seen: the way a fault is seen to work, and a wait ends. */
import type { Observation } from '../history/observation.ts';

export interface SeenObservation {
  readonly seat: string;
  readonly observation: Observation;
}

type Accepts = (seat: string, observation: Observation) => boolean;

export class ObservationWatch {
  readonly #waiting = new Set<{ readonly accepts: Accepts; readonly found: (seen: SeenObservation) => void }>();
  readonly #followers = new Set<(seat: string, observation: Observation) => void>();

  take(seat: string, observation: Observation): void {
    for (const follower of this.#followers) follower(seat, observation);
    for (const waiting of [...this.#waiting]) {
      if (waiting.accepts(seat, observation)) waiting.found({ seat, observation });
    }
  }

  /** Calls `follower` with everything from now on; returns what ends that. */
  follow(follower: (seat: string, observation: Observation) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** The first that is accepted from now on; null after `timeoutMs` or when `signal` is aborted. */
  next(accepts: Accepts, timeoutMs: number, signal?: AbortSignal): Promise<SeenObservation | null> {
    return new Promise((resolve) => {
      const end = (seen: SeenObservation | null): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiting);
        resolve(seen);
      };
      const waiting = { accepts, found: end };
      const onAbort = (): void => end(null);
      const timer = setTimeout(() => end(null), timeoutMs);
      this.#waiting.add(waiting);
      if (signal?.aborted === true) end(null);
      else signal?.addEventListener('abort', onAbort);
    });
  }
}
