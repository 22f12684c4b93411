import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { check } from '../src/check/check.ts';
import { readWorkload } from '../src/sources/read-workload.ts';
import { median, type Row } from './table.ts';

const ACCOUNT = '111122223333';
const REGION = 'eu-west-1';
const TASK_DEFINITIONS = 1000;
const RUNS = 5;

/** Task definitions and roles as a company keeps them: a role each for execution and for the application, in files. */
function writeWorkload(folder: string): void {
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
      },
    ],
  };
  const write = (path: string, value: object) => writeFileSync(join(folder, path), JSON.stringify(value, undefined, 2));
  for (let number = 0; number < TASK_DEFINITIONS; number++) {
    const name = `service-${number}`;
    const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
    write(`task-definition-${number}.json`, {
      family: name,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/${name}-execution`,
      taskRoleArn: `arn:aws:iam::${ACCOUNT}:role/${name}-task`,
      containerDefinitions: [
        {
          name: 'app',
          image: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${name}:1`,
          secrets: [
            { name: 'TOKEN', valueFrom: `/${name}/token` },
            { name: 'DATABASE', valueFrom: arn('secretsmanager', `secret:${name}/db-AbCdEf:password::`) },
          ],
          logConfiguration: {
            logDriver: 'awslogs',
            options: { 'awslogs-group': `/${name}`, 'awslogs-region': REGION, 'awslogs-stream-prefix': 'app' },
          },
        },
      ],
    });
    const policies = {
      execution: [
        { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
        {
          Effect: 'Allow',
          Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
          Resource: arn('ecr', `repository/${name}`),
        },
        {
          Effect: 'Allow',
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: arn('logs', `log-group:/${name}:*`),
        },
        // Every tenth has the singular by mistake: refusals are explained, and that takes its time too.
        {
          Effect: 'Allow',
          Action: number % 10 === 0 ? 'ssm:GetParameter' : 'ssm:GetParameters',
          Resource: arn('ssm', `parameter/${name}/*`),
        },
        {
          Effect: 'Allow',
          Action: 'secretsmanager:GetSecretValue',
          Resource: arn('secretsmanager', `secret:${name}/db-??????`),
        },
      ],
      task: [{ Effect: 'Allow', Action: ['sqs:SendMessage', 'sqs:ReceiveMessage'], Resource: arn('sqs', name) }],
    };
    for (const [kind, Statement] of Object.entries(policies)) {
      mkdirSync(join(folder, 'roles', `${name}-${kind}`, 'policies'), { recursive: true });
      write(`roles/${name}-${kind}/trust.json`, trust);
      write(`roles/${name}-${kind}/policies/own.json`, { Version: '2012-10-17', Statement });
    }
  }
}

function seconds(work: () => unknown): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** Reading and checking 1,000 task definitions with their 2,000 roles, beside plain parsing of the same files. */
export async function checkRows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rolecall-bench-'));
  try {
    writeWorkload(folder);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const read = () => readWorkload([folder], { account: ACCOUNT, region: REGION });
    const workload = read();
    const { duties, findings } = check(workload);
    const refused = findings.filter(({ verdict }) => verdict === 'refused').length;
    if (duties.length !== TASK_DEFINITIONS * 9 || refused !== TASK_DEFINITIONS / 10)
      throw new Error(`${duties.length} duties and ${refused} refusals: not what was laid out`);
    const times = (work: () => unknown) => median(Array.from({ length: RUNS }, () => seconds(work)));
    const decided = times(() => check(workload));
    const whole = times(() => check(read()));
    const json = times(() => files.map((file) => JSON.parse(readFileSync(file, 'utf8'))));
    const yaml = seconds(() => files.map((file) => parse(readFileSync(file, 'utf8'))));
    const milli = (value: number) => `${(value * 1000).toFixed(0)} ms`;
    const what = '1,000 task definitions, 2,000 roles';
    return [
      {
        what: `check: ${what}, read and decided`,
        figure: milli(whole),
        beside: `JSON.parse of the ${files.length} files ${milli(json)}`,
        ratio: whole / json,
        goal: '≤ 1 s',
        met: whole <= 1,
      },
      {
        what: `check: ${what}, decided alone`,
        figure: milli(decided),
        beside: `yaml's parse of the same files ${milli(yaml)}`,
        ratio: decided / yaml,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
