"""Handlers, loaded as Lambda does: from their file, with their environment, before any event."""

import importlib.util
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"


@dataclass
class Context:
    """What a handler gets of Lambda's context."""

    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:function"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@dataclass
class Surroundings:
    """The bucket, the table and the mails that a handler works with."""

    aws: Any
    bucket: str
    table: str
    topic: str
    inbox: str

    def mails(self) -> list[dict[str, Any]]:
        """Return the mails that came since the last look."""
        answer = self.aws.client("sqs").receive_message(
            QueueUrl=self.inbox, MaxNumberOfMessages=10
        )
        return [json.loads(each["Body"]) for each in answer.get("Messages", [])]


@pytest.fixture
def around(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex}")["TopicArn"]
    inbox = sqs.create_queue(QueueName=f"inbox-{uuid.uuid4().hex}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    made = Surroundings(aws, aws.make_bucket(), aws.make_runs_table(), topic, inbox)
    environment = {
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "POWERTOOLS_METRICS_NAMESPACE": "test",
        "POWERTOOLS_SERVICE_NAME": "test",
        "RUNS_TABLE": made.table,
        "TOPIC_ARN": topic,
        "JOB_QUEUE": "no-queue",
        "ON_DEMAND_QUEUE": "no-queue",
        "JOB_DEFINITION": "no-definition",
        "JOB_DEFINITION_TENSORFLOW": "no-definition",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def load() -> Callable[[str], ModuleType]:
    """Loads a handler's module under a name of its own: both are called app."""

    def from_file(function: str) -> ModuleType:
        name = f"{function}_app_{uuid.uuid4().hex}"
        spec = importlib.util.spec_from_file_location(name, FUNCTIONS / function / "app.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return from_file


@pytest.fixture
def context() -> Context:
    return Context()
