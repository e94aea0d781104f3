"""The tiny stack end to end: what the hooks on MiniStack's inside are for."""

import io
import json
import os
import uuid
import zipfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from dlc_batch.local.functions import CONCURRENT_FUNCTIONS


def upload(tiny, script, name=None):
    key = f"uploads/{name or uuid.uuid4().hex}.py"
    tiny.client("s3").put_object(Bucket=tiny.cloud.bucket, Key=key, Body=script.encode())
    return key.replace("/", "-").replace(".", "-")


def test_an_upload_becomes_a_job_a_record_and_a_mail(tiny, wait_for):
    name = upload(tiny, "print('trained')")
    (mail,) = wait_for(lambda: [m for m in tiny.mails() if m.subject.startswith(name)])
    assert mail.subject == f"{name}: SUCCEEDED"
    assert mail.to == "lab@example.org"
    assert mail.body == (
        "Grüße aus dem Labor für Mäuse\n"  # from the layer
        f"{name} is SUCCEEDED: Essential container in task exited"
    )
    records = tiny.session.resource("dynamodb").Table(tiny.cloud.outputs["Table"]).scan()["Items"]
    assert [r["status"] for r in records if r.get("name") == name] == ["SUCCEEDED"]


def test_the_event_names_the_version_that_was_uploaded(tiny, wait_for):
    name = uuid.uuid4().hex
    upload(tiny, "print('first')", name)
    upload(tiny, "print('second')", name)

    def both_ran():
        found = tiny.client("batch").list_jobs(
            jobQueue=tiny.cloud.outputs["Queue"],
            filters=[{"name": "JOB_NAME", "values": [f"uploads-{name}*"]}],
        )["jobSummaryList"]
        done = [job for job in found if job["status"] == "SUCCEEDED"]
        return done if len(done) == 2 else None

    logs = {tuple(tiny.log(tiny.job(job["jobId"]))) for job in wait_for(both_ran)}
    assert logs == {("first",), ("second",)}


def test_what_an_update_interrupts_is_tried_again_as_it_is_now(tiny, wait_for, tmp_path):
    functions, logs = tiny.client("lambda"), tiny.client("logs")
    code = "import os, time\ndef handler(event, _):\n    open(event['sign'], 'w').close()\n"
    code += "    time.sleep(event['seconds'])\n    print('ended', os.environ['IT_IS'])\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    name = f"updated-{uuid.uuid4().hex}"
    role = functions.list_functions()["Functions"][0]["Role"]
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Timeout=30,
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": {"IT_IS": "old"}},
    )

    def said(what):
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except ClientError:  # no log group yet
            return False
        return any(what in event["message"] for event in found)

    def invoke(seconds, kind):
        payload = json.dumps({"seconds": seconds, "sign": str(tmp_path / "began")})
        functions.invoke(FunctionName=name, Payload=payload, InvocationType=kind)

    invoke(6, "Event")
    wait_for((tmp_path / "began").exists)
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"IT_IS": "new"}}
    )
    wait_for(lambda: said("ended"))
    invoke(0, "RequestResponse")
    assert said("ended new")
    assert not said("ended old")


def test_versions_that_lie_on_disk_are_read_from_there(tiny):
    s3 = tiny.client("s3")
    where = {"Bucket": tiny.cloud.bucket, "Key": "results/history"}
    versions = [s3.put_object(**where, Body=body)["VersionId"] for body in (b"1", b"22", b"333")]
    s3.delete_object(**where)
    got = [s3.get_object(**where, VersionId=version)["Body"].read() for version in versions]
    assert got == [b"1", b"22", b"333"]


def test_a_part_of_an_object_is_read_whichever_way_it_is_named(tiny):
    s3 = tiny.client("s3")
    where = {"Bucket": tiny.cloud.bucket, "Key": "results/large"}
    body = bytes(range(256)) * 40_000
    old = s3.put_object(**where, Body=body)["VersionId"]
    current = s3.put_object(**where, Body=body[::-1])["VersionId"]
    for named, content in (
        ({}, body[::-1]),
        ({"VersionId": current}, body[::-1]),
        ({"VersionId": old}, body),
    ):
        for wanted, part in (("bytes=5-9", content[5:10]), ("bytes=-22", content[-22:])):
            got = s3.get_object(**where, **named, Range=wanted)
            assert got["Body"].read() == part
            assert got["ContentRange"].endswith(f"/{len(body)}")
        with pytest.raises(ClientError, match="InvalidRange"):
            s3.get_object(**where, **named, Range=f"bytes={len(body)}-")
    empty = {**where, "Key": "results/empty"}
    s3.put_object(**empty, Body=b"")
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(**empty, Range="bytes=-22")


def test_a_large_object_is_downloaded_in_parts(tiny, tmp_path):
    s3 = tiny.client("s3")
    body = os.urandom(1 << 20) * 40
    (tmp_path / "there").write_bytes(body)
    s3.upload_file(str(tmp_path / "there"), tiny.cloud.bucket, "results/40-mib")
    s3.download_file(tiny.cloud.bucket, "results/40-mib", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == body


def test_ref_of_a_batch_resource_is_its_arn(tiny):
    outputs = tiny.cloud.outputs
    assert outputs["Queue"].startswith("arn:aws:batch:us-east-1:000000000000:job-queue/")
    assert outputs["Definition"].endswith(":job-definition/dlc-batch-job:1")
    batch = tiny.client("batch")
    (definition,) = batch.describe_job_definitions(jobDefinitionName="dlc-batch-job")[
        "jobDefinitions"
    ]
    assert definition["retryStrategy"]["attempts"] == 3
    assert definition["parameters"]["argument"] == "unset"
    (queue,) = batch.describe_job_queues(jobQueues=[outputs["Queue"]])["jobQueues"]
    assert ":compute-environment/" in queue["computeEnvironmentOrder"][0]["computeEnvironment"]


def test_a_filter_policy_chooses_who_gets_a_mail(tiny, wait_for):
    subject = f"for one lab {uuid.uuid4().hex}"
    tiny.client("sns").publish(
        TopicArn=tiny.cloud.outputs["Topic"],
        Subject=subject,
        Message="text",
        MessageAttributes={"lab": {"DataType": "String", "StringValue": "other"}},
    )

    def receivers():
        found = [mail.to for mail in tiny.mails() if mail.subject == subject]
        return found if len(found) == 2 else None

    assert sorted(wait_for(receivers)) == ["lab@example.org", "other@example.org"]
    # The mail of the run above had lab=default: the filter kept it from the other lab.
    assert {m.to for m in tiny.mails() if m.subject.endswith("SUCCEEDED")} == {"lab@example.org"}


@pytest.mark.parametrize("subject", ["two\nlines", "x" * 101])
def test_a_subject_that_aws_refuses_is_refused(tiny, subject):
    with pytest.raises(ClientError, match="Subject"):
        tiny.client("sns").publish(
            TopicArn=tiny.cloud.outputs["Topic"], Subject=subject, Message="m"
        )


def test_functions_see_boto3_and_their_own_dependencies_only(tiny):
    function = "which-packages"
    code = """def handler(event, context):
    import importlib.util, os
    names = ["boto3", "ministack", "aiosmtpd", "pytest", "dlc_batch"]
    found = [name for name in names if importlib.util.find_spec(name)]
    return {"found": found, "secrets": [k for k in os.environ if "SECRET_OF" in k]}
"""
    answer = call_new_function(tiny, function, code)
    assert json.loads(answer) == {"found": ["boto3"], "secrets": []}


def call_new_function(tiny, name, code, payload=b"{}"):
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", code)
    functions = tiny.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::000000000000:role/{tiny.cloud.outputs['JobRole']}",
        Handler="app.handler",
        Timeout=30,
        Code={"ZipFile": content.getvalue()},
    )
    return functions.invoke(FunctionName=name, Payload=payload)["Payload"].read().decode()


def test_an_event_whose_function_fails_is_retried_and_then_kept(tiny, wait_for):
    """`Complete` fails, so after three attempts the queue for what is lost has the event."""
    sqs, lost = tiny.client("sqs"), tiny.cloud.outputs["Lost"]
    functions = tiny.client("lambda")
    name = tiny.cloud.outputs["Complete"]
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]
    sqs.purge_queue(QueueUrl=lost)
    broken = {"Variables": {**environment["Variables"], "TABLE": "no-such-table"}}
    functions.update_function_configuration(FunctionName=name, Environment=broken)
    try:
        job = tiny.ends(tiny.submit())
        (message,) = wait_for(lambda: sqs.receive_message(QueueUrl=lost).get("Messages"))
        event = json.loads(message["Body"])["requestPayload"]
        assert event["detail"]["jobId"] == job["jobId"]
        sqs.delete_message(QueueUrl=lost, ReceiptHandle=message["ReceiptHandle"])
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=environment)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts processes in /proc")
def test_a_burst_of_uploads_loses_none_and_starts_few_processes(tiny, wait_for):
    count, most = 25, 0
    names = {upload(tiny, "pass") for _ in range(count)}

    def ended():
        nonlocal most
        most = max(most, function_processes(tiny.cloud.pid))
        done = {m.subject.split(":")[0] for m in tiny.mails()} & names
        return len(done) == count

    wait_for(ended, 60)
    # Functions keep the processes of their last calls; three of them have been called here.
    assert 1 <= most <= 3 * CONCURRENT_FUNCTIONS


def function_processes(server):
    """How many children of the server run a Lambda worker."""
    found = 0
    for folder in Path("/proc").iterdir():
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            found += parent == server and b"_worker.py" in (folder / "cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            continue
    return found


def test_nothing_listens_beyond_this_computer(tiny):
    if not Path("/proc/net/tcp").is_file():
        pytest.skip("reads /proc/net/tcp")
    inodes = set()
    for link in Path(f"/proc/{tiny.cloud.pid}/fd").iterdir():
        target = str(link.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{tiny.cloud.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.add(fields[1].split(":")[0])
    assert listening == {"0100007F"}  # 127.0.0.1
