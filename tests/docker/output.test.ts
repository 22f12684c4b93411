import { afterAll, describe, expect, it } from 'vitest';
import type { OutputPosition } from '../../src/agent/runtimes/runtime.ts';
import { ContractBench } from '../runtime/contract.ts';
import { dockerRuntime, noDocker } from './subject.ts';

describe.skipIf(noDocker !== undefined)(`output${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`, () => {
  const bench = new ContractBench(dockerRuntime);
  afterAll(() => bench.close());
  const node = (script: string) => [dockerRuntime.node, '-e', script];

  it('not one line is lost or comes twice, however often the reader is started again', async () => {
    const task = await bench.task();
    const count = 60_000;
    const started = await task.start(
      node(`const text = []; for (let i = 0; i < ${count}; i++) text.push(i + '\\n');
        const write = () => { const some = text.splice(0, 500).join(''); if (some === '') return; process.stdout.write(some); process.stderr.write('e' + some.split('\\n')[0] + '\\n'); setTimeout(write, 5); };
        write();`),
    );
    started.leave();
    const { container } = started;
    const lines: string[] = [];
    const errors: string[] = [];
    let position: OutputPosition | undefined;
    for (let cuts = 0; ; cuts++) {
      const reading = new AbortController();
      const until = cuts < 9 ? lines.length + count / 10 : Number.POSITIVE_INFINITY;
      for await (const some of container.output(position, reading.signal)) {
        for (const { line, stream, position: after } of some) {
          (stream === 'stdout' ? lines : errors).push(line);
          // Stored as JSON in between.
          position = JSON.parse(JSON.stringify(after)) as OutputPosition;
          if (lines.length >= until) break;
        }
        if (lines.length >= until) reading.abort();
      }
      if (!reading.signal.aborted) break;
    }
    expect(lines.length).toBe(count);
    expect(lines.every((line, index) => line === String(index))).toBe(true);
    expect(errors).toEqual(Array.from({ length: count / 500 }, (_, index) => `e${index * 500}`));
  });

  it('long lines arrive whole, also with characters of several bytes; huge ones in parts', async () => {
    const task = await bench.task();
    const { out } = await task.run(
      node(`process.stdout.write('é'.repeat(20000) + '\\n' + 'x'.repeat(700000) + '\\n' + 'last')`),
    );
    expect(out[0]).toBe('é'.repeat(20_000));
    expect(out.slice(1, -1).join('')).toBe('x'.repeat(700_000));
    expect(out.at(-1)).toBe('last');
  });

  it('long lines of a terminal', async () => {
    const task = await bench.task();
    const { out } = await task.run(node("console.log('y'.repeat(50000)); console.log('end')"), {
      pseudoTerminal: true,
    });
    expect(out).toEqual(['y'.repeat(50_000), 'end']);
  });

  it('output that is read only after the container has ended', async () => {
    const task = await bench.task();
    const started = await task.start(node("for (let i = 0; i < 3000; i++) console.log(i); console.error('oh')"));
    started.leave();
    const { container } = started;
    await container.wait();
    const lines: string[] = [];
    for await (const some of container.output(undefined, new AbortController().signal)) {
      lines.push(...some.filter(({ stream }) => stream === 'stdout').map(({ line }) => line));
    }
    expect(lines).toEqual(Array.from({ length: 3000 }, (_, index) => String(index)));
  });
});
