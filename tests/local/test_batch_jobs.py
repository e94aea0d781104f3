"""AWS's rules about jobs, without running one."""

import pytest

from dlc_batch.local.batch_jobs import (
    EXITED,
    HOST_LOST,
    TIMED_OUT,
    Ending,
    RequestError,
    check_retry_strategy,
    command_line,
    is_retried,
    new_job,
)

DEFINITION = {
    "jobDefinitionArn": "arn:aws:batch:us-east-1:000000000000:job-definition/train:1",
    "containerProperties": {
        "image": "i",
        "command": ["--run", "Ref::run", "Ref::none", "xRef::run"],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
    },
    "parameters": {"run": "default"},
}
SPOT_RULES = [
    {"action": "RETRY", "onStatusReason": "Host EC2*"},
    {"action": "EXIT", "onReason": "*", "onExitCode": "2"},
    {"action": "RETRY", "onReason": "CannotPull*"},
    {"action": "exit", "onExitCode": "1*"},
]


def job_with(strategy, attempts=1):
    job = new_job({"jobName": "j", "retryStrategy": strategy}, DEFINITION, "id")
    job["attempts"] = [{}] * attempts
    return job


@pytest.mark.parametrize(
    ("ending", "retried"),
    [
        (Ending(HOST_LOST), True),
        (Ending(EXITED, 2), False),
        (Ending("Task failed to start", reason="cannotpullcontainererror: x"), True),
        (Ending(EXITED, 1), False),
        (Ending(EXITED, 137), False),  # "1*" matches it
        (Ending(EXITED, 75), True),  # no rule matches: tried again
        (Ending(EXITED, 0), False),
        (Ending(TIMED_OUT, 143, final=True), False),
    ],
)
def test_the_first_rule_that_matches_decides(ending, retried):
    assert is_retried(job_with({"attempts": 3, "evaluateOnExit": SPOT_RULES}), ending) is retried


def test_attempts_are_a_limit_whatever_the_rules_say():
    assert not is_retried(job_with({"attempts": 3}, attempts=3), Ending(HOST_LOST))
    assert not is_retried(job_with({}), Ending(EXITED, 1))  # one attempt, if none are given


@pytest.mark.parametrize(
    "strategy",
    [
        {"attempts": 11},
        {"attempts": -1},
        {"evaluateOnExit": [{"action": "AGAIN", "onExitCode": "1"}]},
        {"evaluateOnExit": [{"action": "RETRY", "onReason": "*EC2"}]},
    ],
)
def test_a_strategy_that_batch_refuses_is_refused(strategy):
    with pytest.raises(RequestError):
        check_retry_strategy(strategy)


def test_parameters_of_the_request_replace_those_of_the_definition():
    job = new_job({"jobName": "j", "parameters": {"run": "a b"}}, DEFINITION, "id")
    assert command_line(job) == ["--run", "a b", "Ref::none", "xRef::run"]
    job = new_job({"jobName": "j"}, DEFINITION, "id")
    assert command_line(job) == ["--run", "default", "Ref::none", "xRef::run"]


def test_overrides_replace_the_command_and_single_variables():
    overrides = {"command": ["other"], "environment": [{"name": "B", "value": "2"}]}
    job = new_job({"jobName": "j", "containerOverrides": overrides}, DEFINITION, "id")
    assert command_line(job) == ["other"]
    assert job["container"]["environment"] == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "2"},
    ]
    assert DEFINITION["containerProperties"]["environment"][1]["value"] == "1"
