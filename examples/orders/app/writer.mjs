// Puts three orders into the queue. Nothing here says where AWS is or who calls: the SDK finds both by itself.
import { DeleteQueueCommand, GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const sqs = new SQSClient();

for (const name of ['DB_PASSWORD', 'API_KEY']) {
  if (!process.env[name]) throw new Error(`${name} was not injected`);
  console.log(`${name} has ${process.env[name].length} characters`);
}

const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: process.env.QUEUE_NAME }));

async function send(order) {
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ order }) }));
  console.log(`order ${order} sent`);
}

await send(1);
await send(2);

// A bug that the role keeps harmless: the service is not meant to delete its queue.
try {
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  console.log('the queue is gone');
  process.exit(1);
} catch (error) {
  console.log(`the queue stays: ${error.name}`);
}

await send(3);
