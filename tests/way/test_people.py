"""What a scientist may and may not do, by the stack's own policy and the tag `lab`, over HTTP."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from tests.client.console.running import Visitor, running
from tests.client.relay import relay_to

from dlc_batch.cloud import Cloud
from dlc_batch.ending import How, cancel, stop
from dlc_batch.job_logs import Reader, attempts_of
from dlc_batch.runs import NoSuchRun, find_run, list_runs, read_status
from dlc_batch.submitting import send
from dlc_batch.watching import Watch
from dlc_batch_core.errors import CloudError
from dlc_batch_core.keys import RunKeys, UploadKey
from dlc_batch_core.run import Run

DENIALS = ("AccessDenied", "AccessDeniedException", "403")
MEGABYTE = 2**20


class Scientist:
    """A user with the stack's ScientistPolicy and a tag, or without one."""

    def __init__(self, way: Any, name: str, lab: str | None) -> None:
        self.way, self.name, self._iam = way, name, way.client("iam")
        tags = [{"Key": "lab", "Value": lab}] if lab else []
        self._iam.create_user(UserName=name, Tags=tags)
        policy = way.cloud.outputs["ScientistPolicy"]
        self._iam.attach_user_policy(UserName=name, PolicyArn=policy)
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        self.session = boto3.Session(
            key["AccessKeyId"], key["SecretAccessKey"], region_name=way.cloud.region
        )

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.way.cloud.endpoint_url)

    def cloud(self, lab: str | None) -> Cloud:
        """The stack as the client sees it with this user's keys."""
        outputs, url = self.way.cloud.outputs, self.way.cloud.endpoint_url
        names = [outputs[each] for each in ("Bucket", "RunsTable", "JobQueue", "TopicArn")]
        return Cloud(self.session, url, *names, lab)

    def may(self, call: Callable[[], Any]) -> bool:
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIALS:
                raise
            return False
        return True


@pytest.fixture(scope="module")
def ann(way: Any) -> Scientist:
    return Scientist(way, "ann", "miller")


@pytest.fixture(scope="module")
def nobody(way: Any) -> Scientist:
    return Scientist(way, "nobody", None)


@pytest.fixture(scope="module")
def runs(way: Any, zip_project: Callable[..., bytes]) -> dict[str, Run]:
    """A run of the scientist's lab and one of another, both ended."""
    started = {lab: way.put(zip_project(), f"uploads/{lab}/p.zip") for lab in ("miller", "other")}
    return {lab: way.ended(run) for lab, run in started.items()}


def test_uploads_in_one_piece_and_in_many_go_into_the_own_labs_folder_only(
    ann: Scientist, way: Any
) -> None:
    s3, bucket = ann.client("s3"), way.bucket
    parts = TransferConfig(multipart_threshold=MEGABYTE, multipart_chunksize=5 * MEGABYTE)
    for lab, allowed in (("miller", True), ("other", False), ("miller-2", False)):
        key = f"uploads/{lab}/videos/v.mp4"  # begins no run
        assert ann.may(lambda k=key: s3.put_object(Bucket=bucket, Key=k, Body=b"v")) == allowed
        upload = {"Bucket": bucket, "Key": key}
        assert ann.may(lambda u=upload: s3.create_multipart_upload(**u)) == allowed
    content = bytes(6 * MEGABYTE)
    with_parts = {"Bucket": bucket, "Key": "uploads/miller/videos/long.mp4", "Config": parts}
    s3.upload_fileobj(io.BytesIO(content), **with_parts)
    head = s3.head_object(Bucket=bucket, Key="uploads/miller/videos/long.mp4")
    assert head["ContentLength"] == len(content)


def test_an_upload_of_the_client_is_broken_off_goes_on_and_begins_anew(
    ann: Scientist, way: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLC_BATCH_CACHE", str(tmp_path / "cache"))
    archive, target = tmp_path / "a.zip", UploadKey("miller", "parts")
    archive.write_bytes(bytes(20 * MEGABYTE))
    with relay_to(way.cloud.endpoint_url) as relay:
        cloud = replace(ann.cloud("miller"), endpoint_url=relay.url)
        for begins_anew in (False, True):
            passes = iter(range(1))
            relay.broken = lambda k, p=passes: (
                "gone" if k == "part" and next(p, None) is None else None
            )
            if begins_anew:
                archive.write_bytes(b"other" * 4 * MEGABYTE)
            with pytest.raises(CloudError, match="The upload stopped"):
                send(cloud, archive, target, minutes=0)
        relay.broken = lambda _: None
        submitted = send(cloud, archive, target)
        assert {"create", "part", "list", "abort", "complete"} <= set(relay.kinds)
    assert way.ended(submitted.run_id).status == "REJECTED"


@pytest.mark.parametrize("lab", ["miller", "other"])
def test_files_of_a_run_are_for_its_lab(
    lab: str, ann: Scientist, way: Any, runs: dict[str, Run]
) -> None:
    s3, prefix = ann.client("s3"), f"runs/{lab}/{runs[lab].run_id}/"
    own = lab == "miller"
    read = {"Bucket": way.bucket, "Key": f"{prefix}request.json"}
    assert ann.may(lambda: s3.get_object(**read)) == own
    assert ann.may(lambda: s3.list_objects_v2(Bucket=way.bucket, Prefix=prefix)) == own
    control = {"Bucket": way.bucket, "Key": f"{prefix}shuffle1/control.json", "Body": b"{}"}
    assert ann.may(lambda: s3.put_object(**control)) == own


@pytest.mark.parametrize("name", ["results/run.json", "request.json", "shuffle1/outcome.json"])
def test_of_a_run_nothing_else_is_written_and_nothing_deleted(
    name: str, ann: Scientist, way: Any, runs: dict[str, Run]
) -> None:
    s3 = ann.client("s3")
    where = {"Bucket": way.bucket, "Key": f"runs/miller/{runs['miller'].run_id}/{name}"}
    assert not ann.may(lambda: s3.put_object(**where, Body=b""))
    assert not ann.may(lambda: s3.delete_object(**where))


def test_the_whole_bucket_is_not_listed(ann: Scientist, way: Any) -> None:
    s3 = ann.client("s3")
    for prefix in ("", "runs/", "runs/mill", "uploads/"):
        assert not ann.may(lambda p=prefix: s3.list_objects_v2(Bucket=way.bucket, Prefix=p))


def test_the_client_shows_the_own_labs_runs_when_it_knows_the_lab(
    ann: Scientist, runs: dict[str, Run]
) -> None:
    own, cloud = runs["miller"], ann.cloud("miller")
    assert find_run(cloud, own.run_id) == own
    assert read_status(cloud, own.run_id).run == own
    assert own in list_runs(cloud, "miller")
    with pytest.raises(CloudError, match="AccessDenied"):
        list_runs(cloud, "other")
    with pytest.raises(NoSuchRun, match="There is no run"):  # nor is told that there is one
        find_run(cloud, runs["other"].run_id)


def test_without_the_lab_the_client_says_how_to_name_it(
    ann: Scientist, runs: dict[str, Run]
) -> None:
    for ask in (lambda c: find_run(c, runs["miller"].run_id), list_runs):
        with pytest.raises(CloudError) as refused:
            ask(ann.cloud(None))
        assert "export DLC_BATCH_LAB=LAB" in refused.value.remedy


def test_records_are_not_written(ann: Scientist, way: Any, runs: dict[str, Run]) -> None:
    table, own = way.cloud.outputs["RunsTable"], runs["miller"]
    key = {"lab": {"S": own.lab}, "run_id": {"S": own.run_id}}
    database = ann.client("dynamodb")
    assert ann.may(lambda: database.get_item(TableName=table, Key=key))
    assert not ann.may(lambda: database.put_item(TableName=table, Item=key))
    assert not ann.may(lambda: database.delete_item(TableName=table, Key=key))
    other = {**key, "lab": {"S": "other"}}
    assert not ann.may(lambda: database.get_item(TableName=table, Key=other))


@pytest.mark.parametrize(("lab", "allowed"), [("miller", True), ("other", False), (None, False)])
def test_jobs_are_cancelled_by_their_lab(
    lab: str | None, allowed: bool, ann: Scientist, way: Any
) -> None:
    admin, queue = way.client("batch"), way.cloud.outputs["JobQueue"]
    definitions = admin.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    tags = {"tags": {"lab": lab}} if lab else {}
    asked = {
        "jobQueue": queue,
        "jobDefinition": definitions[0]["jobDefinitionArn"],
        "shareIdentifier": "x",
        **tags,
    }
    parameters = {"bucket": way.bucket, "lab": "nobody", "run_id": "none", "shuffle": "1"}
    job = admin.submit_job(jobName="not-of-a-run", parameters=parameters, **asked)["jobId"]
    batch = ann.client("batch")
    assert ann.may(lambda: batch.terminate_job(jobId=job, reason="r")) == allowed
    assert ann.may(lambda: batch.cancel_job(jobId=job, reason="r")) == allowed
    assert not ann.may(lambda: batch.submit_job(jobName="mine", **asked))
    assert not ann.may(lambda: batch.list_jobs(jobQueue=queue))


def test_the_stack_is_found_and_the_log_of_a_job_is_read(
    ann: Scientist, way: Any, runs: dict[str, Run]
) -> None:
    stacks = ann.client("cloudformation")
    assert ann.may(lambda: stacks.describe_stacks(StackName=way.cloud.stack_name))
    assert not ann.may(lambda: stacks.delete_stack(StackName=way.cloud.stack_name))
    (job,) = ann.client("batch").describe_jobs(jobs=[runs["miller"].job_id])["jobs"]
    stream = job["container"]["logStreamName"]
    group = job["container"]["logConfiguration"]["options"]["awslogs-group"]
    read = {"logGroupName": group, "logStreamName": stream}
    assert ann.may(lambda: ann.client("logs").get_log_events(**read))
    assert not ann.may(lambda: ann.client("logs").describe_log_groups())


def test_the_client_looks_after_the_own_labs_runs(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    cloud = Scientist(way, "eve", "heedful").cloud("heedful")
    run, waits = (way.put(zip_project(), f"uploads/heedful/{n}.zip") for n in ("eves", "next"))
    for each, status in ((run, "RUNNING"), (waits, "QUEUED")):
        way.wait_for(
            lambda i=each, s=status: (r := way.run(i)) and r.status == s, f"{each} {status}"
        )
    assert cancel(cloud, find_run(cloud, waits)).how == {1: How.CANCELLED}
    assert next(iter(Watch(cloud, run))).job_states == {1: "RUNNING"}
    assert list(Reader(cloud, run).read())
    assert stop(cloud, find_run(cloud, run)).how == {1: How.TOLD}
    assert [way.ended(each).status for each in (run, waits)] == ["SUCCEEDED", "CANCELLED"]


def test_of_the_job_before_only_those_attempts_are_found_that_were_listed(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    """Who may not search the queue knows a Spot job by the list beside the checkpoints only."""
    cloud = Scientist(way, "sam", "spotty").cloud("spotty")
    ended = way.ended(way.put(zip_project(), "uploads/spotty/sams.zip"))
    assert [each.number for each in attempts_of(cloud, ended)] == [4]
    (spot,) = [
        job["jobId"] for job in way.jobs(ended.run_id) if "submission2" not in job["jobName"]
    ]
    key = RunKeys(ended.lab, ended.run_id).shuffle(1).attempts
    listed = json.dumps({"attempts": [{"job_id": spot}, {"job_id": ended.job_id}]})
    way.client("s3").put_object(Bucket=way.bucket, Key=key, Body=listed.encode())
    assert [each.number for each in attempts_of(cloud, ended)] == [1, 2, 3, 4]


def test_who_bears_no_tag_may_do_nothing_with_data(
    nobody: Scientist, way: Any, runs: dict[str, Run]
) -> None:
    s3, run = nobody.client("s3"), runs["miller"]
    for key in ("uploads/miller/x.zip", "uploads/x.zip", "uploads//x.zip"):
        assert not nobody.may(lambda k=key: s3.put_object(Bucket=way.bucket, Key=k, Body=b""))
    read = {"Bucket": way.bucket, "Key": f"runs/miller/{run.run_id}/request.json"}
    assert not nobody.may(lambda: s3.get_object(**read))
    with pytest.raises(CloudError, match="AccessDenied"):
        list_runs(nobody.cloud("miller"), "miller")


def test_the_console_shows_a_scientist_the_own_labs_runs(
    ann: Scientist, way: Any, runs: dict[str, Run]
) -> None:
    keys = ann.session.get_credentials().get_frozen_credentials()
    environment = {
        **way.environment,
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "DLC_BATCH_LAB": "miller",
    }
    with running(environment) as address:
        visitor = Visitor(address).come_in()
        page = visitor.get("/").text
        assert runs["miller"].run_id in page
        assert runs["other"].run_id not in page
        own = f"/runs/{runs['miller'].run_id}"
        for path in (own, f"{own}/logs", f"{own}/reports/1", f"{own}/reports/1/content", "/send"):
            assert visitor.get(path).code == 200, path
        answer = visitor.get(f"/runs/{runs['other'].run_id}")
        assert answer.code in (404, 503)
        assert "lab other" not in answer.text
