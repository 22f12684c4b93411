import { expect, it } from 'vitest';
import { taskPlan } from '../../roles/plan.ts';
import { contextOf } from './context.ts';
import type { RoleView } from './roles.ts';

it('an EFS mount comes through a mount target, and by its access point', () => {
  const [mount] = taskPlan(
    {
      volumes: [
        {
          name: 'v',
          efsVolumeConfiguration: {
            fileSystemId: 'fs-1',
            authorizationConfig: { iam: 'ENABLED', accessPointId: 'fsap-1' },
          },
        },
      ],
    },
    { launchType: 'FARGATE', region: 'eu-west-1', account: '111122223333', cluster: 'default' },
  );
  const role = { account: '111122223333', arn: 'arn:aws:iam::111122223333:role/task', tags: {} } as RoleView;
  const fileSystem = 'arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-1';
  expect(contextOf(mount!, role, fileSystem, { clusterArn: '' })).toMatchObject({
    'elasticfilesystem:AccessedViaMountTarget': 'true',
    'elasticfilesystem:AccessPointArn': 'arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-1',
  });
});
