"""Which permissions a Batch request needs, and that taking any away is noticed."""

import http.client
import json

import pytest
from botocore.exceptions import ClientError

from dlc_batch.local.iam import Check, batch_resource

BATCH = "arn:aws:batch:us-east-1:000000000000"


def resource(operation, **request):
    return batch_resource(
        f"/v1/{operation}", json.dumps(request).encode(), "us-east-1", "000000000000"
    )


def test_submit_is_about_definition_queue_and_tags():
    about = resource("submitjob", jobDefinition="train:3", jobQueue=f"{BATCH}:job-queue/gpu")
    assert about == f"{BATCH}:job-definition/train:3"
    assert about.further == (Check("batch:SubmitJob", f"{BATCH}:job-queue/gpu"),)
    tagged = resource("submitjob", jobDefinition="d", jobQueue="q", tags={"lab": "mouse"})
    assert Check("batch:TagResource", f"{BATCH}:job/new") in tagged.further


def test_terminate_is_about_the_job_and_lists_are_about_everything():
    assert resource("terminatejob", jobId="7") == f"{BATCH}:job/7"
    assert resource("listjobs", jobQueue="q") == "*"
    assert batch_resource("/v1/submitjob", b"no json", "r", "a") == "*"


@pytest.fixture
def role(tiny):
    """Clients that act under a role with exactly the statements given."""
    iam = tiny.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="tried", AssumeRolePolicyDocument=document)
    arn = "arn:aws:iam::000000000000:role/tried"

    def clients(*statements):
        policy = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in statements]
        document = json.dumps({"Version": "2012-10-17", "Statement": policy})
        iam.put_role_policy(RoleName="tried", PolicyName="p", PolicyDocument=document)
        got = tiny.client("sts").assume_role(RoleArn=arn, RoleSessionName="trial")["Credentials"]
        keys = {
            "aws_access_key_id": got["AccessKeyId"],
            "aws_secret_access_key": got["SecretAccessKey"],
            "aws_session_token": got["SessionToken"],
        }
        return lambda service: tiny.session._session.client(
            service, endpoint_url=tiny.cloud.endpoint_url, **keys
        )

    yield clients
    iam.delete_role_policy(RoleName="tried", PolicyName="p")
    iam.delete_role(RoleName="tried")


DENIALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403")


def is_denied(call, **request):
    try:
        call(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIALS:
            raise
        return True
    return False


CALLS = {
    "dynamodb:UpdateItem": lambda c, o: (
        c("dynamodb").update_item,
        {"TableName": o["Table"], "Key": {"id": {"S": "x"}}},
    ),
    "sns:Publish": lambda c, o: (c("sns").publish, {"TopicArn": o["Topic"], "Message": "m"}),
    "sqs:SendMessage": lambda c, o: (
        c("sqs").send_message,
        {"QueueUrl": o["Lost"], "MessageBody": "m"},
    ),
    "batch:ListJobs": lambda c, o: (c("batch").list_jobs, {"jobQueue": o["Queue"]}),
    "s3:PutObject": lambda c, o: (
        c("s3").put_object,
        {"Bucket": o["Bucket"], "Key": "results/k", "Body": b""},
    ),
}


@pytest.mark.parametrize("action", sorted(CALLS))
def test_a_call_needs_its_permission(tiny, role, action):
    call, request = CALLS[action](role((action, "*")), tiny.cloud.outputs)
    assert not is_denied(call, **request)
    call, request = CALLS[action](role(("logs:PutLogEvents", "*")), tiny.cloud.outputs)
    assert is_denied(call, **request)


def test_reading_a_version_needs_the_permission_for_versions(tiny, role):
    where = {"Bucket": tiny.cloud.bucket, "Key": "results/versioned"}
    where["VersionId"] = tiny.client("s3").put_object(**where, Body=b"1")["VersionId"]
    assert not is_denied(role(("s3:GetObjectVersion", "*"))("s3").get_object, **where)
    assert is_denied(role(("s3:GetObject", "*"))("s3").get_object, **where)


def test_submitting_a_job_needs_both_the_definition_and_the_queue(tiny, role):
    definition, queue = tiny.cloud.outputs["Definition"], tiny.cloud.outputs["Queue"]
    request = {"jobName": "j", "jobDefinition": definition, "jobQueue": queue}

    def denied(*statements, **more):
        return is_denied(role(*statements)("batch").submit_job, **request, **more)

    assert not denied(("batch:SubmitJob", [definition, queue]))
    assert denied(("batch:SubmitJob", [definition]))
    assert denied(("batch:SubmitJob", [queue]))
    assert denied(("batch:SubmitJob", [definition, queue]), tags={"lab": "mouse"})
    may_tag = ("batch:TagResource", f"{BATCH}:job/*")
    assert not denied(("batch:SubmitJob", [definition, queue]), may_tag, tags={"lab": "mouse"})


@pytest.mark.parametrize("service", ["s3", "batch", "dynamodb"])
@pytest.mark.parametrize("key", [None, "test", "000000000000", "AKIAUNKNOWN000000000"])
def test_only_who_knows_the_admins_secret_is_let_in(tiny, service, key):
    client = tiny.session._session.client(
        service,
        endpoint_url=tiny.cloud.endpoint_url,
        aws_access_key_id=key or tiny.cloud.access_key_id,
        aws_secret_access_key="test",
    )
    calls = {"s3": "list_buckets", "batch": "describe_job_queues", "dynamodb": "list_tables"}
    with pytest.raises(ClientError) as refused:
        getattr(client, calls[service])()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_localstack/x"])
def test_the_emulators_own_administration_is_closed(tiny, path):
    connection = http.client.HTTPConnection("127.0.0.1", tiny.cloud.port, timeout=10)
    connection.request("POST", path, body=b"{}")
    assert connection.getresponse().status == 403
    connection.close()


def test_a_statement_that_asks_for_tls_lets_local_requests_pass(tiny, role):
    s3 = tiny.client("s3")
    without_tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{tiny.cloud.bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [without_tls]})
    s3.put_bucket_policy(Bucket=tiny.cloud.bucket, Policy=policy)
    try:
        where = {"Bucket": tiny.cloud.bucket, "Key": "results/tls"}
        assert not is_denied(role(("s3:PutObject", "*"))("s3").put_object, **where)
    finally:
        s3.delete_bucket_policy(Bucket=tiny.cloud.bucket)


@pytest.fixture
def tagged(tiny):
    """Clients of a user with a tag `lab` and one statement."""
    iam = tiny.client("iam")
    iam.create_user(UserName="tagged", Tags=[{"Key": "lab", "Value": "mouse"}])
    key = iam.create_access_key(UserName="tagged")["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }

    def clients(service, **statement):
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
        iam.put_user_policy(UserName="tagged", PolicyName="p", PolicyDocument=json.dumps(document))
        return tiny.session._session.client(service, endpoint_url=tiny.cloud.endpoint_url, **keys)

    yield clients
    iam.delete_user_policy(UserName="tagged", PolicyName="p")
    iam.delete_access_key(UserName="tagged", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="tagged")


def test_a_principals_tag_stands_for_a_part_of_a_resource(tiny, tagged):
    bucket = tiny.cloud.bucket
    own = f"arn:aws:s3:::{bucket}/results/${{aws:PrincipalTag/lab}}/*"
    s3 = tagged("s3", Action="s3:PutObject", Resource=own)
    assert not is_denied(s3.put_object, Bucket=bucket, Key="results/mouse/k", Body=b"")
    assert is_denied(s3.put_object, Bucket=bucket, Key="results/rat/k", Body=b"")
    unknown = own.replace("lab", "town")
    s3 = tagged("s3", Action="s3:PutObject", Resource=unknown)
    assert is_denied(s3.put_object, Bucket=bucket, Key="results/mouse/k", Body=b"")


@pytest.mark.parametrize("name", ["id", "#id"])
def test_a_principals_tag_stands_for_a_partition_key(tiny, tagged, name):
    condition = {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/lab}"]}
    }
    database = tagged("dynamodb", Action="dynamodb:*", Resource="*", Condition=condition)
    table = tiny.cloud.outputs["Table"]
    named = {"ExpressionAttributeNames": {"#id": "id"}} if name == "#id" else {}
    for value, allowed in (("mouse", True), ("rat", False)):
        key = {"id": {"S": value}}
        assert is_denied(database.get_item, TableName=table, Key=key) != allowed
        assert is_denied(database.put_item, TableName=table, Item=key) != allowed
        asked = {"KeyConditionExpression": f"{name} = :v", **named}
        values = {"ExpressionAttributeValues": {":v": {"S": value}}}
        assert is_denied(database.query, TableName=table, **asked, **values) != allowed


def test_a_principals_tag_is_compared_with_that_of_a_job(tiny, tagged):
    same = {"StringEquals": {"aws:ResourceTag/lab": "${aws:PrincipalTag/lab}"}}
    batch = tagged("batch", Action="batch:TerminateJob", Resource="*", Condition=same)
    for tags, allowed in (({"lab": "mouse"}, True), ({"lab": "rat"}, False), ({}, False)):
        job = tiny.submit(tags=tags)
        assert is_denied(batch.terminate_job, jobId=job, reason="r") != allowed


def test_log_events_are_about_a_stream(tiny, tagged):
    group = tiny.cloud.outputs["Logs"]
    tiny.client("logs").create_log_stream(logGroupName=group, logStreamName="s")
    asked = {"logGroupName": group, "logStreamName": "s"}
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    for resource, allowed in ((f"{arn}:*", True), (f"{arn}:log-stream:s", True), (arn, False)):
        logs = tagged("logs", Action="logs:GetLogEvents", Resource=resource)
        assert is_denied(logs.get_log_events, **asked) != allowed
