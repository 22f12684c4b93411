/**
 * Results by the text they were made from, for texts that clients send again and again. Bounded: when it is full it is
 * emptied, so that a client which never repeats itself costs no memory. Errors are thrown on and not kept.
 */
export class Memo<V> {
  readonly #results = new Map<string, V>();
  readonly #make: (text: string) => V;
  readonly #limit: number;

  constructor(make: (text: string) => V, limit = 1000) {
    this.#make = make;
    this.#limit = limit;
  }

  of(text: string): V {
    const known = this.#results.get(text);
    if (known !== undefined) return known;
    const made = this.#make(text);
    if (this.#results.size >= this.#limit) this.#results.clear();
    this.#results.set(text, made);
    return made;
  }
}
