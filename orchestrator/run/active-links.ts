/** Which link rules are in force: those of the plan during the load, and those of the faults that are active. */
import type { LinkCount, LinkRule } from '../fabric/link-rule.ts';

export interface LinkSwitch {
  setLinks(rules: readonly LinkRule[]): Promise<void>;
  linkCounts(): Promise<readonly LinkCount[]>;
}

export class ActiveLinks {
  readonly #fabric: () => LinkSwitch | null;
  readonly #sets = new Map<string, readonly LinkRule[]>();
  #last: Promise<void> = Promise.resolve();

  /** `fabric`: asked each time, since a broker that is restarted is another one. */
  constructor(fabric: () => LinkSwitch | null) {
    this.#fabric = fabric;
  }

  /** Resolves when they are in force. */
  add(owner: string, rules: readonly LinkRule[]): Promise<void> {
    this.#sets.set(owner, rules);
    return this.apply();
  }

  remove(owner: string): Promise<void> {
    return this.#sets.delete(owner) ? this.apply() : Promise.resolve();
  }

  /** Tells the broker once more: a new one knows no rule. */
  apply(): Promise<void> {
    const tell = async (): Promise<void> => {
      const rules = [...this.#sets.values()].flat();
      const fabric = this.#fabric();
      if (fabric === null) {
        if (rules.length > 0) throw new Error('the fabric of this runtime knows no link rules');
        return;
      }
      await fabric.setLinks(rules);
    };
    const done = this.#last.then(tell);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Whether a rule in force says that `from` and `to` do not hear each other as usual. */
  touches(from: string, to: string): boolean {
    return [...this.#sets.values()]
      .flat()
      .some((rule) => (rule.from?.includes(from) ?? true) && (rule.to?.includes(to) ?? true));
  }

  async counts(rules: readonly LinkRule[]): Promise<readonly LinkCount[]> {
    const ids = new Set(rules.map(({ id }) => id));
    const counts = (await this.#fabric()?.linkCounts()) ?? [];
    return counts.filter(({ rule }) => ids.has(rule));
  }
}
