import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerOutput } from './ports.ts';
import { Waker } from './waker.ts';

/** What is kept in memory of a task that nobody follows; everything is in its scratch directory. */
const MOST_LINES = 40_000;
const MOST_CHARACTERS = 16 * 1024 * 1024;

interface Follower {
  readonly waker: Waker;
  /** Number of the line that it will take next. */
  next: number;
}

interface TaskOutput {
  lines: ContainerOutput[];
  characters: number;
  /** How many lines were dropped from the beginning. */
  dropped: number;
  ended: boolean;
  readonly followers: Set<Follower>;
}

/** What containers have written, in the order in which it was read. */
export class OutputHistory {
  readonly #tasks = new Map<string, TaskOutput>();
  readonly #directoryOf: (taskId: string) => string;

  constructor(directoryOf: (taskId: string) => string) {
    this.#directoryOf = directoryOf;
  }

  begin(taskArn: string): void {
    this.#tasks.set(taskArn, { lines: [], characters: 0, dropped: 0, ended: false, followers: new Set() });
  }

  add(output: ContainerOutput): void {
    const task = this.#tasks.get(output.taskArn);
    if (task === undefined) return;
    task.lines.push(output);
    task.characters += output.line.length;
    if (task.lines.length > MOST_LINES || task.characters > MOST_CHARACTERS) trim(task);
    for (const { waker } of task.followers) waker.wake();
  }

  end(taskArn: string): void {
    const task = this.#tasks.get(taskArn);
    if (task === undefined) return;
    task.ended = true;
    for (const { waker } of task.followers) waker.wake();
  }

  forget(taskId: string): void {
    for (const taskArn of [...this.#tasks.keys()]) {
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
    const follower: Follower = { waker: new Waker(), next: task.dropped };
    const wake = () => follower.waker.wake();
    task.followers.add(follower);
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const ended = task.ended;
        const line = task.lines[follower.next - task.dropped];
        if (line !== undefined) {
          follower.next++;
          yield line;
        } else if (ended || !follow) return;
        else await follower.waker.sleep();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      task.followers.delete(follower);
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

/** Drops the older half, but nothing that a follower has not taken yet. */
function trim(task: TaskOutput): void {
  const wanted = Math.min(
    ...[...task.followers].map((follower) => follower.next - task.dropped),
    task.lines.length >> 1,
  );
  // A copy for the sake of a few lines would be made again for each new line.
  if (wanted <= 0 || wanted < task.lines.length >> 2) return;
  task.lines = task.lines.slice(wanted);
  task.dropped += wanted;
  task.characters = task.lines.reduce((sum, { line }) => sum + line.length, 0);
}
