"""Each function as `sam build` made it answers under AWS's runtime emulator with nothing but its
own packages, its layer's and those of Lambda's runtime."""

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from .conftest import ROOT, RUNTIME, TEMPLATE, runtime_folder
from .emulator import BuiltFunction, Runtime, emulator_of, invoke, running

FUNCTIONS = [
    name
    for name, each in yaml_parse(TEMPLATE.read_text())["Resources"].items()
    if each["Type"] == "AWS::Serverless::Function"
]

Ask = Callable[[BuiltFunction, Any], Any]


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    emulator = emulator_of(ROOT / ".venv-sam")
    packages = ROOT / ".venv-tools" / "lambda"
    if emulator is None or not packages.is_dir():
        pytest.skip(
            "the emulator of Lambda's runtime is not there: make it with"
            " `make .venv-sam/.ready .venv-tools/.ready`"
        )
    return Runtime(emulator, runtime_folder() / RUNTIME, packages)


@pytest.fixture
def stack(aws: Any) -> Mapping[str, str]:
    """What there is of the stack, by logical id."""
    topic = aws.client("sns").create_topic(Name=f"topic-{uuid.uuid4().hex}")["TopicArn"]
    return {"Bucket": aws.make_bucket(), "RunsTable": aws.make_runs_table(), "Topic": topic}


@pytest.fixture
def ask(runtime: Runtime, aws: Any, tmp_path: Path) -> Ask:
    """Starts a function and gives its answer to an event."""
    settings = {
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }

    def one(function: BuiltFunction, event: Any) -> Any:
        log = tmp_path / "log"
        with running(function, runtime, settings, log) as address:
            answer = invoke(address, event)
        print(log.read_text())
        return answer

    return one


def error_of(answer: Any) -> str:
    return str(answer.get("errorType", "")) if isinstance(answer, dict) else ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_starts_and_answers(
    name: str, built: Path, stack: Mapping[str, str], ask: Ask
) -> None:
    # an empty event is none of its own: the handler may well refuse it, but has to be there
    error = error_of(ask(BuiltFunction.of(built, name, stack), {}))
    assert not error.startswith("Runtime.")
    assert error not in ("ImportError", "ModuleNotFoundError")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_package_that_is_missing_shows(
    name: str, built: Path, stack: Mapping[str, str], ask: Ask
) -> None:
    function = dataclasses.replace(BuiltFunction.of(built, name, stack), layers=())
    assert error_of(ask(function, {})) == "Runtime.ImportModuleError"


def test_the_submit_function_refuses_a_broken_zip(
    built: Path, stack: Mapping[str, str], ask: Ask, aws: Any
) -> None:
    function = BuiltFunction.of(built, "SubmitFunction", stack)
    where = {"Bucket": stack["Bucket"], "Key": "uploads/miller/mouse.zip"}
    put = aws.client("s3").put_object(**where, Body=b"rubbish")
    item = {"key": where["Key"], "size": 7, "version-id": put["VersionId"]}
    event = {"source": "aws.s3", "detail-type": "Object Created"}
    detail = {"bucket": {"name": where["Bucket"]}, "object": item}
    assert ask(function, {**event, "detail": detail}) is None
    (run,) = aws.client("dynamodb").scan(TableName=stack["RunsTable"])["Items"]
    assert (run["lab"]["S"], run["status"]["S"]) == ("miller", "REJECTED")
    assert run["mail"]["S"] == "sent"


def test_the_complete_function_ignores_a_job_that_is_not_its_own(
    built: Path, stack: Mapping[str, str], ask: Ask, aws: Any
) -> None:
    function = BuiltFunction.of(built, "CompleteFunction", stack)
    event = {"source": "aws.batch", "detail-type": "Batch Job State Change"}
    job = {"jobId": "4c7599ae", "jobName": "another", "status": "RUNNING", "parameters": {}}
    assert ask(function, {**event, "detail": job}) is None
    assert aws.client("dynamodb").scan(TableName=stack["RunsTable"])["Count"] == 0
