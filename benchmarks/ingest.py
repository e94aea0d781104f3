"""Bringing an upload to the trainer's disk, against the plain way: all into memory, extractall.

    python benchmarks/ingest.py [--megabytes 2000] [--frames 5000] [--rounds 3] [--deflate]
                                [--server cloud|plain|both] [--folder /tmp]

Both ways bring the same project of PNG frames (each a PNG's head and random bytes: as images, they
do not compress) from the same server to the same disk, each in a process of its own: its peak
memory, the requests that it sends, and its time, the least of the rounds. The servers are the
local cloud's S3, and a plain HTTP server with ranges, which is no bottleneck.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BUCKET, KEY = "benchmark", "uploads/lab/project.zip"
PNG_HEAD = b"\x89PNG\r\n\x1a\n" + struct.pack(">L4sLL5B", 13, b"IHDR", 1280, 1024, 8, 2, 0, 0, 0)
VIDEOS = 10
MADE_UP = {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"}


def main() -> None:
    """Measure both ways at each server and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deflate", action="store_true", help="as archivers of desktops zip")
    parser.add_argument("--server", choices=["cloud", "plain", "both"], default="both")
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-", dir=asked.folder) as work:
        folder = Path(work)
        archive = make_zip(folder / "project.zip", asked.megabytes, asked.frames, asked.deflate)
        print(f"zip of {archive.stat().st_size / 1e6:,.0f} MB with {asked.frames:,} frames")
        for name, serve in (("plain", _plain_server), ("cloud", _local_cloud)):
            if asked.server in (name, "both"):
                with serve(folder, archive) as place:
                    _report(name, *_measure_all(place, folder, asked.rounds))


def make_zip(target: Path, megabytes: int, frames: int, deflate: bool) -> Path:
    """Write a project of so many frames."""
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    size = megabytes * 1_000_000 // frames - len(PNG_HEAD)
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("bench/config.yaml", "Task: bench\n")
        for frame in range(frames):
            name = f"bench/labeled-data/video{frame % VIDEOS}/img{frame:05d}.png"
            archive.writestr(name, PNG_HEAD + os.urandom(size))
    return target


@contextmanager
def _local_cloud(folder: Path, archive: Path) -> Iterator[dict[str, str]]:
    """Serve the upload by a local cloud's S3; gives the environment that leads there."""
    from dlc_batch.local.deploy import aws_client
    from dlc_batch.local.home import Home
    from dlc_batch.local.lifecycle import UpOptions, down, up

    home = Home(folder / "home")
    try:
        cloud = up(home, UpOptions(deploy=False), lambda line: print(line, file=sys.stderr))
        s3 = aws_client(cloud, "s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.upload_file(str(archive), BUCKET, KEY)
        yield {
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": cloud.access_key_id,
            "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
            "AWS_DEFAULT_REGION": cloud.region,
        }
    finally:
        down(home, lambda line: print(line, file=sys.stderr))
        shutil.rmtree(home.path, ignore_errors=True)


@contextmanager
def _plain_server(folder: Path, archive: Path) -> Iterator[dict[str, str]]:
    """Serve the upload, whatever the key, by a process of its own."""
    command = [sys.executable, __file__, "serve", str(archive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
            yield {**MADE_UP, **endpoint, "AWS_DEFAULT_REGION": "eu-west-1"}
        finally:
            server.terminate()


def serve(file: Path) -> None:
    """Answer every GET with the file, or a range of it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else headers wait 40 ms for an acknowledgement

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            start, end = self._answer()
            self.wfile.flush()
            with file.open("rb") as opened:
                while start < end:
                    start += os.sendfile(
                        self.connection.fileno(), opened.fileno(), start, end - start
                    )

        def _answer(self) -> tuple[int, int]:
            size, wanted = file.stat().st_size, self.headers["Range"]
            first, last = wanted.removeprefix("bytes=").split("-") if wanted else ("0", "")
            start, end = int(first), int(last) + 1 if last else size
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(end - start))
            self.send_header("ETag", '"benchmark"')
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            self.end_headers()
            return start, end

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def _measure_all(
    place: dict[str, str], folder: Path, rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    found: dict[str, list[dict[str, float]]] = {"ours": [], "plain": []}
    for _ in range(rounds):
        for way, results in found.items():
            target = folder / "project"
            os.sync()  # no way pays for what the one before left to be written
            command = [sys.executable, __file__, "measure", way, str(target)]
            done = subprocess.run(
                command,
                env={**os.environ, **place},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            results.append(json.loads(done.stdout.splitlines()[-1]))
            shutil.rmtree(target)
    ours, plain = ({k: min(r[k] for r in each) for k in each[0]} for each in found.values())
    return ours, plain


def measure(way: str, target: Path) -> None:
    """Bring the project to a folder in one way, and print what it took."""
    import boto3

    from dlc_batch_trainer.store import _CONFIG

    s3 = boto3.client("s3", config=_CONFIG)
    sent: list[object] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.url))
    target.mkdir()
    started = time.perf_counter()
    WAYS[way](s3, target)
    seconds = time.perf_counter() - started
    files = [p for p in target.rglob("*") if p.is_file()]
    size = sum(p.stat().st_size for p in files)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"requests": len(sent), "seconds": seconds, "peak_mb": peak}
    print(json.dumps({**found, "files": len(files), "bytes": size}))


def _ours(s3: Any, target: Path) -> None:
    from dlc_batch_core.keys import RunKeys
    from dlc_batch_core.limits import Limits
    from dlc_batch_core.request import Request
    from dlc_batch_core.run_request import RunRequest
    from dlc_batch_trainer.ingest import Ingest
    from dlc_batch_trainer.store import RunStore

    run = RunRequest("bench-0", "lab", BUCKET, KEY, None, "bench/", Request(), "")
    upload = RunStore(s3, BUCKET, RunKeys("lab", "bench-0"), 1).find_upload(run)
    Ingest.begin(upload, run.intake, Limits()).write(target, lambda _done, _total: None)


def _plain(s3: Any, target: Path) -> None:
    import io

    body = s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        archive.extractall(target)


WAYS: dict[str, Callable[[Any, Path], None]] = {"ours": _ours, "plain": _plain}


def _report(server: str, ours: dict[str, float], plain: dict[str, float]) -> None:
    assert ours["files"] == plain["files"], "the ways brought different files"
    assert ours["bytes"] == plain["bytes"]
    name = {"cloud": "the local cloud's S3", "plain": "a plain HTTP server"}[server]
    print(f"\nfrom {name}\n{'':<22}{'ours':>14}{'plain way':>14}{'plain / ours':>14}")
    rows = (
        ("peak memory (MB)", "peak_mb", "{:,.0f}"),
        ("time (s)", "seconds", "{:,.2f}"),
        ("requests", "requests", "{:,.0f}"),
    )
    for title, key, form in rows:
        mine, theirs = ours[key], plain[key]
        print(f"{title:<22}{form.format(mine):>14}{form.format(theirs):>14}{theirs / mine:>14.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", file]:
            serve(Path(file))
        case ["measure", way, target]:
            measure(way, Path(target))
        case _:
            main()
