import { afterEach, test } from 'vitest';
import { ecsService } from '../services/ecs/index.ts';
import { logsService } from '../services/logs/index.ts';
import { type AgentBench, createAgentBench } from './testing.ts';
let bench: AgentBench;
afterEach(() => bench.close());
const ALL = [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }];
test('x', async () => {
  bench = await createAgentBench([ecsService, logsService]);
  bench.clock.advance(Date.now() - bench.clock.now());
  await bench.call('logs', 'CreateLogGroup', { logGroupName: '/app' });
  for (const log of [false, true]) {
    const t = Date.now();
    const script = 'let s=""; for (let i=0;i<300000;i++) { s += "line number "+i+" of a log with some text in it\\n"; if (s.length>65536) { require("node:fs").writeSync(1, s); s=""; } } require("node:fs").writeSync(1, s);';
    const task = bench.addTask({ execution: ALL, containers: [{ name: 'app', image: 'app', command: [process.execPath,'-e',script], ...(log ? { logConfiguration: { logDriver: 'awslogs' as const, options: { 'awslogs-group': '/app', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'x' } } } : {}) }] });
    await bench.stopped(task.arn);
    console.log(log, bench.output.length, Date.now() - t);
  }
  // launch latency
  const times: number[] = [];
  for (let i = 0; i < 30; i++) { const t = performance.now(); const task = bench.addTask({ containers: [{ name: 'app', image: 'app', command: ['/bin/true'] }] }); await bench.when(task.arn, (x) => x.lastStatus === 'RUNNING' || x.lastStatus === 'STOPPED'); times.push(performance.now() - t); await bench.stopped(task.arn); }
  times.sort((a, b) => a - b); console.log('to running, median ms', times[15]);
}, 60000);
