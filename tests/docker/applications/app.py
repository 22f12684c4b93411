"""An application as people write it: nothing here says where AWS is, or who calls."""

import json
import os

import boto3
from botocore.exceptions import ClientError, NoCredentialsError


def main():
    print(json.dumps({"identity": boto3.client("sts").get_caller_identity()["Arn"]}))
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=os.environ["QUEUE_NAME"])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    print(json.dumps({"sent": True}))
    try:
        sqs.delete_queue(QueueUrl=url)
        print(json.dumps({"deleted": True}))
    except ClientError as error:
        print(json.dumps({"refused": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}))


try:
    main()
except NoCredentialsError as error:
    print(json.dumps({"without": type(error).__name__}))
    raise SystemExit(7)
