"""AWS Batch's API as the emulator serves it, with real jobs behind it.

MiniStack keeps compute environments, queues and job definitions, and answers SubmitJob with a
job that has succeeded already. This puts our runner in its place.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

from ministack.core import responses  # type: ignore[import-untyped]
from ministack.services import batch, cloudwatch_logs, eventbridge, sts  # type: ignore[import-untyped]

from dlc_batch.local.batch_jobs import (
    JobRecord,
    RequestError,
    check_retry_strategy,
    check_share,
    listed,
    new_job,
    shown,
    summary,
)
from dlc_batch.local.batch_queue import Prospects, prospects_in
from dlc_batch.local.batch_runner import BatchRunner, LogGroupMissingError

Answer = tuple[int, dict[str, str], bytes]
Operation = Callable[[dict[str, Any]], Answer]

# AWS makes this group by itself; any other must exist before the job starts.
_DEFAULT_LOG_GROUP = "/aws/batch/job"
# Kept by Batch in a job definition, but not by MiniStack.
_DEFINITION_FIELDS = (
    "parameters",
    "retryStrategy",
    "timeout",
    "propagateTags",
    "platformCapabilities",
)

# What UpdateJobQueue may change of what MiniStack keeps, which has no such operation.
_CHANGEABLE_OF_QUEUE = ("state", "priority", "computeEnvironmentOrder")


class EmulatorServices:
    """The runner's `CloudServices` in MiniStack, in the account and region of each job."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def announce(self, job: JobRecord) -> None:
        event = {
            "Source": "aws.batch",
            "DetailType": "Batch Job State Change",
            "Resources": [job["jobArn"]],
            "Detail": json.dumps(shown(job)),
        }
        with _scope(job):
            eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)

    def prospects(self, job: JobRecord) -> Prospects:
        with _scope(job):
            queue = batch._job_queues.get(job["jobQueue"].rsplit("/", 1)[-1])
            if queue is None:  # deleted since
                return Prospects()
            names = [each["computeEnvironment"] for each in queue["computeEnvironmentOrder"]]
            found = [batch._compute_envs.get(name.rsplit("/", 1)[-1]) for name in names]
        return prospects_in(queue, [each for each in found if each])

    def open_log(self, job: JobRecord, stream: str) -> None:
        group = _log_group(job)
        with _scope(job):
            if group == _DEFAULT_LOG_GROUP:
                cloudwatch_logs._create_log_group({"logGroupName": group})
            made = {"logGroupName": group, "logStreamName": stream}
            status, _, body = cloudwatch_logs._create_log_stream(made)
        if status != 200:
            raise LogGroupMissingError(f"CannotStartContainerError: {json.loads(body)['message']}")

    def write_log(self, job: JobRecord, stream: str, lines: list[str]) -> None:
        events = [{"message": line} for line in lines]
        to = {"logGroupName": _log_group(job), "logStreamName": stream}
        with _scope(job):
            cloudwatch_logs._put_log_events({**to, "logEvents": events})

    def environment(self, job: JobRecord) -> dict[str, str]:
        region = _region_and_account(job)[0]
        return {
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            **_role_session(job),
        }


class BatchApi:
    """The operations about jobs, by the path MiniStack dispatches on."""

    def __init__(self, runner: BatchRunner) -> None:
        self._runner = runner
        self._register = batch._register_job_definition

    def operations(self) -> dict[str, Operation]:
        named: dict[str, Operation] = {
            "registerjobdefinition": self.register_job_definition,
            "deregisterjobdefinition": self.deregister_job_definition,
            "updatejobqueue": self.update_queue,
            "submitjob": self.submit,
            "describejobs": self.describe,
            "listjobs": self.list,
            "terminatejob": self.terminate,
            "canceljob": self.cancel,
        }
        return {f"/v1/{name}": _client_errors(operation) for name, operation in named.items()}

    def register_job_definition(self, request: dict[str, Any]) -> Answer:
        check_retry_strategy(request.get("retryStrategy") or {})
        answer: Answer = self._register(request)
        if answer[0] == 200:
            revision = batch._job_definitions[request["jobDefinitionName"]][-1]
            revision.update({k: request[k] for k in _DEFINITION_FIELDS if k in request})
        return answer

    def deregister_job_definition(self, request: dict[str, Any]) -> Answer:
        find_definition(request.get("jobDefinition", ""))["status"] = "INACTIVE"
        return _answer({})

    def update_queue(self, request: dict[str, Any]) -> Answer:
        queue = _find_queue(request.get("jobQueue", ""))
        queue.update({k: request[k] for k in _CHANGEABLE_OF_QUEUE if k in request})
        return _answer({k: queue[k] for k in ("jobQueueName", "jobQueueArn")})

    def submit(self, request: dict[str, Any]) -> Answer:
        definition = find_definition(request.get("jobDefinition", ""))
        queue = _find_queue(request.get("jobQueue", ""))
        check_share(request, is_fair="schedulingPolicyArn" in queue)
        job_id = str(uuid4())
        job = new_job(request, definition, job_id)
        job["jobArn"] = batch._job_arn(job_id)
        job["jobQueue"] = queue["jobQueueArn"]
        batch._jobs[job_id] = job
        self._runner.submit(job)
        return _answer({key: job[key] for key in ("jobArn", "jobId", "jobName")})

    def describe(self, request: dict[str, Any]) -> Answer:
        ids = [str(name).rsplit("/", 1)[-1] for name in request.get("jobs") or []]
        return _answer({"jobs": [shown(batch._jobs[i]) for i in ids if i in batch._jobs]})

    def list(self, request: dict[str, Any]) -> Answer:
        arn = _find_queue(request.get("jobQueue", ""))["jobQueueArn"]
        jobs = [job for job in batch._jobs.values() if job["jobQueue"] == arn]
        return _answer({"jobSummaryList": [summary(job) for job in listed(jobs, request)]})

    def terminate(self, request: dict[str, Any]) -> Answer:
        self._runner.terminate(_find_job(request), str(request["reason"]))
        return _answer({})

    def cancel(self, request: dict[str, Any]) -> Answer:
        self._runner.cancel(_find_job(request), str(request["reason"]))
        return _answer({})


def all_jobs() -> list[JobRecord]:
    """The jobs of all accounts and regions, oldest first."""
    jobs: list[JobRecord] = list(batch._jobs.to_dict().values())
    return sorted(jobs, key=lambda job: job["createdAt"])


def find_definition(reference: str) -> dict[str, Any]:
    """The active revision that a name, name:revision or ARN means."""
    name, _, number = reference.rsplit("/", 1)[-1].partition(":")
    for revision in reversed(batch._job_definitions.get(name) or []):
        if number in ("", str(revision["revision"])) and revision["status"] == "ACTIVE":
            found: dict[str, Any] = revision
            return found
    raise RequestError(f"JobDefinition {reference} does not exist or is not active")


def _find_queue(reference: str) -> dict[str, Any]:
    queue: dict[str, Any] | None = batch._job_queues.get(reference.rsplit("/", 1)[-1])
    if queue is None:
        raise RequestError(f"JobQueue {reference} does not exist")
    return queue


def _find_job(request: dict[str, Any]) -> JobRecord:
    if not request.get("reason"):
        raise RequestError("reason is required")
    job: JobRecord | None = batch._jobs.get(str(request.get("jobId")))
    if job is None:
        raise RequestError(f"Job {request.get('jobId')} does not exist")
    return job


def _client_errors(operation: Operation) -> Operation:
    def answer(request: dict[str, Any]) -> Answer:
        try:
            return operation(request)
        except RequestError as error:
            refused: Answer = responses.error_response_json("ClientException", str(error), 400)
            return refused

    return answer


def _answer(body: dict[str, Any]) -> Answer:
    answer: Answer = batch._json(200, body)
    return answer


def _region_and_account(job: JobRecord) -> tuple[str, str]:
    _, _, _, region, account, _ = job["jobArn"].split(":", 5)
    return region, account


def _scope(job: JobRecord) -> AbstractContextManager[None]:
    region, account = _region_and_account(job)
    scope: AbstractContextManager[None] = responses.request_scope(account, region)
    return scope


def _log_group(job: JobRecord) -> str:
    options = (job["container"].get("logConfiguration") or {}).get("options") or {}
    return str(options.get("awslogs-group") or _DEFAULT_LOG_GROUP)


def _role_session(job: JobRecord) -> dict[str, str]:
    """Credentials under which IAM holds the job to its role; none for a job without a role."""
    role = str(job["container"].get("jobRoleArn") or "").rsplit("/", 1)[-1]
    if not role:
        return {}
    account = _region_and_account(job)[1]
    key, secret, token = f"ASIA{uuid4().hex[:16].upper()}", uuid4().hex, uuid4().hex
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{job['jobId']}",
        "UserId": f"{role}:{job['jobId']}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(key, session)
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
    }
