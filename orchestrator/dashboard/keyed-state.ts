/**
 * Entries by key, each with the version at which it last changed, so that what has changed since any version can be told
 * to any number of readers without a list for each. Bounded: the entry that came first leaves first. Pure.
 */

/** Grows with every change of anything; shared by everything that one reader follows. */
export class VersionCounter {
  #current = 0;

  get current(): number {
    return this.#current;
  }

  next(): number {
    return ++this.#current;
  }
}

interface Entry<V> {
  value: V;
  version: number;
}

export class KeyedState<V> {
  readonly #counter: VersionCounter;
  readonly #most: number;
  readonly #entries = new Map<string, Entry<V>>();
  #removed: { readonly key: string; readonly version: number }[] = [];
  #version = 0;

  constructor(counter: VersionCounter, most: number) {
    this.#counter = counter;
    this.#most = most;
  }

  /** Of the last change of any entry; 0 before the first. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** In the order in which they came. */
  *values(): Generator<V> {
    for (const { value } of this.#entries.values()) yield value;
  }

  set(key: string, value: V): void {
    this.#version = this.#counter.next();
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.value = value;
      known.version = this.#version;
      return;
    }
    this.#entries.set(key, { value, version: this.#version });
    if (this.#entries.size <= this.#most) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
    this.#removed.push({ key: oldest!, version: this.#version });
    // Readers that are further behind than this are given everything anew.
    if (this.#removed.length > 2 * this.#most) this.#removed = this.#removed.slice(-this.#most);
  }

  /** Says that the value, which its owner has changed, is another one now. No effect where there is none. */
  touch(key: string): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#version = this.#counter.next();
    known.version = this.#version;
  }

  changedSince(version: number): V[] {
    if (this.#version <= version) return [];
    const changed: V[] = [];
    for (const entry of this.#entries.values()) if (entry.version > version) changed.push(entry.value);
    return changed;
  }

  removedSince(version: number): string[] {
    if (this.#version <= version) return [];
    return this.#removed.filter((gone) => gone.version > version).map(({ key }) => key);
  }
}
