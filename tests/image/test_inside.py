"""The whole way in the trainer's image, built from its Dockerfile, run as the template says."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.image.engine import ROOT, Engine
from tests.image.sizes import measure, table
from tests.image.trainer_image import NET
from tests.way.conftest import Way

from dlc_batch.demo.project import DemoSize, make_demo_project, write_request
from dlc_batch.local.cloud import LocalCloud
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up
from dlc_batch_core.run import Run

pytestmark = pytest.mark.image
MIB = 2**20
GB = 10**9
#: What an image is to take in a registry at most, with the weights of one network: it is pulled
#: onto each new host.
MOST_PACKED = 4.5 * GB
TRAIN_SECONDS = 900
ALONE = ("run", "--rm", "--network", "none")
#: Tells what a process in the container may do, and what the one sees in which DeepLabCut runs.
LOOK = """
import json, os, pathlib

def may_write(folder):
    try:
        path = pathlib.Path(folder, "written")
        path.touch()
        path.unlink()
    except OSError:
        return False
    return True

def read(*paths):
    return next((p.read_text() for p in map(pathlib.Path, paths) if p.exists()), None)

def of(module):
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        words = (folder / "cmdline").read_bytes().decode().split("\\0")
        if "-m" in words and words[words.index("-m") + 1] == module:
            lines = (folder / "status").read_text().splitlines()
            status = dict(line.split(":", 1) for line in lines)
            pairs = (folder / "environ").read_bytes().decode().split("\\0")
            return {
                "uids": status["Uid"].split(),
                "capabilities": status["CapEff"].strip(),
                "is_held": status["NoNewPrivs"].strip(),
                "environment": dict(pair.split("=", 1) for pair in pairs if "=" in pair),
            }
    return None

folders = ["/", "/home/trainer", "/opt/dlc-batch", "/var/cache/dlc-batch", "/tmp"]
print(json.dumps({
    "writable": [each for each in folders if may_write(each)],
    "memory": read("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"),
    "shared": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
    "watcher": of("dlc_batch_trainer"),
    "worker": of("dlc_batch_trainer.worker"),
}))
"""


@dataclass(frozen=True)
class Inside:
    """A run that was trained in the image, and what was seen in its container meanwhile."""

    way: Way
    run: Run
    seen: dict[str, Any]
    volumes_before: str


@pytest.fixture(scope="module")
def way(
    trainer_image: str,
    new_home: Callable[[], Home],
    open_session: Callable[[LocalCloud], Any],
) -> Iterator[Way]:
    home = new_home()
    options = UpOptions(ROOT / "template.yaml", parameters={"TrainerImage": trainer_image})
    try:
        cloud = up(home, options, print)
        yield Way(cloud, open_session(cloud))
    finally:
        print((home.path / "server.log").read_text()[-2000:])
        down(home, print)
        shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture(scope="module")
def inside(way: Way, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Inside:
    volumes = engine.run("volume", "ls", "--quiet")
    run_id = way.put(_project(tmp_path_factory.mktemp("project")), "uploads/miller/walk.zip")

    def look() -> dict[str, Any] | None:
        names = engine.run("ps", "--format", "{{.Names}}").split()
        jobs = [job["jobId"] for job in way.jobs(run_id)]
        for name in (name for name in names for job in jobs if job in name):
            seen = json.loads(engine.run("exec", name, "python", "-c", LOOK))
            return seen if seen["worker"] else None
        return None

    seen = way.wait_for(look, "the process in which DeepLabCut runs", TRAIN_SECONDS)
    return Inside(way, way.ended(run_id, TRAIN_SECONDS), seen, volumes)


def _project(folder: Path) -> bytes:
    project = make_demo_project(folder / "walk", DemoSize(frames=24, labelled=12))
    after = {"analyze_videos": True, "labeled_videos": True, "export_model": True}
    write_request(project, net_type=NET, weights="pretrained", epochs=2, **after)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(project.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return target.getvalue()


def test_the_run_succeeds_and_the_lab_hears_it_once(inside: Inside) -> None:
    assert inside.run.status.name == "SUCCEEDED", inside.run
    (mail,) = inside.way.mails(inside.run.run_id, "SUCCEEDED")
    assert inside.run.run_id in mail.body


def test_nobody_is_root_in_it(inside: Inside) -> None:
    for each in (inside.seen["watcher"], inside.seen["worker"]):
        assert each["uids"] == ["10001"] * 4
        assert int(each["capabilities"], 16) == 0
        assert each["is_held"] == "1"


def test_nothing_can_be_written_but_scratch(inside: Inside) -> None:
    assert inside.seen["writable"] == ["/tmp"]


def test_its_memory_has_the_limit_that_the_template_asks_for(inside: Inside) -> None:
    assert int(inside.seen["memory"]) == 14000 * MIB
    assert inside.seen["shared"] == 4096 * MIB


def test_the_process_in_which_deeplabcut_runs_has_no_credentials(inside: Inside) -> None:
    secrets = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    assert secrets <= set(inside.seen["watcher"]["environment"])
    worker = inside.seen["worker"]["environment"]
    assert not [name for name in worker if name in secrets or "CREDENTIALS" in name]
    watcher = inside.seen["watcher"]["environment"]
    assert not {watcher[name] for name in secrets} & set(worker.values())


def test_it_began_from_the_weights_that_are_baked_in(
    inside: Inside, engine: Engine, trainer_image: str
) -> None:
    cat = ("--entrypoint", "cat", trainer_image, "/var/cache/dlc-batch/weights.json")
    baked = json.loads(engine.run(*ALONE, *cat))
    (file,) = baked["nets"][NET]
    keys = inside.way.client("s3").list_objects_v2(Bucket=inside.way.bucket, Prefix="runs/")
    (key,) = [each["Key"] for each in keys["Contents"] if each["Key"].endswith("/run.json")]
    body = inside.way.client("s3").get_object(Bucket=inside.way.bucket, Key=key)["Body"].read()
    assert file["sha256"] in body.decode()


def test_container_and_scratch_are_gone(inside: Inside, engine: Engine) -> None:
    names = engine.run("ps", "--all", "--format", "{{.Names}}")
    assert not [job for job in inside.way.jobs(inside.run.run_id) if job["jobId"] in names]
    assert engine.run("volume", "ls", "--quiet") == inside.volumes_before


def test_no_program_in_the_image_makes_its_caller_root(engine: Engine, trainer_image: str) -> None:
    find = ("--user", "0", "--entrypoint", "find", trainer_image)
    assert not engine.run(*ALONE, *find, "/", "-xdev", "-type", "f", "-perm", "/6000")


def test_it_is_small_enough_to_be_pulled(
    engine: Engine, trainer_image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = measure(engine, trainer_image)
    with capsys.disabled():
        print(f"\n{table(layers)}")
    assert sum(layer.packed for layer in layers) < MOST_PACKED
