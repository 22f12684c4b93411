type Waiter = (now: number) => void;

/**
 * Who waits for messages of which queue. Holds nothing that must survive: a wake-up says "look again", no more, so one
 * that comes for nothing (the sender's unit of work was undone) does no harm.
 */
export class Arrivals {
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** Wakes all who wait for the queue, once the unit of work at hand is done. `now` is the time of the change, epoch ms. */
  announce(queueId: string, now: number): void {
    const waiters = this.#waiters.get(queueId);
    if (waiters === undefined) return;
    queueMicrotask(() => {
      for (const waiter of [...waiters]) waiter(now);
    });
  }

  /** Calls back for every announcement until the returned function is called. */
  wait(queueId: string, waiter: Waiter): () => void {
    const waiters = this.#waiters.get(queueId) ?? new Set();
    waiters.add(waiter);
    this.#waiters.set(queueId, waiters);
    return () => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiters.get(queueId) === waiters) this.#waiters.delete(queueId);
    };
  }
}

/** Queue ids are random, so servers in one process do not meet here. */
export const arrivals = new Arrivals();
