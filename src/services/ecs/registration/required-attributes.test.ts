import { expect, it } from 'vitest';
import { requiredAttributes } from './required-attributes.ts';
import type { Registration } from './rule.ts';

const attributes = (more: Partial<Registration>, container: Registration['containerDefinitions'][number] = {}) =>
  requiredAttributes({
    family: 'f',
    containerDefinitions: [{ name: 'app', image: 'app:1', ...container }],
    ...more,
  }).map((attribute) => attribute.name);
const AWS = 'com.amazonaws.ecs.capability';

it.each<[string, Partial<Registration>, Registration['containerDefinitions'][number], string[]]>([
  ['nothing', {}, {}, []],
  [
    'an execution role',
    { executionRoleArn: 'x' },
    {},
    [`${AWS}.docker-remote-api.1.18`, 'ecs.capability.execution-role-ecr-pull'],
  ],
  ['a task role', { taskRoleArn: 'x' }, {}, [`${AWS}.task-iam-role`]],
  [
    'a task role on the host network',
    { taskRoleArn: 'x', networkMode: 'host' },
    {},
    [`${AWS}.task-iam-role-network-host`],
  ],
  ['awsvpc', { networkMode: 'awsvpc' }, {}, ['ecs.capability.task-eni']],
  ['an ECR image', {}, { image: '000000000000.dkr.ecr.eu-west-1.amazonaws.com/a:1' }, [`${AWS}.ecr-auth`]],
  ['a public ECR image', {}, { image: 'public.ecr.aws/nginx/nginx:1' }, []],
  [
    'awslogs and an execution role',
    { executionRoleArn: 'x' },
    { logConfiguration: { logDriver: 'awslogs' } },
    [
      `${AWS}.docker-remote-api.1.18`,
      `${AWS}.docker-remote-api.1.19`,
      `${AWS}.logging-driver.awslogs`,
      'ecs.capability.execution-role-awslogs',
      'ecs.capability.execution-role-ecr-pull',
    ],
  ],
  [
    'secrets of both kinds',
    {},
    {
      secrets: [
        { name: 'A', valueFrom: 'a' },
        { name: 'B', valueFrom: 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:b-AbCdEf' },
      ],
    },
    ['ecs.capability.secrets.asm.environment-variables', 'ecs.capability.secrets.ssm.environment-variables'],
  ],
  [
    'a health check',
    {},
    { healthCheck: { command: ['CMD', 'x'] } },
    [`${AWS}.docker-remote-api.1.29`, 'ecs.capability.container-health-check'],
  ],
  [
    'EFS with authorization',
    {
      volumes: [
        { name: 'v', efsVolumeConfiguration: { fileSystemId: 'fs-1', authorizationConfig: { iam: 'ENABLED' } } },
      ],
    },
    {},
    [`${AWS}.docker-remote-api.1.25`, 'ecs.capability.efsAuth'],
  ],
])('%s', (_what, more, container, expected) => {
  expect(attributes(more, container)).toEqual(expected);
});
