"""A running local cloud, as a client finds it. Imports neither boto3 nor the emulator."""

import http.client
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dlc_batch.local.home import Home, default_home
from dlc_batch_core.errors import CloudError

HEALTH_PATH = "/_ministack/health"
HEALTH_TIMEOUT_S = 5


class LocalCloudError(CloudError):
    """The local cloud cannot do what was asked; the message says why and what to do next."""


@dataclass(frozen=True)
class LocalCloud:
    """Address and credentials of a local cloud; `stack_name` and `bucket` are None before a
    stack is deployed (`local up --no-deploy`)."""

    home: Path
    pid: int
    port: int
    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    stack_name: str | None = None
    bucket: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        values = asdict(self)
        return {"up": True, "stack": values.pop("stack_name"), **values, "home": str(self.home)}


def running_cloud(home: Home | None = None) -> LocalCloud | None:
    """The local cloud that is up at `home` (the default home if None), else None."""
    home = home or default_home()
    cloud = read_cloud(home)
    if cloud is None or server_pid(home) != cloud.pid or not answers(cloud.port):
        return None
    return cloud


def read_cloud(home: Home) -> LocalCloud | None:
    """What cloud.json says, be the cloud up or not; None when there is none or it is not ours."""
    try:
        values = json.loads(home.cloud_file.read_text("utf-8"))
        return LocalCloud(
            home=home.path,
            stack_name=values["stack"],
            **{name: values[name] for name in _PLAIN_FIELDS},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


_PLAIN_FIELDS = (
    "pid",
    "port",
    "endpoint_url",
    "region",
    "access_key_id",
    "secret_access_key",
    "bucket",
    "outputs",
)


def write_cloud(home: Home, cloud: LocalCloud) -> None:
    """Replace cloud.json at once, readable for its owner only: it holds a secret."""
    new = home.cloud_file.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(cloud.as_json(), file, indent=2)
    new.replace(home.cloud_file)


def server_pid(home: Home) -> int | None:
    """The process id of the server that lives at `home`, or None.

    The server holds a lock as long as it lives, so a process id that another program got
    after a crash is never taken for ours.
    """
    try:
        import fcntl  # not on Windows, where the local cloud runs under WSL only

        with home.server_lock.open("r", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
    except (ImportError, OSError, ValueError):
        return None
    return None


def answers(port: int) -> bool:
    """True when the emulator on this port says that it is well."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", HEALTH_PATH)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def endpoint_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
