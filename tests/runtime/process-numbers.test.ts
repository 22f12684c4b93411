import { afterAll, describe, expect, it } from 'vitest';
import { ContractBench } from './contract.ts';
import { namespaceRuntime } from './subjects.ts';

const { unavailable } = namespaceRuntime;

describe.skipIf(unavailable !== undefined)(
  `a task that has had many processes, namespace runtime${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    const bench = new ContractBench(namespaceRuntime);
    afterAll(() => bench.close());

    it('starts further containers: numbers of its processes need not be those of processes of this machine', async () => {
      const task = await bench.task();
      const busy = 'i=0; while [ $i -lt 150 ]; do /bin/true; i=$((i+1)); done';
      for (let round = 0; round < 8; round++) {
        expect(await task.run(['/bin/sh', '-c', busy], { name: `round-${round}` })).toMatchObject({ code: 0, err: [] });
      }
    });
  },
);
