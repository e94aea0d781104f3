"""Checking an upload by ranged reads, against the plain way: download it, then open it.

    python benchmarks/check_by_ranges.py [--megabytes 1000] [--members 5000]

Both ways check the same project in the same S3 bucket of a local cloud, each in a process of its
own: the S3 requests that it sends, the bytes that it reads, its peak memory and its time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from dlc_batch.local.cloud import LocalCloud
from dlc_batch.local.deploy import aws_client
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up

BUCKET, KEY, ROOT = "benchmark", "uploads/lab/project.zip", "home/dlc/projects/bench"
VIDEOS = 2
VIDEO_SETS = "".join(
    f"  videos/video{n}.mp4: {{crop: '0, 1280, 0, 1024'}}\n" for n in range(VIDEOS)
)
CONFIG = (
    "Task: bench\nscorer: ada\ndate: Nov1\nbodyparts: [hand, nose]\nTrainingFraction: [0.95]\n"
    f"iteration: 0\ndefault_net_type: resnet_50\nengine: pytorch\nvideo_sets:\n{VIDEO_SETS}"
)
LABELS = "scorer,ada,ada,ada,ada\nbodyparts,hand,hand,nose,nose\ncoords,x,y,x,y\n"
PNG_HEAD = b"\x89PNG\r\n\x1a\n" + struct.pack(">L4sLL5B", 13, b"IHDR", 1280, 1024, 8, 2, 0, 0, 0)
#: What we promise for a zip of 1 GB with 5,000 members.
MOST_REQUESTS, MOST_SHARE, MOST_MEMORY_MB = 6, 0.01, 256

#: Runs in a process of its own, whose peak memory is that of one way alone.
MEASURE = """
import io, json, resource, sys, time
import boto3
from dlc_batch_core.aws import ObjectStore
from dlc_batch_core.check import check_upload
from dlc_batch_core.submission import Upload

way, bucket, key, version, size = sys.argv[1:]
s3 = boto3.client("s3")
sent = []
s3.meta.events.register("before-send.s3", lambda request, **_: sent.append(request))
upload = Upload(bucket, key, version, int(size))
started = time.perf_counter()
if way == "ours":
    file = ObjectStore(s3).open(upload)
    found = check_upload(file, key)
    read = file.bytes_read
else:
    body = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    found = check_upload(io.BytesIO(body), key)
    read = len(body)
seconds = time.perf_counter() - started
assert found.is_trainable, found.problems
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(dict(requests=len(sent), bytes=read, seconds=seconds, peak_mb=peak)))
"""


def main() -> None:
    """Measure both ways and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--members", type=int, default=5000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-") as folder:
        archive = make_zip(Path(folder, "project.zip"), asked.megabytes, asked.members)
        home = Home(Path(folder, "home"))
        try:
            cloud = up(home, UpOptions(deploy=False), lambda line: print(line, file=sys.stderr))
            _report(archive, *_measure_both(cloud, archive))
        finally:
            down(home, print)
            shutil.rmtree(home.path, ignore_errors=True)


def make_zip(target: Path, megabytes: int, members: int) -> Path:
    """Write a project of so many images: a PNG's head, and bytes that do not compress."""
    frames = members - VIDEOS - 1
    noise = PNG_HEAD + random.Random(1).randbytes(megabytes * 1_000_000 // frames)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(f"{ROOT}/config.yaml", CONFIG)
        for video in range(VIDEOS):
            folder = f"labeled-data/video{video}"
            images = [f"{folder}/img{frame:05d}.png" for frame in range(video, frames, VIDEOS)]
            rows = (f"{image},{n + 10}.5,20,{n + 30}.25,40\n" for n, image in enumerate(images))
            table = LABELS + "".join(rows)
            archive.writestr(f"{ROOT}/{folder}/CollectedData_ada.csv", table)
            for image in images:
                archive.writestr(f"{ROOT}/{image}", noise)
    return target


def _measure_both(cloud: LocalCloud, archive: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    s3 = aws_client(cloud, "s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.upload_file(str(archive), BUCKET, KEY)
    version = s3.head_object(Bucket=BUCKET, Key=KEY)["VersionId"]
    ours, plain = (_measure(cloud, way, version, archive) for way in ("ours", "plain"))
    return ours, plain


def _measure(cloud: LocalCloud, way: str, version: str, archive: Path) -> dict[str, Any]:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": cloud.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
    }
    arguments = [way, BUCKET, KEY, version, str(archive.stat().st_size)]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _report(archive: Path, ours: dict[str, Any], plain: dict[str, Any]) -> None:
    size = archive.stat().st_size
    with zipfile.ZipFile(archive) as opened:
        print(f"zip of {size / 1e6:,.0f} MB with {len(opened.infolist()):,} members")
    print(f"{'':<22}{'ours':>14}{'plain way':>14}{'plain / ours':>14}")
    rows = (
        ("requests", "requests", 1, "{:,.0f}"),
        ("bytes read (MB)", "bytes", 1e6, "{:,.2f}"),
        ("peak memory (MB)", "peak_mb", 1, "{:,.0f}"),
        ("time (s)", "seconds", 1, "{:,.2f}"),
    )
    for title, name, unit, form in rows:
        mine, theirs = ours[name] / unit, plain[name] / unit
        print(f"{title:<22}{form.format(mine):>14}{form.format(theirs):>14}{theirs / mine:>14.1f}")
    print(f"ours reads {100 * ours['bytes'] / size:.2f} % of the zip")
    is_kept = (
        ours["requests"] <= MOST_REQUESTS
        and ours["bytes"] < MOST_SHARE * size
        and ours["peak_mb"] < MOST_MEMORY_MB
    )
    sys.exit(0 if is_kept else "that is more than we promise")


if __name__ == "__main__":
    main()
