"""The image function, between CloudFormation, CodeBuild, ECR and S3 as they speak to it."""

import io
import json
import shutil
import threading
import traceback
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "type": "LINUX_CONTAINER",
    "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
    "computeType": "BUILD_GENERAL1_MEDIUM",
}


@dataclass
class Listener:
    """A small HTTP server that keeps what it is told."""

    url: str
    taken: list[dict[str, Any]] = field(default_factory=list)
    types: list[str | None] = field(default_factory=list)


def _serve(
    respond: Callable[[Listener, BaseHTTPRequestHandler, bytes], tuple[int, bytes]],
) -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = respond(listener, self, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_PUT

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener = Listener(f"http://127.0.0.1:{server.server_port}/answer?Signature=s%2Fecret")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield listener
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cloudformation() -> Iterator[Listener]:
    """Takes answers where CloudFormation's signed URL leads to."""

    def keep(
        listener: Listener, request: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, bytes]:
        if "Signature=s%2Fecret" not in request.path:
            return 403, b""
        listener.types.append(request.headers["Content-Type"])
        listener.taken.append(json.loads(body))
        return 200, b""

    yield from _serve(keep)


@pytest.fixture
def full_codebuild() -> Iterator[str]:
    """CodeBuild as a new account may find it."""
    problem = {
        "__type": "AccountLimitExceededException",
        "message": "Cannot have more than 0 builds in queue for the account",
    }
    for listener in _serve(lambda *_: (400, json.dumps(problem).encode())):
        yield listener.url.split("/answer")[0]


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    """The layers as Lambda unpacks them: one over the other."""
    opt = tmp_path / "opt"
    ignored = shutil.ignore_patterns("__pycache__")
    for source, place in (("core", "python"), ("trainer_image", "."), ("requirements", ".")):
        shutil.copytree(ROOT / source, opt / place, ignore=ignored, dirs_exist_ok=True)
    return opt


@dataclass
class Stack:
    """The function with what the stack has given it."""

    app: ModuleType
    aws: Any
    project: str
    repository: str
    bucket: str
    context: Any
    cloudformation: Listener
    started: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, kind: str, **values: Any) -> None:
        """As in CloudFormation's user guide, "Custom resource request objects"."""
        stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/dlc-batch/guid"
        event = {
            "RequestType": kind,
            "ResponseURL": self.cloudformation.url,
            "StackId": stack,
            "RequestId": str(uuid.uuid4()),
            "ResourceType": "Custom::TrainerImage",
            "LogicalResourceId": "TrainerImageBuild",
            "ResourceProperties": {"ServiceToken": "arn", "Engine": "pytorch", "Nets": ""},
            **({} if kind == "Create" else {"PhysicalResourceId": "made-before"}),
            **values,
        }
        self.app.handler(event, self.context)

    def end_build(self, status: str, **more: Any) -> None:
        """As in CodeBuild's user guide, "Build notifications input format reference"."""
        body = self.started[-1]
        variables = [{**v, "type": "PLAINTEXT"} for v in body["environmentVariablesOverride"]]
        detail = {
            "build-status": status,
            "project-name": self.project,
            "build-id": f"arn:aws:codebuild:eu-west-1:123456789012:build/{self.project}:1",
            "additional-information": {
                "environment": {**ENVIRONMENT, "environment-variables": variables},
                "build-complete": True,
                "source": {"type": "S3", "location": body["sourceLocationOverride"]},
                "logs": {"deep-link": "https://console.aws.amazon.com/cloudwatch/log"},
                "phases": [
                    {"phase-type": "SUBMITTED", "phase-status": "SUCCEEDED", "phase-context": []},
                    {"phase-type": "COMPLETED"},
                ],
                **more,
            },
        }
        event = {"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change"}
        self.app.handler({**event, "detail": detail}, self.context)

    def push(self) -> str:
        """Push an image with the tag that the build was given, and return its digest."""
        manifest = {"schemaVersion": 2, "layers": [], "made": str(uuid.uuid4())}
        media = "application/vnd.docker.distribution.manifest.v2+json"
        done = self.aws.client("ecr").put_image(
            repositoryName=self.repository,
            imageManifest=json.dumps({**manifest, "mediaType": media}),
            imageTag=self.given("TAG"),
        )
        return str(done["image"]["imageId"]["imageDigest"])

    def given(self, name: str) -> str | None:
        """A variable that the last build was given."""
        variables = self.started[-1]["environmentVariablesOverride"]
        return {each["name"]: each["value"] for each in variables}.get(name)

    def waiting(self) -> list[str]:
        """Keys of the requests that wait for a build."""
        found = self.aws.client("s3").list_objects_v2(Bucket=self.bucket, Prefix="image-requests/")
        return [each["Key"] for each in found.get("Contents", [])]


@pytest.fixture
def stack(
    around: Any,
    load: Callable[[str], ModuleType],
    context: Any,
    layers: Path,
    cloudformation: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> Stack:
    project, repository = f"project-{uuid.uuid4().hex}", f"repository-{uuid.uuid4().hex}"
    around.aws.client("codebuild").create_project(
        name=project,
        source={"type": "S3", "location": f"{around.bucket}/image-sources/none.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment=ENVIRONMENT,
        serviceRole="arn:aws:iam::123456789012:role/service-role/build",
    )
    made = around.aws.client("ecr").create_repository(repositoryName=repository)
    monkeypatch.setenv("IMAGE_PROJECT", project)
    monkeypatch.setenv("REPOSITORY", repository)
    monkeypatch.setenv("REPOSITORY_URI", made["repository"]["repositoryUri"])
    monkeypatch.setenv("BUCKET", around.bucket)
    monkeypatch.setenv("LAYERS", str(layers))
    monkeypatch.syspath_prepend(str(ROOT / "functions" / "image"))
    app = load("image")
    stack = Stack(app, around.aws, project, repository, around.bucket, context, cloudformation)
    # what goes out to CodeBuild: the server answers it, but does not keep it
    app.builds.codebuild.meta.events.register(
        "before-call.codebuild.StartBuild",
        lambda params, **_: stack.started.append(json.loads(params["body"])),
    )
    return stack


def test_the_answer_comes_when_the_build_has_ended(stack: Stack) -> None:
    stack.ask("Create")
    assert stack.cloudformation.taken == []
    digest = stack.push()
    stack.end_build("SUCCEEDED")
    (answer,) = stack.cloudformation.taken
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["ImageUri"].endswith(f"/{stack.repository}@{digest}")
    assert answer["PhysicalResourceId"] == answer["LogicalResourceId"] == "TrainerImageBuild"
    assert {"StackId", "RequestId"} <= answer.keys()
    assert stack.cloudformation.types == [""]  # else S3 refuses it: the URL is signed so
    assert stack.waiting() == []


def test_a_build_is_given_the_sources_as_they_lie_in_a_checkout(stack: Stack) -> None:
    stack.ask("Create")
    bucket, key = stack.started[0]["sourceLocationOverride"].split("/", 1)
    zipped = stack.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert archive.read(name) == (ROOT / name).read_bytes()
        assert {"trainer_image/Dockerfile", "core/dlc_batch_core/run.py"} <= {*archive.namelist()}
    assert key == f"image-sources/{stack.given('TAG')}.zip"


def test_networks_reach_the_build_and_make_an_image_of_their_own(stack: Stack) -> None:
    stack.ask("Create")
    assert stack.given("ENGINE") == "pytorch"
    assert stack.given("NETS") is None
    tags = [stack.given("TAG")]
    stack.ask("Update", ResourceProperties={"Engine": "pytorch", "Nets": " resnet_50  hrnet_w18 "})
    assert stack.given("NETS") == "resnet_50 hrnet_w18"
    stack.ask("Create", ResourceProperties={"Engine": "tensorflow"})
    assert stack.given("ENGINE") == "tensorflow"
    assert len({*tags, stack.given("TAG"), stack.started[1]["sourceLocationOverride"]}) == 3


def test_the_url_for_the_answer_shows_up_in_nothing_but_the_waiting_request(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.ask("Create")
    assert "Signature" not in json.dumps(stack.started) + capsys.readouterr().out
    assert len(stack.waiting()) == 1


def test_the_same_request_twice_asks_for_one_build(stack: Stack) -> None:
    for _ in range(2):
        stack.ask("Create", RequestId="request")
    assert {each["idempotencyToken"] for each in stack.started} == {"request"}


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_an_image_that_is_there_is_answered_at_once(stack: Stack, kind: str) -> None:
    stack.ask("Create")
    digest = stack.push()
    stack.ask(kind)
    (answer,) = stack.cloudformation.taken
    assert answer["Data"]["ImageUri"].endswith(f"@{digest}")
    assert len(stack.started) == 1
    assert answer["PhysicalResourceId"] == (
        "made-before" if kind == "Update" else "TrainerImageBuild"
    )


def test_deleting_succeeds_and_builds_nothing(stack: Stack) -> None:
    stack.ask("Delete")
    (answer,) = stack.cloudformation.taken
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "made-before")
    assert stack.started == []


def test_a_build_that_fails_says_why_and_where_its_log_is(stack: Stack) -> None:
    stack.ask("Create")
    error = "COMMAND_EXECUTION_ERROR: docker build. Reason: exit status 1 " * 100
    failed = {"phase-type": "BUILD", "phase-status": "FAILED", "phase-context": [error]}
    stack.end_build("FAILED", phases=[failed])
    (answer,) = stack.cloudformation.taken
    assert answer["Status"] == "FAILED"
    assert "Reason: exit status 1" in answer["Reason"]
    assert "https://console.aws.amazon.com/cloudwatch/log" in answer["Reason"]
    assert "deploy again" in answer["Reason"]
    assert len(json.dumps(answer).encode()) < 4096  # CloudFormation takes no more


@pytest.mark.parametrize(("status", "remedy"), [("TIMED_OUT", "TrainerNets"), ("STOPPED", "Depl")])
def test_other_ends_have_remedies_of_their_own(stack: Stack, status: str, remedy: str) -> None:
    stack.ask("Create")
    stack.end_build(status)
    (answer,) = stack.cloudformation.taken
    assert status in answer["Reason"]
    assert remedy in answer["Reason"]


def test_a_build_that_pushed_nothing_has_failed(stack: Stack) -> None:
    stack.ask("Create")
    stack.end_build("SUCCEEDED")
    (answer,) = stack.cloudformation.taken
    assert answer["Status"] == "FAILED"
    assert stack.given("TAG") in answer["Reason"]


def test_an_end_told_twice_is_answered_once(stack: Stack) -> None:
    stack.ask("Create")
    stack.push()
    stack.end_build("SUCCEEDED")
    stack.end_build("SUCCEEDED")
    assert len(stack.cloudformation.taken) == 1


def test_a_build_started_by_hand_is_nobodys_answer(stack: Stack) -> None:
    stack.ask("Create")
    stack.started.append({**stack.started[0], "environmentVariablesOverride": []})
    stack.end_build("FAILED")
    assert stack.cloudformation.taken == []
    assert len(stack.waiting()) == 1


def test_an_account_without_quota_is_told_what_to_ask_for(
    stack: Stack, full_codebuild: str
) -> None:
    stack.app.builds.codebuild.meta.events.register(
        "before-sign.codebuild.StartBuild",
        lambda request, **_: setattr(request, "url", full_codebuild),
    )
    stack.ask("Create")
    (answer,) = stack.cloudformation.taken
    assert answer["Status"] == "FAILED"
    for words in ("more than 0 builds", "Linux/Medium", "docs/image.md"):
        assert words in answer["Reason"]


def test_a_failure_of_ours_is_answered_too(stack: Stack, layers: Path) -> None:
    (layers / "Dockerfile").unlink()
    stack.ask("Create")
    (answer,) = stack.cloudformation.taken
    assert answer["Status"] == "FAILED"
    assert "Dockerfile" in answer["Reason"]


def test_an_answer_that_is_not_taken_is_given_again(stack: Stack) -> None:
    stack.ask("Create")
    stack.push()
    url = stack.cloudformation.url
    stack.cloudformation.url = url.replace("Signature=s%2Fecret", "Signature=old")
    with pytest.raises(OSError, match="403"):  # Lambda then repeats the event
        stack.ask("Update")
    assert stack.cloudformation.taken == []


def test_where_cloudformation_can_not_be_reached_its_url_stays_secret(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    """A function's log has what it raises, and what libraries warn of."""
    stack.cloudformation.url = "http://127.0.0.1:9/answer?Signature=secret"  # the discard port
    with pytest.raises(OSError, match="can't be given") as raised:
        stack.ask("Delete")
    told = traceback.format_exception(raised.value) + caplog.messages
    assert not [line for line in told if "Signature=" in line]
