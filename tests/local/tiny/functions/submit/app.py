"""Submits the uploaded text as the script of a job."""

import os

import boto3
from tiny_layer import job_name


def handler(event, _context):
    where = event["detail"]
    s3 = boto3.client("s3")
    got = s3.get_object(
        Bucket=where["bucket"]["name"],
        Key=where["object"]["key"],
        VersionId=where["object"]["version-id"],
    )
    boto3.client("batch").submit_job(
        jobName=job_name(where["object"]["key"]),
        jobQueue=os.environ["QUEUE"],
        jobDefinition=os.environ["DEFINITION"],
        parameters={"script": got["Body"].read().decode()},
    )
