import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mainEnvironment, readCdkManifest } from './cdk-output.ts';
import { plain } from './node.ts';
import { SourceError } from './origin.ts';
import { readWorkload, settingsOf } from './read-workload.ts';
import type { Unknown } from './unknown.ts';

// Synthesized by aws-cdk-lib; metadata and the asset publishing of templates that are not nested were taken out.
const FOLDER = fileURLToPath(new URL('./testdata/cdk.out', import.meta.url));

interface Task {
  readonly containerDefinitions: readonly {
    readonly image: string;
    readonly secrets: readonly { valueFrom: unknown }[];
  }[];
}

function read(account = '111122223333', region = 'eu-central-1') {
  return readWorkload([FOLDER], { account, region });
}

describe('the output of the CDK', () => {
  it('says which account and Region it is for', () => {
    expect(settingsOf([FOLDER])).toMatchObject({ account: '111122223333', region: 'eu-central-1' });
  });

  it('is read with its nested stacks, in the file that each was written to', () => {
    const { taskDefinitions } = read();
    expect(taskDefinitions.map(({ origin }) => `${origin.file.slice(FOLDER.length + 1)} ${origin.path}`)).toEqual([
      'Web.template.json /Resources/Task79114B6B',
      'WebReports81C0DA92.nested.template.json /Resources/Task79114B6B',
    ]);
  });

  it('carries values from one stack into another, and into nested ones', () => {
    const { taskDefinitions, repositories, secrets, parameters, inlinePolicies, queues } = read();
    const [web, reports] = taskDefinitions.map(({ input }) => plain(input) as unknown as Task);
    expect(web?.containerDefinitions[0]?.image).toBe(
      `111122223333.dkr.ecr.eu-central-1.amazonaws.com/${repositories[0]?.name}:latest`,
    );
    const reference = web?.containerDefinitions[0]?.secrets[0]?.valueFrom as Unknown;
    expect(String(reference)).toBe(
      `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${secrets[0]?.name}-{…}:password::`,
    );
    expect(reference.missing[0]?.deferred).toEqual({ resource: secrets[0]?.id, attribute: 'ArnSuffix' });
    expect(reports?.containerDefinitions[0]?.secrets[0]?.valueFrom).toBe(
      parameters.find(({ id }) => id?.startsWith('Data/'))?.arn,
    );
    const send = inlinePolicies.find(({ name }) => String(name).startsWith('TaskTaskRoleDefaultPolicy'));
    expect(plain(send!.document.node)).toMatchObject({ Statement: [{ Resource: queues[0]?.arn }] });
  });

  it('knows which task definition a service runs', () => {
    const { services, taskDefinitions, clusters } = read();
    expect(services).toHaveLength(1);
    expect((services[0]!.taskDefinition as Unknown).missing[0]?.deferred?.resource).toBe(taskDefinitions[0]?.id);
    expect(services[0]!.cluster).toBe(clusters[0]?.name);
    expect(plain(services[0]!.input)).toMatchObject({ launchType: 'FARGATE', enableExecuteCommand: true });
  });

  it('leaves out what is for another Region, and says which account it takes where the app leaves it open', () => {
    const { leftOut, assumed, parameters } = read();
    expect(leftOut.map(({ what, why }) => `${what}: ${why}`)).toContain(
      'stack `Edge-Parameters`: it is for 111122223333, us-east-1; read it with --account 111122223333 --region us-east-1',
    );
    expect(assumed.map(({ what, origin }) => [what, origin.path])).toEqual([
      [
        'account 111122223333 and Region eu-central-1 for the stack `Open-Parameters`',
        '/artifacts/OpenParameters78F98AE3',
      ],
    ]);
    expect(parameters.map(({ id }) => id?.split('/')[0])).toEqual(['Open-Parameters', 'Data']);
  });

  it('is read for the Region asked for', () => {
    expect(read('111122223333', 'us-east-1').parameters.map(({ id }) => id?.split('/')[0])).toEqual([
      'Edge-Parameters',
      'Open-Parameters',
    ]);
  });

  it('refuses an assembly that has nothing for the account asked for', () => {
    const edge = `${FOLDER}/assembly-Edge`;
    const fails = () => readWorkload([edge], { account: '999988887777', region: 'us-east-1' });
    expect(fails).toThrow(SourceError);
    expect(fails).toThrow('no stack of this CDK app is for account 999988887777 and Region us-east-1');
  });
});

describe('an app whose stacks are for several accounts', () => {
  const APP = fileURLToPath(new URL('../../tests/golden/RC109-cdk-another-account/cdk.out', import.meta.url));

  it('is of the account that has the tasks, whichever stack comes first', () => {
    const stacks = readCdkManifest(APP);
    expect(stacks.map(({ name, account }) => [name, account])).toEqual([
      ['Images', '222222222222'],
      ['Orders', '111122223333'],
    ]);
    for (const order of [stacks, [...stacks].reverse()])
      expect(mainEnvironment(order)).toEqual({ account: '111122223333', region: 'eu-west-1' });
  });

  it('keeps the other account’s resources apart', () => {
    const { repositories, taskDefinitions, otherAccounts } = readWorkload([APP], {
      account: '111122223333',
      region: 'eu-west-1',
    });
    expect([repositories.length, taskDefinitions.length]).toEqual([0, 1]);
    expect(otherAccounts.map(({ account, repositories: theirs }) => [account, theirs.map(({ arn }) => arn)])).toEqual([
      ['222222222222', ['arn:aws:ecr:eu-west-1:222222222222:repository/team/orders']],
    ]);
  });

  it('refuses to be read for the account that has no tasks', () => {
    const fails = () => readWorkload([APP], { account: '222222222222', region: 'eu-west-1' });
    expect(fails).toThrow('the task definitions of the input are of account 111122223333');
  });
});
