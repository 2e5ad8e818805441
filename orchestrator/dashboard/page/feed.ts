/**
 * The connection to /api/events: one at a time, with the topics of the view that is shown. A browser tries again by itself
 * where a connection breaks, but gives up where it is answered with an error; here it never does.
 */
import type { Frame, Topic } from '../api/frame-shape.ts';
import type { LabStore } from './lab-store.ts';

const AGAIN_MS = 1000;
/** After so long without a frame nothing flows. */
const REST_MS = 700;

export class Feed {
  readonly #store: LabStore;
  #source: EventSource | null = null;
  #topics = '';
  #again: ReturnType<typeof setTimeout> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(store: LabStore) {
    this.#store = store;
  }

  /** Takes the place of what was asked for before. */
  follow(topics: readonly Topic[]): void {
    const wanted = topics.join(',');
    if (wanted === this.#topics) return;
    this.#topics = wanted;
    this.#open();
  }

  #open(): void {
    clearTimeout(this.#again);
    this.#source?.close();
    const source = new EventSource(`/api/events?topics=${this.#topics}`);
    this.#source = source;
    source.addEventListener('frame', (event) => {
      this.#store.apply(JSON.parse((event as MessageEvent<string>).data) as Frame);
      this.#store.linked('live');
      clearTimeout(this.#rest);
      this.#rest = setTimeout(() => this.#store.rest(), REST_MS);
    });
    source.addEventListener('error', () => {
      if (this.#source !== source) return;
      this.#store.linked('lost');
      if (source.readyState === EventSource.CLOSED) this.#again = setTimeout(() => this.#open(), AGAIN_MS);
    });
  }
}
