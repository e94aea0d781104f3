"""What a Batch job is, and AWS's rules about it: pure, without processes or the emulator.

A job's record is the dictionary that DescribeJobs returns (the emulator keeps and saves it);
keys that begin with `_` are ours and not shown.
"""

import copy
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JobRecord = dict[str, Any]

WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
STARTED = ("STARTING", "RUNNING")
FINISHED = ("SUCCEEDED", "FAILED")

# Batch API reference, RetryStrategy: attempts "between 1 and 10".
MOST_ATTEMPTS = 10
# Batch API reference, SubmitJob: jobName "can be up to 128 letters long. The first character
# must be alphanumeric [...] letters, numbers, hyphens (-), and underscores (_)".
_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_NOT_DONE_HERE = ("arrayProperties", "dependsOn", "nodeProperties", "eksPropertiesOverride")

EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"
# Batch's words when a Spot instance is reclaimed or a host dies; retry rules match "Host EC2*".
HOST_LOST = "Host EC2 (instance i-0000000000000local) terminated."


class RequestError(Exception):
    """The caller's request is at fault: Batch answers ClientException with this message."""


@dataclass(frozen=True)
class Ending:
    """How one attempt ended. `exit_code` is None when the process never ran or was lost."""

    status_reason: str
    exit_code: int | None = None
    reason: str | None = None
    final: bool = False  # a timeout or a termination is never tried again

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and not self.final


def now_ms() -> int:
    return int(time.time() * 1000)


def new_job(request: Mapping[str, Any], definition: Mapping[str, Any], job_id: str) -> JobRecord:
    """The record of a job as SubmitJob makes it; `definition` is the registered revision."""
    _check(request)
    container = copy.deepcopy(dict(definition["containerProperties"]))
    overrides = request.get("containerOverrides") or {}
    container["environment"] = _merged_environment(container, overrides)
    container["command"] = overrides.get("command") or container.get("command") or []
    retry = request.get("retryStrategy") or definition.get("retryStrategy") or {"attempts": 1}
    check_retry_strategy(retry)
    tags = definition.get("tags") or {} if definition.get("propagateTags") else {}
    record = {
        "jobId": job_id,
        "jobName": request["jobName"],
        "jobDefinition": definition["jobDefinitionArn"],
        "status": "SUBMITTED",
        "createdAt": now_ms(),
        "attempts": [],
        "dependsOn": [],
        "retryStrategy": {"attempts": 1, "evaluateOnExit": [], **retry},
        "timeout": request.get("timeout") or definition.get("timeout"),
        "parameters": {
            **(definition.get("parameters") or {}),
            **(request.get("parameters") or {}),
        },
        "tags": {**tags, **(request.get("tags") or {})},
        "propagateTags": bool(definition.get("propagateTags")),
        "platformCapabilities": definition.get("platformCapabilities") or ["EC2"],
        "container": container,
        "shareIdentifier": request.get("shareIdentifier"),
        "isCancelled": False,
        "isTerminated": False,
    }
    return {key: value for key, value in record.items() if value is not None}


def _check(request: Mapping[str, Any]) -> None:
    if not _JOB_NAME.fullmatch(str(request.get("jobName") or "")):
        raise RequestError(f"Job name {request.get('jobName')!r} should match valid pattern")
    for name in _NOT_DONE_HERE:
        if request.get(name):
            raise RequestError(f"{name} is not supported by the local cloud")
    for name, value in (request.get("parameters") or {}).items():
        if not isinstance(value, str):
            raise RequestError(f"Parameter {name} must be a string")


def check_share(request: Mapping[str, Any], *, is_fair: bool) -> None:
    """Raise RequestError where Batch would: a queue with a scheduling policy wants a share
    identifier of letters and digits, and another queue wants none."""
    share = request.get("shareIdentifier")
    if is_fair and not (share and str(share).isalnum()):
        raise RequestError("shareIdentifier must be specified, in letters and digits")
    if share and not is_fair:
        raise RequestError("shareIdentifier needs a job queue with a scheduling policy")


def check_retry_strategy(strategy: Mapping[str, Any]) -> None:
    """Raise RequestError where Batch would refuse the strategy."""
    if not 1 <= int(strategy.get("attempts") or 1) <= MOST_ATTEMPTS:
        raise RequestError(f"retryStrategy.attempts must be between 1 and {MOST_ATTEMPTS}")
    for rule in strategy.get("evaluateOnExit") or []:
        if str(rule.get("action", "")).upper() not in ("RETRY", "EXIT"):
            raise RequestError("evaluateOnExit.action must be RETRY or EXIT")
        for pattern in (rule.get(name) for name in _RULE_FIELDS):
            if pattern and "*" in pattern[:-1]:
                raise RequestError(f"evaluateOnExit: only the end may be '*': {pattern}")


def _merged_environment(
    container: Mapping[str, Any], overrides: Mapping[str, Any]
) -> list[dict[str, str]]:
    pairs = [*(container.get("environment") or []), *(overrides.get("environment") or [])]
    values = {pair["name"]: pair["value"] for pair in pairs}
    return [{"name": name, "value": value} for name, value in values.items()]


def command_line(job: JobRecord) -> list[str]:
    """The container's command with each `Ref::name` argument replaced by the parameter's value.

    A value stays one argument whatever it contains; a name without a value stays as it is.
    """
    parameters: dict[str, str] = job["parameters"]
    return [
        parameters.get(argument.removeprefix("Ref::"), argument)
        if argument.startswith("Ref::")
        else argument
        for argument in job["container"]["command"]
    ]


_RULE_FIELDS = ("onExitCode", "onReason", "onStatusReason")


def is_retried(job: JobRecord, ending: Ending) -> bool:
    """Batch's retry rule: the first rule that matches decides, and without a match it retries."""
    strategy = job["retryStrategy"]
    if ending.succeeded or ending.final or len(job["attempts"]) >= strategy["attempts"]:
        return False
    seen = {
        "onExitCode": "" if ending.exit_code is None else str(ending.exit_code),
        "onReason": ending.reason or "",
        "onStatusReason": ending.status_reason,
    }
    for rule in strategy["evaluateOnExit"]:
        if all(_matches(rule[name], seen[name]) for name in _RULE_FIELDS if rule.get(name)):
            return str(rule["action"]).upper() == "RETRY"
    return True


def _matches(pattern: str, text: str) -> bool:
    """A pattern may end in `*`, and case does not count (Batch API, EvaluateOnExit)."""
    pattern, text = pattern.lower(), text.lower()
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern


def end_attempt(job: JobRecord, ending: Ending, stopped_at: int) -> None:
    """Note in the record how its current attempt ended."""
    container: dict[str, Any] = {"exitCode": ending.exit_code, "reason": ending.reason}
    container["logStreamName"] = job["container"].get("logStreamName")
    container = {key: value for key, value in container.items() if value is not None}
    attempt = {
        "container": container,
        "startedAt": job.get("startedAt", stopped_at),
        "stoppedAt": stopped_at,
        "statusReason": ending.status_reason,
    }
    job["attempts"] = [*job["attempts"], attempt]
    for key in ("exitCode", "reason"):
        job["container"].pop(key, None)
    job["container"].update(container)
    job["statusReason"] = ending.status_reason


def shown(job: JobRecord) -> dict[str, Any]:
    """The record as DescribeJobs and the state change events show it."""
    return {key: copy.deepcopy(job[key]) for key in list(job) if not key.startswith("_")}


_SUMMARY_FIELDS = (
    "jobArn",
    "jobId",
    "jobName",
    "jobDefinition",
    "createdAt",
    "startedAt",
    "stoppedAt",
    "status",
    "statusReason",
)


def summary(job: JobRecord) -> dict[str, Any]:
    """The record as ListJobs shows it."""
    container = job["container"]
    return {
        **{name: job[name] for name in _SUMMARY_FIELDS if name in job},
        "container": {
            name: container[name] for name in ("exitCode", "reason") if name in container
        },
    }


def listed(jobs: Sequence[JobRecord], request: Mapping[str, Any]) -> list[JobRecord]:
    """The jobs that ListJobs means. With a filter jobStatus is ignored and the newest come
    first; without, jobStatus counts and is RUNNING if not given (Batch API, ListJobs)."""
    filters = request.get("filters") or []
    if not filters:
        wanted = request.get("jobStatus") or "RUNNING"
        return [job for job in jobs if job["status"] == wanted]
    if len(filters) != 1 or filters[0].get("name") != "JOB_NAME":
        raise RequestError("the local cloud filters jobs by one JOB_NAME only")
    patterns = filters[0].get("values") or []
    found = [job for job in jobs if any(_matches(p, job["jobName"]) for p in patterns)]
    return sorted(found, key=lambda job: job["createdAt"], reverse=True)
