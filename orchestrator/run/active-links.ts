/** Which link rules are in force: those of the plan during the load, and those of the faults that are active. */
import type { FabricControl } from '../fabric/fabric-control.ts';
import type { LinkCount, LinkRule } from '../fabric/link-rule.ts';

export class ActiveLinks {
  readonly #fabric: () => Pick<FabricControl, 'setLinks' | 'linkCounts'> | null;
  readonly #sets = new Map<string, readonly LinkRule[]>();

  /** `fabric`: asked each time; null where it knows no link rules. It takes complete sets in the order of the calls. */
  constructor(fabric: () => Pick<FabricControl, 'setLinks' | 'linkCounts'> | null) {
    this.#fabric = fabric;
  }

  /** Resolves when they are in force. Rejects where the fabric refuses them or knows none. */
  async add(owner: string, rules: readonly LinkRule[]): Promise<void> {
    this.#sets.set(owner, rules);
    await this.#apply();
  }

  async remove(owner: string): Promise<void> {
    if (this.#sets.delete(owner)) await this.#apply();
  }

  async #apply(): Promise<void> {
    const rules = [...this.#sets.values()].flat();
    const fabric = this.#fabric();
    if (fabric !== null) await fabric.setLinks(rules);
    else if (rules.length > 0) throw new Error('the fabric of this runtime knows no link rules');
  }

  async counts(rules: readonly LinkRule[]): Promise<readonly LinkCount[]> {
    const ids = new Set(rules.map(({ id }) => id));
    const counts = (await this.#fabric()?.linkCounts()) ?? [];
    return counts.filter(({ rule }) => ids.has(rule));
  }
}
