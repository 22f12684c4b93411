import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECS } from '@aws-sdk/client-ecs';
import { expect, it } from 'vitest';
import { startTestServer } from '../wire/server.ts';

it('a server that is stopped while a task is stopping ends, and the next one brings the task to its end', async () => {
  const data = mkdtempSync(join(tmpdir(), 'rolecall-stopping-'));
  const ready = join(data, 'ready');
  const start = () => startTestServer({ data, standIns: [{ pattern: '*', program: 'host' }] });
  const first = await start();
  const clientOf = ({ endpoint, credentials }: typeof first) => new ECS({ endpoint, credentials, region: 'eu-west-1' });
  const ecs = clientOf(first);
  await ecs.createCluster({ clusterName: 'default' });
  await ecs.registerTaskDefinition({
    family: 'app',
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    containerDefinitions: [
      {
        name: 'app',
        image: 'app',
        // As long as that it is seen stopping.
        stopTimeout: 6,
        // It does not end by SIGTERM.
        command: ['/bin/sh', '-c', 'trap "" TERM; touch "$READY"; while :; do sleep 1; done'],
        environment: [{ name: 'READY', value: ready }],
      },
    ],
  });
  const { tasks = [] } = await ecs.runTask({
    taskDefinition: 'app',
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
  });
  const task = tasks[0]?.taskArn ?? '';
  const status = async (client: ECS) => (await client.describeTasks({ tasks: [task] })).tasks?.[0]?.lastStatus;
  await expect.poll(() => status(ecs), { timeout: 60_000 }).toBe('RUNNING');
  await expect.poll(() => existsSync(ready), { timeout: 60_000 }).toBe(true);
  await ecs.stopTask({ task });
  await expect.poll(() => status(ecs), { timeout: 60_000 }).toMatch(/STOPPING|DEACTIVATING/);
  await first.stop();
  const second = await start();
  await expect.poll(() => status(clientOf(second)), { timeout: 60_000 }).toBe('STOPPED');
  await second.stop();
  rmSync(data, { recursive: true, force: true });
});
