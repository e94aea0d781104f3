"""What tests of several parts share: a local cloud with the product's own template, single AWS
services (moto) for what needs no cloud, and a project small enough to read."""

import io
import shutil
import signal
import struct
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import settings
from moto.server import ThreadedMotoServer
from ruamel.yaml import YAML

from dlc_batch.local.cloud import LocalCloud
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up

# How long a case takes says how busy the computer is. Cases are the same each time: `make fuzz`
# looks for others.
settings.register_profile("untimed", deadline=None, derandomize=True)
settings.load_profile("untimed")
ROOT = Path(__file__).resolve().parents[1]
# What runs in the background ignores Ctrl-C, and so would each command that a test breaks off.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the settings of whoever runs it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("settings")))
        yield


class CloudSession:
    """Clients of one local cloud with its admin's credentials."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._endpoint_url = cloud.endpoint_url
        self._session = boto3.Session(
            aws_access_key_id=cloud.access_key_id,
            aws_secret_access_key=cloud.secret_access_key,
            region_name=cloud.region,
        )

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint_url)

    def resource(self, service: str) -> Any:
        return self._session.resource(service, endpoint_url=self._endpoint_url)


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Home]:
    """Makes empty homes that share what the checkout's own local cloud has built."""
    shared = ROOT / ".local-cloud" / "build"
    shared.mkdir(parents=True, exist_ok=True)

    def make() -> Home:
        home = Home(tmp_path_factory.mktemp("home"))
        home.build.symlink_to(shared)
        return home

    return make


@pytest.fixture(scope="session")
def open_session() -> Callable[[LocalCloud], CloudSession]:
    return CloudSession


@pytest.fixture(scope="session")
def local_cloud(new_home: Callable[[], Home]) -> Iterator[LocalCloud]:
    """The product's stack on a local cloud of its own."""
    home = new_home()
    try:
        yield up(home, UpOptions(template=ROOT / "template.yaml"), print)
    finally:
        down(home, print)
        shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture(scope="session")
def cloud_session(local_cloud: LocalCloud) -> CloudSession:
    """Clients for `local_cloud`: `cloud_session.client("s3")`."""
    return CloudSession(local_cloud)


@pytest.fixture(scope="session")
def tensorflow_python() -> Path:
    """The interpreter of .venv-tf. Without it the tests skip, and say how to mend it."""
    if not (ROOT / ".venv-tf" / ".ready").exists():
        pytest.skip(
            "the TensorFlow engine's environment .venv-tf is not there: make it with"
            " `make .venv-tf/.ready` (about 11 GB)"
        )
    return ROOT / ".venv-tf" / "bin" / "python"


class AwsServices:
    """S3, DynamoDB, SNS and more over real HTTP, without events, roles or functions."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self.session = boto3.Session("test", "test", region_name="eu-west-1")

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.endpoint_url)

    def make_bucket(self) -> str:
        name = f"bucket-{uuid.uuid4().hex}"
        where = {"LocationConstraint": "eu-west-1"}
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
        versioned = {"Status": "Enabled"}
        self.client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration=versioned)
        return name

    def make_runs_table(self) -> str:
        """The table as template.yaml has it."""
        name = f"runs-{uuid.uuid4().hex}"
        template = YAML(typ="rt").load(ROOT / "template.yaml")
        properties = template["Resources"]["RunsTable"]["Properties"]
        wanted = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        shape = {each: properties[each] for each in wanted}
        self.client("dynamodb").create_table(TableName=name, **shape)
        return name


@pytest.fixture(scope="session")
def aws() -> Iterator[AwsServices]:
    """Single AWS services, made once; each test makes its own bucket and table."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield AwsServices(f"http://{host}:{port}")
    server.stop()


@pytest.fixture
def project_files() -> dict[str, bytes]:
    """The files of a project that can be trained, by their path in the zip."""
    config = (
        "Task: reach\nscorer: Ann\ndate: Jan1\nmultianimalproject: false\n"
        "bodyparts: [paw, nose]\nTrainingFraction: [0.95]\niteration: 0\n"
        "default_net_type: resnet_50\nengine: pytorch\n"
    )
    frames = "labeled-data/video1"
    head = "scorer,Ann,Ann,Ann,Ann\nbodyparts,paw,paw,nose,nose\ncoords,x,y,x,y\n"
    rows = f"{frames}/img01.png,1,2,3,4\n{frames}/img02.png,5,6,7,8\n"
    return {
        "mouse/config.yaml": config.encode(),
        f"mouse/{frames}/CollectedData_Ann.csv": f"{head}{rows}".encode(),
        f"mouse/{frames}/img01.png": png(120, 100),
        f"mouse/{frames}/img02.png": png(120, 100),
    }


def png(width: int, height: int) -> bytes:
    """A black picture in shades of grey (ISO 15948)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">L", len(data)) + body + struct.pack(">L", zlib.crc32(body))

    head = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(height * (width + 1)))
    parts = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.fixture(scope="session")
def zipped() -> Callable[[Mapping[str, bytes]], bytes]:
    """Makes a zip of files by their path."""

    def make(files: Mapping[str, bytes]) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        return target.getvalue()

    return make
