/**
 * Follows purchases live, from the observations that nodes send to the lab: when each was requested, decided at each
 * node, and served. For people who watch; the record that counts is the nodes' own files. Keeps the last requests only.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';

export interface Purchase {
  readonly requestId: string;
  readonly requester: string;
  readonly service: string;
  readonly priceDcoins: number;
  /** Monotonic milliseconds at the requester; null while its own lines have not come. */
  sentAtMs: number | null;
  /** Votes counted at the requester. */
  votes: number;
  /** Monotonic milliseconds by node. */
  readonly decidedAtMs: Map<string, number>;
  remainingUnits: number | null;
  served: { readonly phase: string; readonly detail: string } | null;
}

const PURCHASES_KEPT = 512;

export class PurchaseWatch {
  readonly #purchases = new Map<string, Purchase>();
  readonly #watchers = new Set<(purchase: Purchase) => void>();

  /** In the order first heard of. */
  get purchases(): Iterable<Purchase> {
    return this.#purchases.values();
  }

  find(requestId: string): Purchase | undefined {
    return this.#purchases.get(requestId);
  }

  /** Calls `watcher` after each change; returns what ends that. */
  watch(watcher: (purchase: Purchase) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  take(observation: Observation): void {
    const { event, node, t } = observation;
    const requestId = textOf(observation, 'reqId');
    if (requestId === '') return;
    switch (event) {
      case 'req.tx':
        this.#change(this.#open(observation), (purchase) => {
          purchase.sentAtMs ??= t;
        });
        break;
      case 'vote.rx':
        if (node === observation.R && observation.counted === true) {
          this.#change(this.#purchases.get(requestId), (purchase) => {
            purchase.votes++;
          });
        }
        break;
      case 'decide':
        this.#change(this.#open(observation), (purchase) => {
          if (!purchase.decidedAtMs.has(node)) purchase.decidedAtMs.set(node, t);
          purchase.remainingUnits = numberOf(observation, 'remU');
        });
        break;
      case 'svc.end':
        this.#change(this.#purchases.get(requestId), (purchase) => {
          purchase.served = { phase: textOf(observation, 'phase'), detail: textOf(observation, 'detail') };
        });
        break;
    }
  }

  #open(observation: Observation): Purchase {
    const requestId = textOf(observation, 'reqId');
    const known = this.#purchases.get(requestId);
    if (known !== undefined) return known;
    const purchase: Purchase = {
      requestId,
      requester: textOf(observation, 'R'),
      service: textOf(observation, 'service'),
      priceDcoins: numberOf(observation, 'price'),
      sentAtMs: null,
      votes: 0,
      decidedAtMs: new Map(),
      remainingUnits: null,
      served: null,
    };
    this.#purchases.set(requestId, purchase);
    if (this.#purchases.size > PURCHASES_KEPT) this.#purchases.delete(this.#purchases.keys().next().value!);
    return purchase;
  }

  #change(purchase: Purchase | undefined, apply: (purchase: Purchase) => void): void {
    if (purchase === undefined) return;
    apply(purchase);
    for (const watcher of this.#watchers) watcher(purchase);
  }
}
