"""The whole way, from an object in the bucket to the mail, over HTTP on the local cloud."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.way.hosts import Host, nothing, proxy_to

from dlc_batch.local.cloud import LocalCloud
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up
from dlc_batch.local.mailbox import Mail, read_mails
from dlc_batch_core.keys import run_id
from dlc_batch_core.run import Run, from_item

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
STAND_IN = Path(__file__).with_name("stand_in_trainer.py")
HOST_OF_TRAINER = Path(__file__).with_name("host_of_trainer.py")
TENSORFLOW_PYTHON = ROOT / ".venv-tf" / "bin" / "python"
#: What takes seconds may take minutes where the cores are shared, in seconds.
PATIENCE = 240.0
#: 1 x 1 pixel: the submit function looks at names, not at pixels.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364"
    "f80f00010501012718e3660000000049454e44ae426082"
)
CONFIG = """\
Task: reach
scorer: ada
date: Nov1
multianimalproject: false
video_sets:
  /somewhere/videos/one.mp4:
    crop: 0, 1, 0, 1
bodyparts: [hand, elbow]
TrainingFraction: [0.5]
iteration: 0
default_net_type: resnet_50
engine: pytorch
"""
LABELS = """\
scorer,ada,ada,ada,ada
bodyparts,hand,hand,elbow,elbow
coords,x,y,x,y
labeled-data/one/img0.png,0.1,0.2,0.3,0.4
labeled-data/one/img1.png,0.5,0.6,0.7,0.8
"""


def zip_project(changes: dict[str, str | bytes | None] | None = None) -> bytes:
    """Return a small project as a zip; `changes` replaces members, or leaves them out."""
    members: dict[str, str | bytes | None] = {
        "config.yaml": CONFIG,
        "labeled-data/one/CollectedData_ada.csv": LABELS,
        "labeled-data/one/img0.png": PIXEL,
        "labeled-data/one/img1.png": PIXEL,
        **(changes or {}),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(f"home/ada/reach/{name}", content)
    return target.getvalue()


@dataclass(frozen=True)
class Way:
    """A local cloud, and what a test does with it as a lab, an admin, or AWS itself."""

    cloud: LocalCloud
    session: Any

    def client(self, service: str) -> Any:
        return self.session.client(service)

    @property
    def bucket(self) -> str:
        assert self.cloud.bucket is not None
        return self.cloud.bucket

    def put(self, content: bytes, key: str) -> str:
        """Put an object with plain boto3; return the id of the run that it becomes."""
        answer = self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content)
        return run_id(self.bucket, key, answer["VersionId"])

    def event_of(self, key: str) -> dict[str, Any]:
        """Return the event that S3 sends for the newest version of an object."""
        head = self.client("s3").head_object(Bucket=self.bucket, Key=key)
        item = {"key": key, "size": head["ContentLength"], "version-id": head["VersionId"]}
        detail = {"bucket": {"name": self.bucket}, "object": item}
        return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}

    def deliver(self, function: str, *events: dict[str, Any]) -> list[str]:
        """Deliver events to a function all at once; return the errors of those not taken."""
        name = self.resource(function)

        def invoke(event: dict[str, Any]) -> dict[str, Any]:
            lambda_ = self.client("lambda")
            return dict(lambda_.invoke(FunctionName=name, Payload=json.dumps(event)))

        with ThreadPoolExecutor(len(events)) as pool:
            answers = list(pool.map(invoke, events))
        return [a["Payload"].read().decode() for a in answers if "FunctionError" in a]

    def run(self, run: str) -> Run | None:
        """Return the record of a run."""
        (item,) = self.items(run) or [None]
        return from_item(item) if item else None

    def items(self, run: str) -> list[dict[str, Any]]:
        """Return every item of a run, as the table holds it."""
        answer = self.client("dynamodb").query(
            TableName=self.cloud.outputs["RunsTable"],
            IndexName="by-run",
            KeyConditionExpression="run_id = :run_id",
            ExpressionAttributeValues={":run_id": {"S": run}},
        )
        return list(answer["Items"])

    def log_of_trainer(self) -> list[str]:
        """Return what all jobs printed."""
        group = self.resource("TrainerLogs")
        events = self.client("logs").filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in events]

    def final_mails(self, run: str) -> list[str]:
        """Return the states that the mails of a run's end name."""
        subjects = [mail.subject.split()[1] for mail in self.mails(run)]
        return [each.rstrip(":") for each in subjects if each != "ACCEPTED:"]

    def ended(self, run: str, seconds: float = PATIENCE) -> Run:
        """Wait until a run has ended and its mail has been sent, and lies in the mailbox."""

        def look() -> Run | None:
            found = self.run(run)
            is_over = found and found.status.is_final and found.mail == "sent"
            return found if is_over and self.final_mails(run) else None

        return self.wait_for(look, f"the end of {run}", seconds, lambda: str(self.items(run)))

    def forget_end(self, run: str) -> None:
        """Make a run's record what it was when its job had just been queued."""
        found = self.run(run)
        assert found is not None
        self.client("dynamodb").update_item(
            TableName=self.cloud.outputs["RunsTable"],
            Key={"lab": {"S": found.lab}, "run_id": {"S": run}},
            UpdateExpression="SET #s = :queued REMOVE #p, #m, mail_claimed_until, mail_claimed_by",
            ExpressionAttributeNames={"#s": "status", "#p": "position", "#m": "mail"},
            ExpressionAttributeValues={":queued": {"S": "QUEUED"}},
        )

    def jobs(self, run: str) -> list[dict[str, Any]]:
        """Return every Batch job of a run, in whatever state."""
        states = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"]
        queues = [self.cloud.outputs[name] for name in ("JobQueue", "OnDemandQueue")]
        batch = self.client("batch")
        listed = [batch.list_jobs(jobQueue=q, jobStatus=s) for q in queues for s in states]
        jobs = [job for answer in listed for job in answer["jobSummaryList"]]
        return [job for job in jobs if run in job["jobName"]]

    def resource(self, name: str) -> str:
        """Return the physical name of a resource of the template."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=self.cloud.stack_name, LogicalResourceId=name
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def mails(self, run: str, kind: str = "") -> list[Mail]:
        """Return the mails of a run, of one kind: a word of their subject."""
        mails = read_mails(Home(self.cloud.home).mail)
        return [mail for mail in mails if run in mail.subject and kind in mail.subject]

    @property
    def environment(self) -> dict[str, str]:
        """What leads a client to the stack, as the admin."""
        return {
            **os.environ,
            "AWS_ENDPOINT_URL": self.cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.cloud.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.cloud.secret_access_key,
            "AWS_DEFAULT_REGION": self.cloud.region,
            "DLC_BATCH_CLOUD": "aws",
            "DLC_BATCH_STACK": str(self.cloud.stack_name),
        }

    def command(self, *arguments: str, answers: str = "") -> "subprocess.CompletedProcess[str]":
        """Run `dlc-batch` as a process of its own, as the admin, who types answers."""
        return subprocess.run(
            [sys.executable, "-m", "dlc_batch", *arguments],
            input=answers,
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
        )

    @staticmethod
    def wait_for(
        look: Callable[[], Any],
        what: str,
        seconds: float = PATIENCE,
        instead: Callable[[], str] = lambda: "",
    ) -> Any:
        """Return the first true value; when there is none in time, fail and say what is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(0.2)
        pytest.fail(f"{what} did not come within {seconds} s: {instead()}")


@pytest.fixture(scope="session", name="zip_project")
def zip_project_fixture() -> Callable[..., bytes]:
    return zip_project


@contextlib.contextmanager
def stand_ins_at(
    home: Home,
    open_session: Callable[[LocalCloud], Any],
    settings: dict[str, str],
    template: Path = TEMPLATE,
    **parameters: str,
) -> Iterator[Way]:
    """A local cloud with settings and parameters of choice, whose jobs are stand-ins."""
    images = {"test/stand-in": [sys.executable, str(STAND_IN)]}
    settings = {**settings, "DLC_BATCH_LOCAL_IMAGES": json.dumps(images)}
    parameters = {**parameters, "TrainerImage": "test/stand-in"}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(name, value)
        cloud = up(home, UpOptions(template, parameters=parameters), print)
    yield Way(cloud, open_session(cloud))
    down(home, print)
    shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture(scope="session")
def start_way(
    new_home: Callable[[], Home], open_session: Callable[[LocalCloud], Any]
) -> Iterator[Callable[[Path], Way]]:
    """Starts local clouds with a template of choice, whose jobs are stand-ins."""
    with contextlib.ExitStack() as clouds:
        yield lambda template: clouds.enter_context(
            stand_ins_at(new_home(), open_session, {}, template)
        )


@pytest.fixture(scope="session")
def way(start_way: Callable[[Path], Way]) -> Way:
    """The product's stack, whose jobs leave an outcome and train nothing."""
    return start_way(TEMPLATE)


#: The time limits of jobs and queues in parts: half an hour becomes 1.8 s, a day 86 s.
TIME_SCALE = 0.001


@pytest.fixture(scope="session")
def impatient_way(
    new_home: Callable[[], Home], open_session: Callable[[LocalCloud], Any]
) -> Iterator[Way]:
    """The product's stack with stand-ins, where time limits are short, Lambda's second try comes
    after some seconds, and there is no image for TensorFlow."""
    more = {"DLC_BATCH_LOCAL_TIME_SCALE": str(TIME_SCALE), "DLC_BATCH_LOCAL_RETRY_WAIT": "10"}
    with stand_ins_at(new_home(), open_session, more, TensorFlowImage="test/missing") as way:
        yield way


@pytest.fixture(scope="session")
def unhurried_way(
    new_home: Callable[[], Home], open_session: Callable[[LocalCloud], Any]
) -> Iterator[Way]:
    """The product's stack with stand-ins, where Lambda waits before its second try as in AWS."""
    more = {"DLC_BATCH_LOCAL_RETRY_WAIT": "60"}
    with stand_ins_at(new_home(), open_session, more) as way:
        yield way


@pytest.fixture(scope="session")
def real_way(local_cloud: LocalCloud, cloud_session: Any) -> Way:
    """The product's stack as it is: its jobs train with DeepLabCut."""
    return Way(local_cloud, cloud_session)


@pytest.fixture(scope="session")
def trainer_host(
    new_home: Callable[[], Home],
    open_session: Callable[[LocalCloud], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Host]:
    """The product's stack, whose jobs train for real on a host that tests may spoil."""
    home, folder = new_home(), tmp_path_factory.mktemp("host")
    settings = folder / "settings.json"
    pythons = {"TrainerImage": sys.executable, "TensorFlowImage": str(TENSORFLOW_PYTHON)}
    images = {
        f"test/{name}": [python, str(HOST_OF_TRAINER), str(settings)]
        for name, python in pythons.items()
    }
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("DLC_BATCH_LOCAL_IMAGES", json.dumps(images))
            parameters = {name: f"test/{name}" for name in pythons}
            cloud = up(home, UpOptions(TEMPLATE, parameters=parameters), print)
        with proxy_to(cloud.endpoint_url) as proxy:
            yield Host(Way(cloud, open_session(cloud)), settings, proxy, folder / "disk")
    finally:
        down(home, print)
        shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture
def host(trainer_host: Host) -> Iterator[Host]:
    """The host as it is before anything befalls it."""
    trainer_host.folder.mkdir()
    trainer_host.arrange()
    yield trainer_host
    trainer_host.proxy.hook = nothing
    trainer_host.end_all_jobs()
    trainer_host.killed.clear()
    shutil.rmtree(trainer_host.folder, ignore_errors=True)
