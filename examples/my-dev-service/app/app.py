# Moves one message from the pending queue to the confirmed one. Nothing here says where AWS is or who calls.
import sys

try:
    import boto3
except ImportError:
    sys.exit("this example needs boto3 for python3: pip install boto3")

sqs = boto3.Session(region_name="eu-west-1").client("sqs")

pending = sqs.get_queue_url(QueueName="dev-pending-queue")["QueueUrl"]
confirmed = sqs.get_queue_url(QueueName="dev-confirmed-queue")["QueueUrl"]

sqs.send_message(QueueUrl=pending, MessageBody="order 1")
message = sqs.receive_message(QueueUrl=pending, WaitTimeSeconds=5)["Messages"][0]
sqs.change_message_visibility(QueueUrl=pending, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)
sqs.send_message(QueueUrl=confirmed, MessageBody=message["Body"])
print(message["Body"], "confirmed")
