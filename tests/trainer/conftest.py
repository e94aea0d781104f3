"""A lab's bucket behind a real HTTP server, and the training program as a subprocess."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import boto3
import pytest
from moto.s3.models import FakeKey
from moto.server import ThreadedMotoServer

from dlc_batch.demo.project import DemoSize, make_demo_project
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.request import Request
from dlc_batch_core.run_request import RunRequest

ROOT = Path(__file__).parents[2]
#: A network and crops that take a second an epoch.
SMALL = {"data.train.crop_sampling.width": 96, "data.train.crop_sampling.height": 96}


@dataclass(frozen=True)
class Finished:
    """A run of the training program that has ended."""

    exit_code: int
    output: str
    outcome: Outcome
    results: Path  # downloaded

    def run_file(self) -> dict[str, object]:
        content: dict[str, object] = json.loads((self.results / "run.json").read_text())
        return content


@dataclass(frozen=True)
class Bench:
    """One lab's bucket, and the training program beside it."""

    endpoint: str
    folder: Path
    bucket: str = field(default_factory=lambda: f"lab-{uuid.uuid4().hex}")
    keys: RunKeys = RunKeys("somelab", "tiny-0123456789ab")  # noqa: RUF009  # it is frozen

    @property
    def environment(self) -> dict[str, str]:
        """All that the program gets of the environment: nothing of the tester's own."""
        paths = [ROOT / "src", ROOT / "core", ROOT / "trainer_image"]
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "made-up",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_BATCH_JOB_ID": "job-1",
            "AWS_BATCH_JOB_ATTEMPT": "2",
            "OMP_NUM_THREADS": "1",  # two threads wait for each other where cores are shared
            # A closed port: no test asks the real hub, wherever it runs.
            "HF_ENDPOINT": "http://127.0.0.1:9",
        }

    @property
    def s3(self):  # boto3's clients are made at run time
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="eu-central-1",
            aws_access_key_id="made-up",
            aws_secret_access_key="made-up",
        )

    def submit(self, upload: Path, root: str, request: Request) -> None:
        """Upload a zip and leave the request.json that the submit function would."""
        key = f"uploads/{self.keys.lab}/{upload.name}"
        version = self._put(key, upload.read_bytes())
        run = RunRequest(
            self.keys.run_id,
            self.keys.lab,
            self.bucket,
            key,
            version,
            root,
            request,
            "2026-01-01T00:00:00+00:00",
        )
        self._put(self.keys.request, run.to_json().encode())

    def overwrite(self, upload: Path, content: bytes) -> None:
        """Upload something else under the name of an upload."""
        self._put(f"uploads/{self.keys.lab}/{upload.name}", content)

    def command(self, shuffle: int = 1) -> list[str]:
        for name in ("work", "home"):
            (self.folder / name).mkdir(exist_ok=True)
        names = ["--bucket", self.bucket, "--lab", self.keys.lab, "--run-id", self.keys.run_id]
        more = ["--shuffle", str(shuffle), "--work", str(self.folder / "work")]
        return [sys.executable, "-m", "dlc_batch_trainer", *names, *more]

    def start(self, **more: str) -> subprocess.Popen[str]:
        """Start the program; DeepLabCut's warnings are its own, not this suite's."""
        return subprocess.Popen(
            self.command(),
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def train(self, shuffle: int = 1, **more: str) -> Finished:
        """Run the program to its end and bring what it left."""
        done = subprocess.run(
            self.command(shuffle),
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        try:
            outcome = self.outcome(shuffle)
        except self.s3.exceptions.NoSuchKey:
            pytest.fail(f"the program left no outcome:\n{done.stdout}")
        return Finished(done.returncode, done.stdout, outcome, self._results())

    def outcome(self, shuffle: int = 1) -> Outcome:
        return Outcome.from_json(self.read(self.keys.shuffle(shuffle).outcome))

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def zip_project(
        self, project: Path, root: str = "", extra: Mapping[str, bytes] | None = None
    ) -> Path:
        """Zip a project as the field does, several folders deep where `root` says so."""
        target = self.folder / "tiny.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(project.rglob("*")):
                if path.is_file():
                    archive.write(path, root + path.relative_to(project).as_posix())
            for name, content in (extra or {}).items():
                archive.writestr(root + name, content)
        return target

    @contextlib.contextmanager
    def opened(self) -> Iterator[Self]:
        """With its bucket, whose disk is given back at the end: moto keeps each version that ever
        was in an open file."""
        place = {"LocationConstraint": "eu-central-1"}
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)
        self.s3.put_bucket_versioning(
            Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        try:
            yield self
        finally:
            for each in FakeKey.instances_tracked:
                if each.bucket_name == self.bucket:
                    each.dispose()

    def _put(self, key: str, content: bytes) -> str | None:
        answer = self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        version: str | None = answer.get("VersionId")
        return version

    def _results(self) -> Path:
        target, prefix = self.folder / "results", self.keys.results
        target.mkdir(exist_ok=True)
        for each in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", []):
            path = target / each["Key"].removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.read(each["Key"]))
        return target


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bench(endpoint: str, tmp_path: Path) -> Iterator[Bench]:
    with Bench(endpoint, tmp_path).opened() as bench:
        yield bench


@pytest.fixture(scope="module")
def make_bench(
    endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Bench]]:
    """Makes benches that outlive a test."""
    with contextlib.ExitStack() as benches:
        yield lambda: benches.enter_context(
            Bench(endpoint, tmp_path_factory.mktemp("bench")).opened()
        )


@pytest.fixture(scope="session")
def tiny_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 16 labelled frames in two views. Not to be changed: tests copy it."""
    folder = tmp_path_factory.mktemp("lab") / "walk"
    return make_demo_project(folder, DemoSize(frames=16, labelled=8))


@pytest.fixture(scope="session")
def tiny_request() -> Request:
    return Request(
        net_type="cspnext_s",
        weights="random",
        epochs=2,
        batch_size=4,
        seed=7,
        overrides={**SMALL, "train_settings.display_iters": 1},
    )


@pytest.fixture(scope="session")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that comes to be if the upload's code runs."""
    return tmp_path_factory.mktemp("canary") / "sang"


@pytest.fixture(scope="session")
def trained(
    endpoint: str,
    tmp_path_factory: pytest.TempPathFactory,
    tiny_project: Path,
    tiny_request: Request,
    canary: Path,
) -> Iterator[tuple[Bench, Finished]]:
    """One training, many tests: the tiny project deep in its zip, with code among the data."""
    with Bench(endpoint, tmp_path_factory.mktemp("trained")).opened() as bench:
        upload = bench.zip_project(tiny_project, "home/dlc/my lab/", _hostile_members(canary))
        bench.submit(upload, "home/dlc/my lab/", tiny_request)
        bench.overwrite(upload, b"uploaded later, and not what the check saw")
        yield bench, bench.train()


def _hostile_members(canary: Path) -> dict[str, bytes]:
    """Files of the names that DeepLabCut would load, each of which makes the canary sing."""
    # protocol 0 by hand: os.system(f"touch {canary}") on loading
    code = f"cposix\nsystem\n(S'touch {canary}'\ntR.".encode()
    dataset = "training-datasets/iteration-0/UnaugmentedDataSet_walkJan1/"
    model = "dlc-models-pytorch/iteration-0/walkJan1-trainset80shuffle1/train/"
    return {
        dataset + "Documentation_data-walk_80shuffle1.pickle": code,
        dataset + "Documentation_data-walk_80shuffle2.pickle": code,
        dataset + "CollectedData_drawn.h5": code,
        "labeled-data/walk-camera-1/CollectedData_drawn.h5": code,
        model + "snapshot-best-200.pt": code,
        model + "snapshot-200.pt": code,
    }
