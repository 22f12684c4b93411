import { asText, type Node } from '../node.ts';
import { type Origin, SourceError } from '../origin.ts';
import { conditionHolds } from './conditions.ts';
import { evaluate } from './evaluate.ts';
import type { Stack } from './scope.ts';

/** A stack with outputs, some of which may be exported. */
interface Exporter extends Stack {
  readonly outputs: ReadonlyMap<string, Node>;
}

/** What the stacks of one input export. Names are unique in an account and Region. */
export class Exports {
  readonly #stacks: Exporter[] = [];
  #values: Map<string, { readonly stack: Exporter; readonly value: Node }> | undefined;
  /** Exports being worked out, to notice a circle. */
  readonly #open: string[] = [];

  add(stack: Exporter): void {
    this.#stacks.push(stack);
    this.#values = undefined;
  }

  /** Undefined where no stack of the same account and Region exports it. @throws SourceError */
  value(name: string, importer: Stack, at: Origin): Node | undefined {
    const key = keyOf(importer, name);
    this.#values ??= this.#collect();
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    if (this.#open.includes(key))
      throw new SourceError('circular-reference', at, `the export \`${name}\` depends on itself`, 'Break the circle.');
    this.#open.push(key);
    try {
      return evaluate(found.value, found.stack);
    } finally {
      this.#open.pop();
    }
  }

  #collect() {
    const values = new Map<string, { readonly stack: Exporter; readonly value: Node }>();
    for (const stack of this.#stacks)
      for (const output of stack.outputs.values()) {
        if (output.kind !== 'map') continue;
        const exported = output.members.get('Export');
        const named = exported?.kind === 'map' ? exported.members.get('Name') : undefined;
        const value = output.members.get('Value');
        const condition = output.members.get('Condition');
        if (named === undefined || value === undefined) continue;
        if (condition !== undefined && conditionHolds(condition, stack) === false) continue;
        const name = asText(evaluate(named, stack), 'the name of an export');
        if (typeof name === 'string') values.set(keyOf(stack, name), { stack, value });
      }
    return values;
  }
}

function keyOf({ account, region }: Stack, name: string): string {
  return `${account}/${region}/${name}`;
}
