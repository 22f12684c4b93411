import { operation } from '../../gateway/operation.ts';
import { activeCluster, onCluster, resolveCluster } from './clusters.ts';
import { invalidParameter, taskNotFound } from './errors.ts';
import { type ClusterName, taskName } from './identifiers.ts';
import { checkLength } from './launch-request.ts';
import { type TaskStatus, tasks } from './records.ts';
import { applyAttachmentState, applyTaskState } from './task-state.ts';

interface OfCluster {
  readonly cluster: ClusterName;
}

/** The agent speaks of RUNNING and STOPPED, and of PENDING for all before. Source: agent, ecs-agent/api/ecs/client. */
function reportedStatus(status: string | undefined): TaskStatus | undefined {
  return status === 'RUNNING' || status === 'STOPPED' || status === 'PENDING' ? status : undefined;
}

/** unverified: what ECS answers; the agent does not read it */
const ACKNOWLEDGED = { acknowledgment: 'ACK' };

export const SubmitTaskStateChange = operation<'ecs', 'SubmitTaskStateChange', OfCluster>(
  'ecs',
  'SubmitTaskStateChange',
  {
    resolve: resolveCluster,
    authorize: (context) => [onCluster('SubmitTaskStateChange', context)],
    handle: ({ input, tx, now, cluster }) => {
      activeCluster(tx, cluster);
      checkLength('reason', input.reason, 1024);
      const task = taskName(input.task ?? '', cluster);
      for (const { attachmentArn, status } of input.attachments ?? []) {
        applyAttachmentState(tx, task.arn, attachmentIdOf(attachmentArn), status);
      }
      const applied = applyTaskState(tx, now, task.arn, {
        status: reportedStatus(input.status),
        reason: input.reason,
        containers: (input.containers ?? []).map((container) => ({
          ...container,
          containerName: container.containerName ?? '',
        })),
        managedAgents: input.managedAgents,
        pullStartedAt: input.pullStartedAt,
        pullStoppedAt: input.pullStoppedAt,
        executionStoppedAt: input.executionStoppedAt,
      });
      if (applied === undefined) throw taskNotFound();
      return ACKNOWLEDGED;
    },
  },
);

export const SubmitContainerStateChange = operation<'ecs', 'SubmitContainerStateChange', OfCluster>(
  'ecs',
  'SubmitContainerStateChange',
  {
    resolve: resolveCluster,
    authorize: (context) => [onCluster('SubmitContainerStateChange', context)],
    handle: ({ input, tx, now, cluster }) => {
      activeCluster(tx, cluster);
      checkLength('reason', input.reason, 1024);
      const { cluster: _, task: text, containerName = '', ...change } = input;
      const task = taskName(text ?? '', cluster);
      const applied = applyTaskState(tx, now, task.arn, { containers: [{ containerName, ...change }] });
      if (applied === undefined) throw taskNotFound();
      return ACKNOWLEDGED;
    },
  },
);

export const SubmitAttachmentStateChanges = operation<'ecs', 'SubmitAttachmentStateChanges', OfCluster>(
  'ecs',
  'SubmitAttachmentStateChanges',
  {
    resolve: resolveCluster,
    authorize: (context) => [onCluster('SubmitAttachmentStateChanges', context)],
    handle: ({ input, tx, cluster }) => {
      activeCluster(tx, cluster);
      for (const { attachmentArn, status } of input.attachments) {
        const id = attachmentIdOf(attachmentArn);
        const task = tx
          .list(tasks, cluster.arn)
          .find((one) => one.attachments.some((attachment) => attachment.id === id));
        // unverified: text
        if (task === undefined) throw invalidParameter(`The referenced attachment was not found: ${attachmentArn}`);
        applyAttachmentState(tx, task.arn, id, status);
      }
      return ACKNOWLEDGED;
    },
  },
);

/** `arn:aws:ecs:…:attachment/ID` → `ID`. */
function attachmentIdOf(attachmentArn: string): string {
  return attachmentArn.slice(attachmentArn.lastIndexOf('/') + 1);
}
