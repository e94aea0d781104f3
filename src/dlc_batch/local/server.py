"""The local cloud's server: `python -m dlc_batch.local.server --home DIR --port N ...`.

`dlc-batch local up` starts it with a socket bound to 127.0.0.1:N, and with a clean environment,
which also carries the admin's credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: the
emulator's root).
"""

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import IO, Any

from dlc_batch.local.cloud import HEALTH_PATH, endpoint_url
from dlc_batch.local.home import Home
from dlc_batch.local.settings import BatchSettings, clean_environment

_logger = logging.getLogger("dlc_batch.server")
SERVICES = "services"
_WATCH_S = 2.0
# How long `down` waits for functions that are at work, and for how long none must be.
_FUNCTIONS_END_S = 20.0
_QUIET_S = 0.3

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--home", type=Path, required=True)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--socket", type=int, required=True, help="descriptor, bound to it")
    arguments.add_argument("--function-python", type=Path, required=True)
    options = arguments.parse_args()
    home = Home(options.home)
    with alone(home) as lock:
        configure_emulator(home, options.port)
        _logger.info("the local cloud starts on port %d, process %d", options.port, os.getpid())
        asyncio.run(_serve(home, options, lock))
    _logger.info("the local cloud has ended")


@contextlib.contextmanager
def alone(home: Home) -> Iterator[IO[str]]:
    """Hold the server's lock, with our process id in it; ends the process if another holds it."""
    with home.server_lock.open("a+", encoding="ascii") as lock:
        deadline = time.monotonic() + 2  # one who only looks holds it for a moment
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    sys.exit(f"another server lives in {home.path}")
                time.sleep(0.05)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock


def configure_emulator(home: Home, port: int) -> None:
    """Set MiniStack's options: it reads them from the environment when it is imported."""
    os.environ.update(
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        MINISTACK_HOST="127.0.0.1",
        AUTH="true",
        PERSIST_STATE="1",
        STATE_DIR=str(home.state / SERVICES),
        S3_PERSIST="1",
        S3_DATA_DIR=str(home.state / "s3"),
        LAMBDA_EXECUTOR="local",
        LAMBDA_WARM_TTL_SECONDS="60",
        # AWS waits a minute, then two; MiniStack no longer than half a minute, unless told
        LAMBDA_ASYNC_RETRY_BASE_SECONDS=os.environ.get("DLC_BATCH_LOCAL_RETRY_WAIT") or "1",
        LAMBDA_ASYNC_RETRY_MAX_SECONDS="300",
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
    )


async def _serve(home: Home, options: argparse.Namespace, lock: IO[str]) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app  # type: ignore[import-untyped]

    from dlc_batch.local import hooks
    from dlc_batch.local.batch_api import EmulatorServices, all_jobs
    from dlc_batch.local.batch_runner import BatchRunner
    from dlc_batch.local.images import Images
    from dlc_batch.local.mailbox import serve_smtp
    from dlc_batch.local.saving import Saver
    from dlc_batch.local.sns_mail import MailSender

    smtp, smtp_port = await serve_smtp(home.mail)
    mail = MailSender(smtp_port)
    settings = BatchSettings.from_environment(os.environ)
    images = Images(settings.images, clean_environment(os.environ))
    services = EmulatorServices(endpoint_url(options.port))
    runner = BatchRunner(services, images, settings, home.jobs)
    slots = hooks.install(runner, mail, options.function_python)
    os.environ.pop("PYTHONPATH", None)  # ours; functions inherit the rest
    for talkative in ("persistence", "mail.log"):
        logging.getLogger(talkative).setLevel(logging.WARNING)

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    saver = Saver(home.state / SERVICES)
    watch = asyncio.create_task(_end_with_home(home, lock, stop, saver.give_up))

    async def until_stopped() -> None:
        await stop.wait()
        await asyncio.to_thread(runner.close)
        await asyncio.to_thread(_wait_until_quiet, slots)
        await asyncio.to_thread(mail.close)
        await asyncio.to_thread(saver.close)

    config = Config()
    config.bind = [f"fd://{options.socket}"]
    config.keep_alive_timeout = 75
    # every request, where somebody wants to count them
    config.accesslog = os.environ.get("DLC_BATCH_LOCAL_ACCESS_LOG") or None
    config.access_log_format = "%(m)s %(s)s %(U)s %({user-agent}i)s"
    config.graceful_timeout = 1

    def ready() -> None:
        runner.recover(all_jobs())
        saver.start()

    await serve(_as_served(app.app, ready, saver.ask), config, shutdown_trigger=until_stopped)
    watch.cancel()
    smtp.close()
    hooks.end_functions()
    hooks.end_waiting()


def _as_served(app: AsgiApp, ready: Callable[[], None], asked: Callable[[], None]) -> AsgiApp:
    """The application, with `ready` called once its saved state is loaded, `asked` called at each
    request, and without the emulator's own administration, which asks for no signature and can
    delete everything."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                await asyncio.to_thread(ready)
            await send(message)

        if scope["type"] == "http" and _is_administration(scope["path"]):
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if scope.get("path") != HEALTH_PATH:
            asked()
        await app(scope, receive, sending if scope["type"] == "lifespan" else send)

    return served


def _is_administration(path: str) -> bool:
    # No S3 bucket's name begins with an underscore.
    return path.startswith("/_") and path != HEALTH_PATH


def home_is_gone(home: Home, lock: IO[str]) -> bool:
    """True when the home was deleted, even if another has been made in its place."""
    try:
        return not os.path.samestat(os.fstat(lock.fileno()), home.server_lock.stat())
    except FileNotFoundError:
        return True


async def _end_with_home(
    home: Home, lock: IO[str], stop: asyncio.Event, give_up: Callable[[], None]
) -> None:
    while not home_is_gone(home, lock):
        await asyncio.sleep(_WATCH_S)
    _logger.warning("%s is gone: the local cloud ends", home.path)
    give_up()
    stop.set()


def _wait_until_quiet(slots: Any) -> None:
    """Let functions that are at work finish: an event that a job's end set off is not lost."""
    deadline = time.monotonic() + _FUNCTIONS_END_S
    quiet_since = time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - quiet_since < _QUIET_S:
        time.sleep(0.05)
        if slots.busy():
            quiet_since = time.monotonic()


if __name__ == "__main__":
    main()
