import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerOutput } from './ports.ts';
import { Waker } from './waker.ts';

/** Lines of a task that are kept in memory; earlier ones are in its scratch directory. */
const KEPT_LINES = 20_000;

interface TaskOutput {
  lines: ContainerOutput[];
  /** How many lines were dropped from the beginning. */
  dropped: number;
  ended: boolean;
  readonly followers: Set<Waker>;
}

/** What containers have written, in the order in which it was read. */
export class OutputHistory {
  readonly #tasks = new Map<string, TaskOutput>();
  readonly #directoryOf: (taskId: string) => string;

  constructor(directoryOf: (taskId: string) => string) {
    this.#directoryOf = directoryOf;
  }

  begin(taskArn: string): void {
    this.#tasks.set(taskArn, { lines: [], dropped: 0, ended: false, followers: new Set() });
  }

  add(output: ContainerOutput): void {
    const task = this.#tasks.get(output.taskArn);
    if (task === undefined) return;
    task.lines.push(output);
    if (task.lines.length > KEPT_LINES * 2) {
      task.dropped += task.lines.length - KEPT_LINES;
      task.lines = task.lines.slice(-KEPT_LINES);
    }
    for (const follower of task.followers) follower.wake();
  }

  end(taskArn: string): void {
    const task = this.#tasks.get(taskArn);
    if (task === undefined) return;
    task.ended = true;
    for (const follower of task.followers) follower.wake();
  }

  forget(taskId: string): void {
    for (const taskArn of this.#tasks.keys()) {
      if (!taskArn.endsWith(`/${taskId}`)) continue;
      this.end(taskArn);
      this.#tasks.delete(taskArn);
    }
  }

  /** The lines so far; with `follow` also those to come, until the task has ended or `signal` aborts. */
  async *read(taskArn: string, follow: boolean, signal: AbortSignal): AsyncGenerator<ContainerOutput> {
    const task = this.#tasks.get(taskArn);
    if (task === undefined) {
      yield* this.#fromFiles(taskArn);
      return;
    }
    const waker = new Waker();
    const wake = () => waker.wake();
    task.followers.add(waker);
    signal.addEventListener('abort', wake);
    try {
      for (let next = task.dropped; !signal.aborted; ) {
        const ended = task.ended;
        next = Math.max(next, task.dropped);
        const lines = task.lines.slice(next - task.dropped);
        next += lines.length;
        yield* lines;
        if (lines.length > 0) continue;
        if (ended || !follow) return;
        await waker.sleep();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      task.followers.delete(waker);
    }
  }

  /** Of a task that an earlier agent ran only the files are left: container by container, without times. */
  *#fromFiles(taskArn: string): Generator<ContainerOutput> {
    const directory = this.#directoryOf(taskArn.slice(taskArn.lastIndexOf('/') + 1));
    if (!existsSync(directory)) return;
    for (const file of readdirSync(directory).sort()) {
      const match = /^(.+)\.(stdout|stderr)$/.exec(file);
      if (match === null) continue;
      const text = readFileSync(join(directory, file), 'utf8');
      if (text === '') continue;
      const stream = match[2] as ContainerOutput['stream'];
      for (const line of text.replace(/\n$/, '').split('\n')) {
        yield { taskArn, container: match[1] as string, stream, line, at: 0 };
      }
    }
  }
}
