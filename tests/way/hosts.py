"""Hosts on which trainings run, and what befalls them: real signals, a real proxy before S3."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dlc_batch.local.home import Home
from dlc_batch_core.keys import RunKeys

if TYPE_CHECKING:
    from tests.way.conftest import Way

#: Told of each request, with the part of its body that has come: halfway, then whole. What it
#: returns is answered instead of what S3 says.
Hook = Callable[[str, str, bool], int | None]
_CHUNK = 64 * 1024


def nothing(_method: str, _path: str, _is_whole: bool) -> int | None:
    """Let all requests pass."""
    return None


class Proxy(ThreadingHTTPServer):
    """Stands between a trainer and S3."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(endpoint).netloc
        self.hook: Hook = nothing
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """A killed trainer hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length // 2)
        code = self.server.hook(self.command, self.path, False)
        body += self.rfile.read(length - len(body))
        code = code or self.server.hook(self.command, self.path, True)
        if code is not None:
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        connection = http.client.HTTPConnection(self.server.target)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        size = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
        self.send_header("Content-Length", str(size or 0))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Host:
    """What a training runs on."""

    way: Way
    settings: Path  # of host_of_trainer.py
    proxy: Proxy
    folder: Path  # the disk of the jobs
    killed: list[float] = field(default_factory=list)  # when; time.monotonic()

    def arrange(self, **more: str) -> None:
        """Set the environment of the attempts to come."""
        environment = {
            "AWS_ENDPOINT_URL": self.proxy.url,
            "TMPDIR": str(self.folder),
            "OMP_NUM_THREADS": "1",
            "HF_ENDPOINT": "http://127.0.0.1:9",  # no test asks the real hub
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.settings.write_text(json.dumps({**environment, **more}))

    def group_of(self, run: str) -> int | None:
        """The process group of the running attempt."""
        for job in self.way.jobs(run):
            note = Home(self.way.cloud.home).jobs / f"{job['jobId']}.pid"
            with contextlib.suppress(OSError, ValueError):
                return int(note.read_text())
        return None

    def kill(self, run: str, group: int | None = None) -> None:
        """SIGKILL to all processes of the attempt, as when its host is gone."""
        group = group or self.group_of(run)
        assert group is not None, "nothing runs"
        os.killpg(group, signal.SIGKILL)
        self.killed.append(time.monotonic())

    def end_all_jobs(self) -> None:
        """End whatever a test has left running."""
        ended = ("SUCCEEDED", "FAILED")
        batch = self.way.client("batch")
        for job in self.way.jobs(""):
            if job["status"] not in ended:
                batch.terminate_job(jobId=job["jobId"], reason="the test is over")
        self.way.wait_for(
            lambda: all(job["status"] in ended for job in self.way.jobs("")), "the jobs' end"
        )

    def training_process(self, run: str) -> int | None:
        """The process in which DeepLabCut runs."""
        group = self.group_of(run)
        if group is None:
            return None
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{group}/task").iterdir():
                for child in (thread / "children").read_text().split():
                    return int(child)
        return None

    def log(self, run: str) -> list[str]:
        """What all attempts printed, in order."""
        logs = self.way.client("logs")
        jobs = self.way.client("batch").describe_jobs(
            jobs=[each["jobId"] for each in self.way.jobs(run)]
        )["jobs"]
        jobs.sort(key=lambda job: job["createdAt"])
        streams = [
            container["logStreamName"]
            for job in jobs
            for container in [*(each["container"] for each in job["attempts"]), job["container"]]
            if "logStreamName" in container
        ]
        group = jobs[0]["container"]["logConfiguration"]["options"]["awslogs-group"]
        found: list[str] = []
        for stream in dict.fromkeys(streams):
            answer = logs.get_log_events(
                logGroupName=group, logStreamName=stream, startFromHead=True, limit=10_000
            )
            found += [event["message"] for event in answer["events"]]
        return found

    def read(self, run: str, name: str) -> Any:
        """An object of the run's first shuffle, from JSON; None where there is none."""
        s3 = self.way.client("s3")
        prefix = f"runs/{LAB}/{run}/shuffle1/"
        with contextlib.suppress(s3.exceptions.NoSuchKey):
            return json.loads(
                s3.get_object(Bucket=self.way.bucket, Key=prefix + name)["Body"].read()
            )
        return None

    def checkpoints(self, run: str) -> list[int]:
        """The numbers of the checkpoints whose manifest is there."""
        prefix = RunKeys(LAB, run).shuffle(1).checkpoints
        listed = self.way.client("s3").list_objects_v2(Bucket=self.way.bucket, Prefix=prefix)
        names = [each["Key"].removeprefix(prefix) for each in listed.get("Contents", [])]
        return sorted(int(name[:-5]) for name in names if name[:-5].isdigit())


LAB = "night-lab"


@contextlib.contextmanager
def proxy_to(endpoint: str) -> Iterator[Proxy]:
    """A proxy, for as long as the block lasts."""
    proxy = Proxy(endpoint)
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
