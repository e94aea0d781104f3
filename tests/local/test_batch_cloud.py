"""Batch as a client of the local cloud sees it."""

import uuid

import pytest
from botocore.exceptions import ClientError


def test_a_parameter_stays_one_argument_whatever_it_contains(tiny):
    value = """ two words, "quotes", 'single', $HOME; && rm -rf * \\ ü """
    job = tiny.ends(
        tiny.submit("import sys; print(repr(sys.argv[1:]))", parameters={"argument": value})
    )
    assert tiny.log(job) == [repr([value])]


def test_a_job_sees_its_own_environment_and_nothing_of_the_users(tiny):
    script = "import os, json; print(json.dumps(dict(os.environ)))"
    overrides = {"environment": [{"name": "COLOUR", "value": "blue"}]}
    job = tiny.ends(tiny.submit(script, containerOverrides=overrides))
    seen = __import__("json").loads(tiny.log(job)[0])
    assert seen["COLOUR"] == "blue"
    assert seen["AWS_BATCH_JOB_ID"] == job["jobId"]
    assert seen["AWS_BATCH_JOB_ATTEMPT"] == "1"
    assert seen["AWS_BATCH_JQ_NAME"] == tiny.cloud.outputs["Queue"].rsplit("/", 1)[-1]
    assert seen["AWS_ENDPOINT_URL"] == tiny.cloud.endpoint_url
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert "A_SECRET_OF_THE_USER" not in seen
    assert tiny.cloud.secret_access_key not in seen.values()


def test_a_job_may_do_what_its_role_may_and_no_more(tiny):
    script = """if True:
        import boto3, sys
        s3 = boto3.client("s3")
        s3.put_object(Bucket=sys.argv[1], Key="results/of-a-job", Body=b"ok")
        s3.put_object(Bucket=sys.argv[1], Key="uploads/forged.zip", Body=b"no")
    """
    job = tiny.ends(tiny.submit(script, parameters={"argument": tiny.cloud.bucket}))
    assert job["status"] == "FAILED"
    assert "AccessDenied" in "\n".join(tiny.log(job))
    s3 = tiny.client("s3")
    assert s3.get_object(Bucket=tiny.cloud.bucket, Key="results/of-a-job")["Body"].read() == b"ok"


@pytest.mark.parametrize(("exit_code", "attempts"), [(0, 1), (1, 1), (2, 1), (75, 3), (137, 3)])
def test_the_definitions_retry_rules_decide_by_the_exit_code(tiny, exit_code, attempts):
    job = tiny.ends(tiny.submit(f"raise SystemExit({exit_code})"))
    assert job["status"] == ("FAILED" if exit_code else "SUCCEEDED")
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [exit_code] * attempts
    assert len({a["container"]["logStreamName"] for a in job["attempts"]}) == attempts


def test_a_job_killed_by_sigkill_is_tried_again_and_may_succeed(tiny):
    script = """if True:
        import os, signal
        if os.environ["AWS_BATCH_JOB_ATTEMPT"] == "1":
            os.kill(os.getpid(), signal.SIGKILL)
    """
    job = tiny.ends(tiny.submit(script))
    assert job["status"] == "SUCCEEDED"
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [137, 0]


def test_a_timeout_ends_also_a_process_that_ignores_sigterm_and_is_not_retried(tiny):
    script = """if True:
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(60)
    """
    job = tiny.ends(tiny.submit(script, timeout={"attemptDurationSeconds": 1}))
    assert (job["status"], job["statusReason"]) == (
        "FAILED",
        "Job attempt duration exceeded timeout",
    )
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [137]
    assert job["stoppedAt"] - job["startedAt"] < 5_000


def test_log_lines_can_be_read_while_the_job_runs(tiny, wait_for):
    script = """if True:
        import sys, time
        for percent in range(1000):
            sys.stdout.write(f"\\r{percent} " + "#" * 2000)
        print("\\nfirst ü", flush=True)
        time.sleep(60)
    """
    job_id = tiny.submit(script)
    job = tiny.reaches(job_id, "RUNNING")
    lines = wait_for(lambda: tiny.log(job))
    assert tiny.job(job_id)["status"] == "RUNNING"
    assert [line[:8] for line in lines] == ["999 ####", "first ü"]
    tiny.client("batch").terminate_job(jobId=job_id, reason="seen enough")
    tiny.ends(job_id)


def test_a_running_job_is_terminated_with_the_callers_reason_and_not_retried(tiny):
    job_id = tiny.submit("import time; time.sleep(60)")
    tiny.reaches(job_id, "RUNNING")
    tiny.client("batch").terminate_job(jobId=job_id, reason="the lab changed its mind")
    job = tiny.ends(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "the lab changed its mind")
    assert job["isTerminated"]
    assert len(job["attempts"]) == 1


def test_a_waiting_job_can_be_cancelled_and_a_running_one_cannot(tiny):
    batch = tiny.client("batch")
    running = tiny.submit("import time; time.sleep(60)")
    tiny.reaches(running, "RUNNING")
    waiting = tiny.submit()
    assert tiny.job(waiting)["status"] == "RUNNABLE"
    batch.cancel_job(jobId=waiting, reason="not needed")
    batch.cancel_job(jobId=running, reason="too late")
    job = tiny.ends(waiting)
    assert (job["status"], job["statusReason"], job["attempts"]) == ("FAILED", "not needed", [])
    assert tiny.job(running)["status"] == "RUNNING"
    batch.terminate_job(jobId=running, reason="end of the test")
    tiny.ends(running)


def test_jobs_are_listed_by_state_and_by_name(tiny):
    batch, queue = tiny.client("batch"), tiny.cloud.outputs["Queue"]
    name = f"mouse-{uuid.uuid4().hex}"
    jobs = [tiny.ends(tiny.submit(jobName=f"{name}-{n}"))["jobId"] for n in range(2)]
    done = batch.list_jobs(jobQueue=queue, jobStatus="SUCCEEDED")["jobSummaryList"]
    assert set(jobs) <= {job["jobId"] for job in done}
    assert batch.list_jobs(jobQueue=queue)["jobSummaryList"] == []  # RUNNING, if not said
    by_name = [{"name": "JOB_NAME", "values": [f"{name}*"]}]
    found = batch.list_jobs(jobQueue=queue, filters=by_name, jobStatus="FAILED")
    assert [job["jobId"] for job in found["jobSummaryList"]] == jobs[::-1]


def test_an_image_that_nothing_can_run_fails_the_job(tiny):
    batch = tiny.client("batch")
    definition = batch.register_job_definition(
        jobDefinitionName="unknown-image",
        type="container",
        containerProperties={"image": "registry.invalid/none:1", "command": ["true"]},
    )["jobDefinitionArn"]
    job = tiny.ends(tiny.submit(jobDefinition=definition))
    assert job["status"] == "FAILED"
    assert job["attempts"][0]["container"]["reason"].startswith("CannotPullContainerError")


def test_a_job_whose_log_group_is_missing_does_not_start(tiny):
    batch = tiny.client("batch")
    options = {"awslogs-group": "/no/such/group"}
    definition = batch.register_job_definition(
        jobDefinitionName="no-log-group",
        type="container",
        containerProperties={
            "image": "test/python",
            "command": ["-c", "pass"],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        },
    )["jobDefinitionArn"]
    job = tiny.ends(tiny.submit(jobDefinition=definition))
    assert "log group does not exist" in job["attempts"][0]["container"]["reason"]


@pytest.mark.parametrize(
    "change",
    [
        {"jobName": "has spaces"},
        {"jobDefinition": "no-such-definition"},
        {"retryStrategy": {"attempts": 11}},
        {"dependsOn": [{"jobId": "another"}]},
    ],
)
def test_a_wrong_request_is_refused(tiny, change):
    with pytest.raises(ClientError, match="ClientException"):
        tiny.submit(**change)
