/**
 * The wallets a node knows (the paper's table of Wallets): one opaque record per id. Every change is persisted with the
 * step that makes it. Source: R-06, D-09.
 */

import type { RequestHead, VoteHead } from './message.ts';
import type { Profile } from './profile.ts';
import type { StepOutput } from './step-output.ts';

export class WalletTable<W> {
  readonly #wallets = new Map<string, W>();
  readonly #rules: Profile<W, RequestHead, VoteHead>['wallets'];
  readonly #output: StepOutput;

  constructor(rules: Profile<W, RequestHead, VoteHead>['wallets'], output: StepOutput) {
    this.#rules = rules;
    this.#output = output;
  }

  get size(): number {
    return this.#wallets.size;
  }

  get(id: string): W | undefined {
    return this.#wallets.get(id);
  }

  has(id: string): boolean {
    return this.#wallets.has(id);
  }

  all(): W[] {
    return [...this.#wallets.values()];
  }

  /** Place in the chain of `id`'s next request; null when there is no such wallet. */
  slotOf(id: string): string | null {
    const wallet = this.#wallets.get(id);
    return wallet === undefined ? null : this.#rules.slot(wallet);
  }

  /** Puts a row that is already durable. */
  restore(id: string, wallet: W): void {
    this.#wallets.set(id, wallet);
  }

  set(id: string, wallet: W): void {
    this.#wallets.set(id, wallet);
    this.#output.persist('wallets', id, wallet);
  }
}
