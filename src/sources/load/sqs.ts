import type { QueueSource, Workload } from '../workload.ts';
import type { Outcome, Step } from './step.ts';

export function queueSteps(workload: Workload): Step[] {
  return workload.queues.map(queueStep);
}

function queueStep(queue: QueueSource): Step {
  // A queue's dead-letter queue is named by ARN and must be there first.
  const needs = [...queue.attributes.values()].flatMap((text) =>
    [...String(text).matchAll(/arn:aws:sqs:[^"]+/g)].map(String),
  );
  return {
    what: `queue ${queue.name}`,
    origin: queue.origin,
    provides: [queue.id, String(queue.arn)],
    from: queue,
    needs,
    async run(making): Promise<Outcome> {
      const { client } = making;
      const QueueName = making.text(queue.name);
      const Attributes = Object.fromEntries([...queue.attributes].map(([name, value]) => [name, making.text(value)]));
      const tags = making.tagMap(queue.tags);
      const { QueueUrls } = await client.call('sqs', 'ListQueues', { QueueNamePrefix: QueueName, MaxResults: 1000 });
      const there = QueueUrls?.find((url) => url.endsWith(`/${QueueName}`));
      if (there === undefined) {
        const { QueueUrl } = await client.call('sqs', 'CreateQueue', { QueueName, Attributes, tags });
        making.keep(queue.id, 'Ref', QueueUrl ?? '');
        return 'created';
      }
      making.keep(queue.id, 'Ref', there);
      const { FifoQueue: _, ...changeable } = Attributes; // fixed at creation
      if (Object.keys(changeable).length > 0)
        await client.call('sqs', 'SetQueueAttributes', { QueueUrl: there, Attributes: changeable });
      if (Object.keys(tags).length > 0) await client.call('sqs', 'TagQueue', { QueueUrl: there, Tags: tags });
      return 'updated';
    },
  };
}
