"""Up, down and reset of a local cloud: one server process for each home."""

import contextlib
import dataclasses
import fcntl
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dlc_batch
from dlc_batch.local.artifacts import ArtifactBuilder, function_python
from dlc_batch.local.cloud import (
    LocalCloud,
    LocalCloudError,
    answers,
    endpoint_url,
    read_cloud,
    running_cloud,
    server_pid,
    write_cloud,
)
from dlc_batch.local.home import Home, checkout
from dlc_batch.local.settings import clean_environment

REGION = "us-east-1"
# What AWS tools and MiniStack's users expect; another one where it is taken.
PREFERRED_PORT = 4566
_ANY_FREE_PORT = 0
_START_S = 60
# `down` waits for functions at work and for the state to be saved.
_STOP_S = 60
_POLL_S = 0.1
_EXTRA = ("ministack", "samtranslator", "aiosmtpd")

Progress = Callable[[str], None]

# The servers that this very process started, by process id: kept to be waited for at their end.
_children: dict[int, "subprocess.Popen[bytes]"] = {}


@dataclass(frozen=True)
class UpOptions:
    """What to start: `template` None means the checkout's, `port` None any."""

    template: Path | None = None
    port: int | None = None
    deploy: bool = True
    parameters: dict[str, str] = field(default_factory=dict)


def up(home: Home, options: UpOptions, progress: Progress) -> LocalCloud:
    """Start the cloud at `home` and deploy the template, unless that is so already. Returns when
    all is ready; raises LocalCloudError and leaves nothing running when it cannot be."""
    _require_extra()
    with _alone(home, progress):
        cloud = running_cloud(home)
        if cloud and (cloud.stack_name or not options.deploy):
            _require_parameters(cloud, options)
            progress(f"the local cloud is up already: {cloud.endpoint_url}")
            return cloud
        if cloud is None:
            _end_server(home)  # one that did not come up whole
            cloud = _start_server(home, options, progress)
        try:
            return _finish(home, cloud, options, progress)
        except BaseException:
            _end_server(home)
            raise


def down(home: Home, progress: Progress) -> bool:
    """End the server and its jobs; what lies in the cloud stays. False when it was not up."""
    if not home.path.is_dir():
        _forget_ended()
        return False
    with _alone(home, progress):
        return _end_server(home)


def reset(home: Home, progress: Progress) -> LocalCloud | None:
    """Empty the cloud. One that was up is up again after, fresh and with the same template's
    stack; gives it, or None."""
    before = running_cloud(home)
    down(home, progress)
    for folder in (home.state, home.mail, home.jobs):
        shutil.rmtree(folder, ignore_errors=True)
    home.cloud_file.unlink(missing_ok=True)
    progress("the local cloud is empty")
    if before is None:
        return None
    return up(home, UpOptions(port=before.port, deploy=before.stack_name is not None), progress)


@contextlib.contextmanager
def _alone(home: Home, progress: Progress) -> Iterator[None]:
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds keys and mails
    with home.up_lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another `dlc-batch local` command to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _require_extra() -> None:
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise LocalCloudError(
            f"The local cloud needs packages that are not installed ({', '.join(missing)}): "
            "pip install 'dlc-batch[local]'"
        )


def _start_server(home: Home, options: UpOptions, progress: Progress) -> LocalCloud:
    python = function_python(home.build, progress)
    before = read_cloud(home)
    bound = _bound_socket(options.port, before)
    port = int(bound.getsockname()[1])
    key = before.access_key_id if before else f"AKIA{secrets.token_hex(8).upper()}"
    secret = before.secret_access_key if before else secrets.token_urlsafe(30)
    progress(f"starting the local cloud on port {port}")
    environment = {
        **clean_environment(os.environ),
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "PYTHONPATH": _our_path(),
    }
    arguments = ["--home", str(home.path), "--port", str(port), "--socket", str(bound.fileno())]
    arguments += ["--function-python", str(python)]
    with bound, home.log.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - this package's own module
            [sys.executable, "-m", "dlc_batch.local.server", *arguments],
            env=environment,
            cwd=home.path,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[bound.fileno()],
            start_new_session=True,
        )
    _children[process.pid] = process
    _wait_until_up(home, process, port)
    return LocalCloud(home.path, process.pid, port, endpoint_url(port), REGION, key, secret)


def _our_path() -> str:
    """Where the server finds our packages: this one's folder, the core's, and the caller's."""
    root = checkout()
    folders = [str(Path(dlc_batch.__path__[0]).parent)]
    folders += [str(root / "core")] if root else []
    return os.pathsep.join([*folders, *filter(None, [os.environ.get("PYTHONPATH")])])


def _bound_socket(wanted: int | None, before: LocalCloud | None) -> socket.socket:
    """A socket on the port for the server, bound already: nobody else can get the port first."""
    if wanted is not None:
        bound = _bind(wanted)
        if bound is None:
            raise LocalCloudError(
                f"Port {wanted} is in use by another program: end it, or leave --port out"
            )
        return bound
    usual = (before.port if before else PREFERRED_PORT, PREFERRED_PORT)
    for port in (*usual, _ANY_FREE_PORT):
        if bound := _bind(port):
            return bound
    raise LocalCloudError("This computer has no free port on 127.0.0.1")


def _bind(port: int) -> socket.socket | None:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen()  # till then another may bind the same port, as both are to reuse addresses
    except OSError:
        bound.close()
        return None
    return bound


def _wait_until_up(home: Home, process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _START_S
    try:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalCloudError(f"The server ended at once: {_log_end(home)}")
            if server_pid(home) == process.pid and answers(port):
                return
            time.sleep(_POLL_S)
        raise LocalCloudError(f"The server does not answer after {_START_S} s: {_log_end(home)}")
    except BaseException:
        process.kill()
        _children.pop(process.pid).wait()
        raise


def _log_end(home: Home) -> str:
    lines = home.log.read_text("utf-8", "replace").strip().splitlines()
    return f"{lines[-1] if lines else 'it said nothing'} (all of it: {home.log})"


def _finish(home: Home, cloud: LocalCloud, options: UpOptions, progress: Progress) -> LocalCloud:
    if options.deploy:
        from dlc_batch.local.deploy import deploy  # boto3 takes a second to import

        template = _template(options)
        progress(f"deploying {template}")
        python = function_python(home.build, progress)
        builder = ArtifactBuilder(home.build, python, progress)
        stack = deploy(cloud, template, builder, options.parameters)
        cloud = dataclasses.replace(
            cloud, stack_name=stack.name, bucket=stack.bucket, outputs=stack.outputs
        )
    write_cloud(home, cloud)
    progress(f"the local cloud is up: {cloud.endpoint_url}")
    return cloud


def _require_parameters(cloud: LocalCloud, options: UpOptions) -> None:
    if options.parameters:
        from dlc_batch.local.deploy import require_parameters  # boto3 takes a second to import

        require_parameters(cloud, options.parameters)


def _template(options: UpOptions) -> Path:
    if options.template:
        return options.template.absolute()
    root = checkout()
    if root and (root / "template.yaml").is_file():
        return root / "template.yaml"
    raise LocalCloudError("No template.yaml: run from a checkout of dlc-batch, or give --template")


def _end_server(home: Home) -> bool:
    pid = server_pid(home)
    if pid is None:
        _forget_ended()
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while server_pid(home) == pid:
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise LocalCloudError(
                f"The server (process {pid}) did not end within {_STOP_S} s and was killed: "
                f"what changed in its last seconds may be lost ({home.log})"
            )
        time.sleep(_POLL_S)
    if pid in _children:
        _children.pop(pid).wait()
    return True


def _forget_ended() -> None:
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            del _children[pid]
