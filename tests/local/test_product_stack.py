"""The product's own template on a local cloud of its own."""

import boto3
import pytest
from botocore.exceptions import ClientError


def test_every_resource_of_the_template_is_made(local_cloud, cloud_session):
    stacks = cloud_session.client("cloudformation")
    made = stacks.describe_stack_resources(StackName=local_cloud.stack_name)["StackResources"]
    assert {r["ResourceStatus"] for r in made} == {"CREATE_COMPLETE"}
    types = {r["ResourceType"] for r in made}
    assert {"AWS::Batch::JobDefinition", "AWS::Lambda::LayerVersion", "AWS::Events::Rule"} <= types


def test_the_trainer_is_the_program_of_this_checkout(cloud_session):
    batch = cloud_session.client("batch")
    definitions = batch.describe_job_definitions()["jobDefinitions"]
    images = {d["containerProperties"]["image"] for d in definitions}
    assert images == {"local/trainer", "local/trainer-tensorflow"}
    assert {d["retryStrategy"]["attempts"] for d in definitions} == {3}


@pytest.fixture
def s3_of(local_cloud, cloud_session):
    """S3 as a role of the template may use it."""

    def client(logical_id):
        found = cloud_session.client("cloudformation").describe_stack_resource(
            StackName=local_cloud.stack_name, LogicalResourceId=logical_id
        )
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        role = f"arn:aws:iam::000000000000:role/{name}"
        sts = cloud_session.client("sts")
        got = sts.assume_role(RoleArn=role, RoleSessionName="trial")["Credentials"]
        return boto3.client(
            "s3",
            endpoint_url=local_cloud.endpoint_url,
            region_name=local_cloud.region,
            aws_access_key_id=got["AccessKeyId"],
            aws_secret_access_key=got["SecretAccessKey"],
            aws_session_token=got["SessionToken"],
        )

    return client


@pytest.mark.parametrize(
    ("key", "is_allowed"),
    [
        ("runs/lab/run/shuffle1/checkpoints/files/0a1b", True),
        ("runs/lab/run/shuffle1/checkpoints/000001.json", True),
        ("runs/lab/run/shuffle1/outcome.json", False),
        ("runs/lab/run/results/run.json", False),
        ("uploads/lab/project.zip", False),
    ],
)
def test_the_trainer_deletes_checkpoints_and_nothing_else(
    key, is_allowed, s3_of, local_cloud, cloud_session
):
    where = {"Bucket": local_cloud.bucket, "Key": key}
    cloud_session.client("s3").put_object(**where, Body=b"")
    assert is_denied(s3_of("TrainerRole").delete_object, **where) != is_allowed


def test_the_trainer_tags_checkpoints(s3_of, local_cloud):
    where = {"Bucket": local_cloud.bucket, "Key": "runs/lab/run/shuffle1/checkpoints/000001.json"}
    tagged = {"Body": b"", "Tagging": "dlc-batch=checkpoint"}
    assert not is_denied(s3_of("TrainerRole").put_object, **where, **tagged)


@pytest.mark.parametrize(
    ("file", "is_allowed"),
    [("request.json", True), ("shuffle1/outcome.json", False), ("results/run.json", False)],
)
def test_submit_reads_of_an_earlier_run_its_request_and_nothing_else(
    file, is_allowed, s3_of, local_cloud, cloud_session
):
    where = {"Bucket": local_cloud.bucket, "Key": f"runs/lab/run/{file}"}
    cloud_session.client("s3").put_object(**where, Body=b"")
    assert is_denied(s3_of("SubmitFunctionRole").get_object, **where) != is_allowed


def is_denied(call, **request):
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDenied"
    return False
