/** The in-memory copies that serve reads: collection → partition → key → document. */
export class Memory {
  readonly #collections = new Map<string, Map<string, Partition>>();

  partition(collection: string, partition: string): Partition | undefined {
    return this.#collections.get(collection)?.get(partition);
  }

  partitions(collection: string): string[] {
    const partitions = this.#collections.get(collection);
    if (partitions === undefined) return [];
    return [...partitions].filter(([, value]) => value.documents.size > 0).map(([name]) => name);
  }

  /** Sets (or with `undefined` removes) a document; returns what stood there before. */
  set(collection: string, partition: string, key: string, value: unknown): unknown {
    let partitions = this.#collections.get(collection);
    if (partitions === undefined) {
      partitions = new Map();
      this.#collections.set(collection, partitions);
    }
    let target = partitions.get(partition);
    if (target === undefined) {
      target = new Partition();
      partitions.set(partition, target);
    }
    const before = target.documents.get(key);
    if (value === undefined) {
      target.documents.delete(key);
      if (target.documents.size === 0) partitions.delete(partition);
    } else target.documents.set(key, value);
    target.sorted = undefined;
    return before;
  }

  clear(): void {
    this.#collections.clear();
  }
}

class Partition {
  readonly documents = new Map<string, unknown>();
  /** Documents in order of their keys; made when first asked for after a change. */
  sorted: readonly unknown[] | undefined;

  list(): readonly unknown[] {
    if (this.sorted === undefined) {
      const keys = [...this.documents.keys()].sort();
      this.sorted = Object.freeze(keys.map((key) => this.documents.get(key)));
    }
    return this.sorted;
  }
}
