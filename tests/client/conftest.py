"""A stack to talk to, a project's folder, and the command line in this process."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.client.spoiled_aws import SpoiledAws
from tests.client.stacks import make_stack, recorder

from dlc_batch import cli
from dlc_batch.cloud import Cloud
from dlc_batch_core.run import Run


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for what the client keeps, instead of the user's."""
    monkeypatch.setenv("DLC_BATCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def cloud(aws: Any) -> Cloud:
    """A bucket and a table of their own."""
    bucket, table = aws.make_bucket(), aws.make_runs_table()
    return Cloud(aws.session, aws.endpoint_url, bucket, table, "no-queue")


@pytest.fixture
def spoiled() -> Iterator[SpoiledAws]:
    """The account of `cloud`, behind a door at which answers can be changed."""
    aws = SpoiledAws("123456789012")  # moto's own
    yield aws
    aws.close()


@pytest.fixture
def scientist(cloud: Cloud, spoiled: SpoiledAws) -> Iterator[Cloud]:
    """The cloud as one sees it who may see the records of the lab miller only."""
    seen = replace(cloud, session=spoiled.session, endpoint_url=spoiled.endpoint_url, lab="miller")
    with spoiled.denied("dynamodb", r"\.Query .*by-run"):
        yield seen


@pytest.fixture
def record(cloud: Cloud) -> Callable[..., Run]:
    """Writes the record of a run."""
    return recorder(cloud)


@pytest.fixture
def project(tmp_path: Path, project_files: dict[str, bytes]) -> Path:
    """A project's folder as DeepLabCut leaves it: with much that training does not need."""
    more = {
        "mouse/labeled-data/video1/CollectedData_Ann.h5": b"hdf",
        "mouse/labeled-data/video1/machinelabels.pickle": b"pickle",
        "mouse/labeled-data/.hidden/img01.png": b"hidden",
        "mouse/videos/video1.mp4": b"video" * 1000,
        "mouse/training-datasets/iteration-0/set/x.pickle": b"pickle",
        "mouse/dlc-models-pytorch/iteration-0/reach-shuffle1/train/snapshot-200.pt": b"model",
        "mouse/dlc-models-pytorch/iteration-0/reach-shuffle1/train/pytorch_config.yaml": b"a: 1",
    }
    for name, data in {**project_files, **more}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path / "mouse"


class Answer(NamedTuple):
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run_cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Runs `dlc-batch` with these arguments, in this process."""

    def run(*args: object) -> Answer:
        monkeypatch.setattr("sys.argv", ["dlc-batch", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Answer(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def stack(aws: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> str:
    """A deployed stack, by its outputs, that the environment's credentials lead to."""
    variables = make_stack(aws, cloud)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    return variables["DLC_BATCH_STACK"]


@pytest.fixture
def closed_port() -> str:
    """An address on this computer where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}"
