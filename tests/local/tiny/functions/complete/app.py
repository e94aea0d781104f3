"""Notes the job's end in the table and mails it."""

import os

import boto3
from tiny_layer import GREETING


def handler(event, _context):
    job = event["detail"]
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    table.put_item(Item={"id": job["jobId"], "status": job["status"], "name": job["jobName"]})
    boto3.client("sns").publish(
        TopicArn=os.environ["TOPIC"],
        Subject=f"{job['jobName']}: {job['status']}",
        Message=f"{GREETING}\n{job['jobName']} is {job['status']}: {job.get('statusReason')}\n",
        MessageAttributes={"lab": {"DataType": "String", "StringValue": "default"}},
    )
