import { existsSync } from 'node:fs';
import { Namespace, type NamespaceParts } from './namespaces.ts';

/**
 * A few namespaces made in advance: most of the time that a task needs to start goes into its network. Only tasks
 * without names, ports and settings of their own can have one.
 */
export class ReadyNamespaces {
  readonly #parts: NamespaceParts;
  readonly #size: number;
  readonly #ready: Namespace[] = [];
  #making: Promise<void> | undefined;
  #closed = false;

  constructor(parts: NamespaceParts, size: number) {
    this.#parts = parts;
    this.#size = size;
  }

  /** Makes what is missing, one after the other, without holding anything up. */
  fill(): void {
    if (this.#closed || this.#making !== undefined || this.#ready.length >= this.#size) return;
    this.#making = this.#make()
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

  take(): Namespace | undefined {
    for (;;) {
      const namespace = this.#ready.shift();
      // Somebody may have ended it meanwhile.
      if (namespace === undefined || existsSync(`/proc/${namespace.pid}`)) return namespace;
      namespace.remove().catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#making;
    await Promise.all(this.#ready.splice(0).map((namespace) => namespace.remove()));
  }

  async #make(): Promise<void> {
    const namespace = await Namespace.create(this.#parts, { role: 'ready' });
    try {
      await namespace.open(false);
    } catch (error) {
      await namespace.remove();
      throw error;
    }
    this.#ready.push(namespace);
  }
}
