"""Packing and uploading a project, against `zip -r` and `aws s3 cp`.

    python benchmarks/sending.py [--megabytes 2000] [--kind mixed|noisy|smooth|jpeg] [--rounds 3]
                                 [--folder /tmp] [--no-upload]

The project is drawn: frames of a dim scene with a camera's noise, as PNG and JPEG by OpenCV, and
label tables. Three kinds of frames stand for what deflate makes of them: `noisy` PNGs (nothing to
gain, as in DeepLabCut's openfield project), `smooth` ones (some per cent, for OpenCV compresses
them quickly rather than well) and `jpeg` (one per cent); `mixed` is 3:1:1 of their bytes. Both
ways pack the same files, warm in the page cache, each in a process of its own, in turn; the least
of the rounds counts. Then both upload the same zip to the local cloud's S3: `aws s3 cp` (or
boto3's upload_file, which is what it does, where there is no AWS CLI) and ours, which is then
killed at half and repeated. The local cloud is one process of Python on the same computer: the
uploads are held up by it, and not by a network.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BUCKET, LAB = "benchmark", "lab"
WIDTH, HEIGHT, VIDEOS = 1024, 768, 8
NOISE = {"noisy": 3.0, "smooth": 0.5, "jpeg": 2.0}
MIX = ("noisy", "noisy", "noisy", "smooth", "jpeg")
PACK = """
import sys
from pathlib import Path
from dlc_batch.packing import pack, plan_packing
pack(plan_packing(Path(sys.argv[1])), Path(sys.argv[2]))
"""
SEND = """
import sys
from pathlib import Path
import boto3
from dlc_batch.cloud import Cloud
from dlc_batch.submitting import send
from dlc_batch_core.keys import UploadKey
cloud = Cloud(boto3.Session(), None, sys.argv[1], "table", "queue")
print(send(cloud, Path(sys.argv[2]), UploadKey("lab", sys.argv[3])).run_id)
"""
UPLOAD_FILE = """
import sys
import boto3
boto3.client("s3").upload_file(sys.argv[2], sys.argv[1], sys.argv[3])
"""


def main() -> None:
    """Measure both ways and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--kind", choices=["mixed", *NOISE], default="mixed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's)")
    parser.add_argument("--no-upload", action="store_true", help="packing alone")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-", dir=asked.folder) as work:
        folder = Path(work)
        count, size = draw_project(folder / "bench", asked.megabytes * 1_000_000, asked.kind)
        print(f"{asked.kind}: {count:,} files, {size / 1e6:,.0f} MB")
        is_well = compare_packing(folder, asked.rounds)
        if not asked.no_upload:
            with local_cloud(folder) as (environment, s3):
                compare_uploads(folder, {**os.environ, **environment}, s3)
    sys.exit(0 if is_well else 1)


def draw_project(project: Path, wanted: int, kind: str) -> tuple[int, int]:
    """Write a project of so many bytes; returns how many files, and their bytes."""
    draw = _Camera()
    kinds = MIX if kind == "mixed" else (kind,)
    spent, frames = dict.fromkeys(kinds, 0), 0
    while sum(spent.values()) < wanted:
        least = min(spent, key=lambda each: spent[each] / kinds.count(each))
        suffix, data = draw.frame(least, frames)
        folder = project / "labeled-data" / f"{least}{frames % VIDEOS}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"img{frames:05d}{suffix}").write_bytes(data)
        spent[least], frames = spent[least] + len(data), frames + 1
    _write_tables(project)
    files = [path for path in project.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files)


class _Camera:
    """Draws frames that differ, quickly: noise is cut from one large sheet."""

    def __init__(self) -> None:
        import numpy as np

        self._random = np.random.default_rng(0)
        shape = (2 * HEIGHT, 2 * WIDTH, 3)
        self._sheet = self._random.normal(0, 1, shape).astype("float32")
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype("float32")
        scene = 110 + 50 * np.sin(x / 190) + 40 * np.cos(y / 130)
        self._scene = scene[..., None] * np.array([0.8, 0.9, 1.0], "float32")

    def frame(self, kind: str, number: int) -> tuple[str, bytes]:
        import cv2
        import numpy as np

        top, left = self._random.integers(HEIGHT), self._random.integers(WIDTH)
        noise = self._sheet[top : top + HEIGHT, left : left + WIDTH] * NOISE[kind]
        image = np.clip(self._scene + noise + number % 7, 0, 255).astype("uint8")
        cv2.circle(image, (int(left), int(top)), 40, (30, 40, 50), -1)
        suffix = ".jpg" if kind == "jpeg" else ".png"
        return suffix, cv2.imencode(suffix, image)[1].tobytes()


def _write_tables(project: Path) -> None:
    points = random.Random(0)
    config = "Task: bench\nscorer: Ann\nbodyparts: [paw, nose]\n"
    (project / "config.yaml").write_text(config)
    for folder in (project / "labeled-data").iterdir():
        names = [f"labeled-data/{folder.name}/{path.name}" for path in sorted(folder.iterdir())]
        rows = [
            ",".join([name, *(f"{points.uniform(0, HEIGHT):.6f}" for _ in range(4))])
            for name in names
        ]
        (folder / "CollectedData_Ann.csv").write_text("\n".join(rows))


def compare_packing(folder: Path, rounds: int) -> bool:
    """Print both ways of packing; whether ours holds what is promised."""
    theirs, ours = folder / "theirs.zip", folder / "ours.zip"
    commands = {
        theirs: ["zip", "-qr", str(theirs), "bench"],
        ours: [sys.executable, "-c", PACK, "bench", str(ours)],
    }
    times: dict[Path, list[float]] = {theirs: [], ours: []}
    cpu: dict[Path, float] = {}
    for _ in range(rounds):
        for target, command in commands.items():
            target.unlink(missing_ok=True)
            before = _cpu()
            times[target].append(_seconds(command, folder))
            cpu[target] = min(cpu.get(target, math.inf), _cpu() - before)
    subprocess.run(["unzip", "-tqq", ours], check=True)
    sizes = {path: path.stat().st_size for path in times}
    ratio = min(times[theirs]) / min(times[ours])
    share = sizes[ours] / sizes[theirs]
    for name, path in (("zip -r", theirs), ("ours", ours)):
        every = ", ".join(f"{each:.1f}" for each in times[path])
        megabytes = sizes[path] / 1e6
        print(
            f"pack   {name:<12} {min(times[path]):7.2f} s  {cpu[path]:7.2f} s of CPU"
            f"  {megabytes:9,.1f} MB  ({every})"
        )
    print(
        f"pack   ours is {ratio:.1f} times as fast, with 1 / {cpu[theirs] / cpu[ours]:.1f} of the"
        f" CPU time, {100 * (share - 1):+.2f} % in size"
    )
    return ratio >= 5 and share <= 1.01


def compare_uploads(folder: Path, environment: dict[str, str], s3: Any) -> None:
    """Print both ways of uploading, and ours after a kill."""
    archive = str(folder / "ours.zip")
    if shutil.which("aws"):
        name = "aws s3 cp"
        theirs = ["aws", "s3", "cp", "--quiet", archive, f"s3://{BUCKET}/uploads/{LAB}/theirs.zip"]
    else:
        name = "upload_file"
        theirs = [sys.executable, "-c", UPLOAD_FILE, BUCKET, archive, f"uploads/{LAB}/theirs.zip"]
    environment = {**environment, "DLC_BATCH_CACHE": str(folder / "cache")}
    ours = [sys.executable, "-c", SEND, BUCKET, archive, "ours"]
    times = {name: _seconds(theirs, folder, environment), "ours": 0.0}
    _forget(s3)
    times["ours"] = _seconds(ours, folder, environment)
    _forget(s3)
    for each, seconds in times.items():
        print(f"upload {each:<12} {seconds:7.2f} s")
    print(f"upload ours takes {times['ours'] / times[name]:.2f} of the time of {name}")
    there, total = _kill_at_half(ours, folder, environment, s3)
    seconds = _seconds(ours, folder, environment)
    print(
        f"upload ours, killed when {there} of {total} parts were there, repeated: {seconds:.2f} s"
    )


def _kill_at_half(
    command: list[str], folder: Path, environment: dict[str, str], s3: Any
) -> tuple[int, int]:
    total = -(-(folder / "ours.zip").stat().st_size // (8 << 20))
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        while process.poll() is None and _parts(s3) < total // 2:
            time.sleep(0.05)
        process.kill()
    return _parts(s3), total


def _parts(s3: Any) -> int:
    for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        where = {"Bucket": BUCKET, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        pages = s3.get_paginator("list_parts").paginate(**where)
        return sum(len(page.get("Parts", [])) for page in pages)
    return 0


def _forget(s3: Any) -> None:
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _seconds(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@contextmanager
def local_cloud(folder: Path) -> Iterator[tuple[dict[str, str], Any]]:
    """Start a local cloud with a bucket; gives the environment that leads there, and its S3."""
    from dlc_batch.local.deploy import aws_client
    from dlc_batch.local.home import Home
    from dlc_batch.local.lifecycle import UpOptions, down, up

    tell: Callable[[str], None] = lambda line: print(line, file=sys.stderr)  # noqa: E731
    home = Home(folder / "home")
    try:
        cloud = up(home, UpOptions(deploy=False), tell)
        s3 = aws_client(cloud, "s3")
        s3.create_bucket(Bucket=BUCKET)
        environment = {
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": cloud.access_key_id,
            "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
            "AWS_DEFAULT_REGION": cloud.region,
        }
        yield environment, s3
    finally:
        down(home, tell)
        shutil.rmtree(home.path, ignore_errors=True)


if __name__ == "__main__":
    main()
