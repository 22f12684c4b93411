import { existsSync } from 'node:fs';
import { Namespace, type NamespaceParts } from './namespaces.ts';

/**
 * A few namespaces made in advance: most of the time that a task needs to start goes into its network. Only tasks
 * without names, ports and settings of their own can have one. There are two kinds: with the instance's metadata and
 * without; a kind is made from the first time on that it was asked for.
 */
export class ReadyNamespaces {
  readonly #parts: NamespaceParts;
  readonly #size: number;
  readonly #ready = new Map<boolean, Namespace[]>([[false, []]]);
  #making: Promise<void> | undefined;
  #closed = false;

  constructor(parts: NamespaceParts, size: number) {
    this.#parts = parts;
    this.#size = size;
  }

  /** Makes what is missing, one after the other, without holding anything up. */
  fill(): void {
    if (this.#closed || this.#making !== undefined) return;
    const missing = [...this.#ready].find(([, namespaces]) => namespaces.length < this.#size);
    if (missing === undefined) return;
    this.#making = this.#make(...missing)
      // Should it not work, the next task says why.
      .catch(() => {
        this.#closed = true;
      })
      .finally(() => {
        this.#making = undefined;
        this.fill();
      });
  }

  /** Resolves when as many are ready as there should be. */
  async filled(): Promise<void> {
    this.fill();
    while (this.#making !== undefined) await this.#making;
  }

  take(metadata: boolean): Namespace | undefined {
    const namespaces = this.#ready.get(metadata) ?? [];
    this.#ready.set(metadata, namespaces);
    for (;;) {
      const namespace = namespaces.shift();
      // Somebody may have ended it meanwhile.
      if (namespace === undefined || existsSync(`/proc/${namespace.pid}`)) return namespace;
      namespace.remove().catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#making;
    const all = [...this.#ready.values()].flatMap((namespaces) => namespaces.splice(0));
    await Promise.all(all.map((namespace) => namespace.remove()));
  }

  async #make(metadata: boolean, into: Namespace[]): Promise<void> {
    const namespace = await Namespace.create(this.#parts, { role: 'ready' });
    try {
      await namespace.open(metadata);
    } catch (error) {
      await namespace.remove();
      throw error;
    }
    into.push(namespace);
  }
}
