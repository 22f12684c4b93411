// An application as people write it: nothing here says where AWS is, or who calls.
import { DeleteQueueCommand, GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const say = (what) => console.log(JSON.stringify(what));

try {
  const { Arn } = await new STSClient().send(new GetCallerIdentityCommand());
  say({ identity: Arn });
  const sqs = new SQSClient();
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: process.env.QUEUE_NAME }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
  say({ sent: true });
  try {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    say({ deleted: true });
  } catch (error) {
    say({ refused: error.Error?.Code ?? error.name, message: error.message });
  }
} catch (error) {
  if (error.name !== 'CredentialsProviderError') throw error;
  say({ without: error.name });
  process.exit(7);
}
