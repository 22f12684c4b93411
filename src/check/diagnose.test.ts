import { describe, expect, it } from 'vitest';
import { explain, whySentence } from '../policy/explain.ts';
import { parsePolicy } from '../policy/parse.ts';
import { preparePolicies } from '../policy/prepare.ts';
import type { AccessRequest } from '../policy/types.ts';
import type { RoleKind, Stage } from '../roles/duty.ts';
import { diagnose, type OtherRole } from './diagnose.ts';

const PARAMETER = 'arn:aws:ssm:eu-west-1:111122223333:parameter/my-service/dev/db';

function refused(
  document: object,
  request: Partial<AccessRequest> = {},
  role: RoleKind = 'task-execution',
  stage: Stage = 'secrets',
  others: OtherRole[] = [],
) {
  const policy = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: document }), 'identity');
  const asked: AccessRequest = {
    principal: {
      type: 'role-session',
      account: '111122223333',
      arn: 'arn:aws:sts::111122223333:assumed-role/app/x',
      roleArn: 'arn:aws:iam::111122223333:role/app',
    },
    action: 'ssm:GetParameters',
    resource: PARAMETER,
    resourceAccount: '111122223333',
    context: {},
    ...request,
  };
  const explanation = explain(asked, preparePolicies({ identity: [{ name: 'own', policy }] }));
  expect(explanation.decision.effect).not.toBe('Allowed');
  return diagnose(
    {
      action: asked.action,
      resource: asked.resource,
      principal: 'app',
      role,
      stage,
      why: whySentence(explanation),
      ...(explanation.missing === undefined ? {} : { missing: explanation.missing }),
    },
    others,
  );
}

const unrelated = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };

describe('diagnose', () => {
  it('names the one word that is wrong', () => {
    const { why, fix } = refused({
      Sid: 'ReadParameters',
      Effect: 'Allow',
      Action: 'ssm:GetParameter',
      Resource: PARAMETER,
    });
    expect(why).toBe(
      'statement ReadParameters of own allows ssm:GetParameter here, but the call is ssm:GetParameters (`secrets` are read with it before a container starts).',
    );
    expect(fix[0]?.action).toContain('change ssm:GetParameter to ssm:GetParameters');
    expect(fix[0]?.target).toBe('task execution role app');
  });

  it('says that the grant is on the wrong role', () => {
    const { why, fix } = refused(unrelated, {}, 'task-execution', 'secrets', [
      {
        role: 'task',
        name: 'orders-task',
        grants: { kind: 'identity', policy: 'app-policy', sid: 'Secrets', index: 0 },
      },
    ]);
    expect(why).toContain('is granted to the wrong role: the task role orders-task has it (app-policy / Secrets)');
    expect(fix).toEqual([
      {
        target: 'task execution role app',
        action: 'move the grant from the task role orders-task to the task execution role app',
        statement: { Effect: 'Allow', Action: 'ssm:GetParameters', Resource: PARAMETER },
      },
    ]);
  });

  it('knows an application that fell back to the instance role', () => {
    const { why, fix } = refused(unrelated, {}, 'container-instance', 'running');
    expect(why).toContain('has no task role');
    expect(fix[0]?.target).toBe('task definition');
  });

  it('gives the smallest statement when nothing comes near', () => {
    const { fix } = refused(unrelated);
    expect(fix).toEqual([
      {
        target: 'task execution role app',
        action: 'add this statement',
        statement: { Effect: 'Allow', Action: 'ssm:GetParameters', Resource: PARAMETER },
      },
    ]);
  });

  it('names the resource that a statement misses', () => {
    const { why } = refused({
      Effect: 'Allow',
      Action: 'ssm:GetParameters',
      Resource: 'arn:aws:ssm:eu-west-1:111122223333:parameter/my-service/prod/db',
    });
    expect(why).toContain('but on arn:aws:ssm:eu-west-1:111122223333:parameter/my-service/prod/db, not on');
  });

  it('names the condition with the value asked and the value found', () => {
    const statement = {
      Effect: 'Allow',
      Action: 'ssm:GetParameters',
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } },
    };
    const { why } = refused(statement, { context: { 'aws:RequestedRegion': 'eu-west-1' } });
    expect(why).toMatch(/StringEquals aws:RequestedRegion asks for us-east-1; the call carries "eu-west-1"/i);
  });

  it('promises nothing against an explicit deny', () => {
    const { why, fix } = refused([
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Sid: 'No', Effect: 'Deny', Action: 'ssm:*', Resource: '*' },
    ] as unknown as object);
    expect(why).toContain('explicitly denies');
    expect(fix[0]?.statement).toBeUndefined();
  });
});
