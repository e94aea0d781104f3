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
from tests.image.probe import MARK, MODULES
from tests.image.sizes import measure, table
from tests.image.trainer_image import NET
from tests.way.conftest import Way

from dlc_batch.demo.project import IN_SPACE, DemoSize, make_demo_project, write_request
from dlc_batch.local.cloud import LocalCloud
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up
from dlc_batch_core.job import ExitCode
from dlc_batch_core.run import Run

pytestmark = pytest.mark.image
MIB = 2**20
GB = 10**9
#: What the weights of the other networks add to an image with those of NET alone, measured on
#: files of the published names and shapes: docs/image.md.
WEIGHTS_OF_OTHERS = 1.34 * GB
#: What an image with all weights is to take in a registry at most: each new host pulls it.
MOST_PACKED = 4.5 * GB
TRAIN_SECONDS = 900
LAB = "miller"
ALONE = ("run", "--rm", "--network", "none")
#: Tells of the children of process 1.
CHILDREN = """
import json, pathlib
found = []
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        lines = (folder / "status").read_text().splitlines()
        command = (folder / "cmdline").read_text().replace("\\0", " ")
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        continue
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    if status["PPid"] == ["1"]:
        found.append({"pid": folder.name, "state": status["State"][0], "command": command})
print(json.dumps(found))
"""
#: Tells which libraries those of PyTorch and CUDA link to, and are not there.
LACKING = """
import json, os, pathlib, subprocess, sysconfig
site = pathlib.Path(sysconfig.get_path("purelib"))
folders = [site / "torch/lib", *site.glob("nvidia/*/lib")]
os.environ["LD_LIBRARY_PATH"] = ":".join(map(str, folders))
libraries = [path for folder in folders for path in folder.glob("*.so*")]
told = subprocess.run(["ldd", *libraries], capture_output=True, text=True).stdout
print(json.dumps({
    "libraries": len(libraries),
    "lacking": sorted({line.split()[0] for line in told.splitlines() if "not found" in line}),
}))
"""
SECRETS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}


@dataclass(frozen=True)
class Inside:
    """A run that was trained in the image, and what was seen of it.

    Its first training process was killed, as by the kernel for lack of memory; the container of
    the second was told to end.
    """

    way: Way
    run: Run
    seen: list[dict[str, Any]]  # by each process that reads what the lab sent; see probe.py
    environment: dict[str, str]  # that its container was given
    children: list[dict[str, str]]  # of process 1, while the second training process ran
    exit_codes: list[int]  # of its attempts
    volumes_before: str

    def processes(self) -> Iterator[dict[str, Any]]:
        """Every process that was seen, as often as it was."""
        for each in self.seen:
            yield from each["processes"]


@pytest.fixture(scope="module")
def way(
    probed_image: str,
    new_home: Callable[[], Home],
    open_session: Callable[[LocalCloud], Any],
) -> Iterator[Way]:
    home = new_home()
    options = UpOptions(ROOT / "template.yaml", parameters={"TrainerImage": probed_image})
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
    project = _project(tmp_path_factory.mktemp("project"))
    run_id = way.put(project, f"uploads/{LAB}/walk.zip")
    way.wait_for(lambda: _first_epochs(way) == 1, "an epoch", TRAIN_SECONDS)
    (container,) = _containers(way, engine, run_id)
    given = engine.run("inspect", "--format", "{{json .Config.Env}}", container)
    (worker,) = _children(engine, container)
    engine.run("exec", container, "sh", "-c", f"kill -KILL {worker['pid']}")
    way.wait_for(lambda: _first_epochs(way) == 2, "an epoch in another process", TRAIN_SECONDS)
    children = _children(engine, container)
    engine.run("kill", "--signal", "TERM", container)
    run = way.ended(run_id, TRAIN_SECONDS)
    (job,) = way.client("batch").describe_jobs(jobs=_jobs(way, run_id))["jobs"]
    return Inside(
        way,
        run,
        [json.loads(line.removeprefix(MARK)) for line in way.log_of_trainer() if MARK in line],
        dict(each.split("=", 1) for each in json.loads(given)),
        children,
        [attempt["container"]["exitCode"] for attempt in job["attempts"]],
        volumes,
    )


def _project(folder: Path) -> bytes:
    project = make_demo_project(folder / "walk", DemoSize(frames=24, labelled=12))
    after = {**IN_SPACE, "labeled_videos": True, "export_model": True}
    # without a GPU there are no loader processes, unless they are asked for
    how = {"weights": "pretrained", "epochs": 4, "loader_workers": 2}
    write_request(project, net_type=NET, **how, **after)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(project.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return target.getvalue()


def _jobs(way: Way, run_id: str) -> list[str]:
    return [job["jobId"] for job in way.jobs(run_id)]


def _containers(way: Way, engine: Engine, run_id: str, *which: str) -> list[str]:
    names = engine.run("ps", *which, "--format", "{{.Names}}").split()
    return [name for name in names for job in _jobs(way, run_id) if job in name]


def _first_epochs(way: Way) -> int:
    """How many processes have trained an epoch, from the start."""
    return sum(line.startswith("epoch 1/") for line in way.log_of_trainer())


def _children(engine: Engine, container: str) -> list[dict[str, str]]:
    """The children of process 1, dead ones too."""
    children: list[dict[str, str]] = json.loads(
        engine.run("exec", container, "python", "-c", CHILDREN)
    )
    return children


def test_the_run_succeeds_and_the_lab_hears_it_once(inside: Inside) -> None:
    assert inside.run.status.name == "SUCCEEDED", inside.run
    (mail,) = inside.way.mails(inside.run.run_id, "SUCCEEDED")
    assert inside.way.final_mails(inside.run.run_id) == ["SUCCEEDED"]
    assert inside.run.run_id in mail.body


def test_its_views_are_put_together_in_space(inside: Inside) -> None:
    keys = inside.way.client("s3").list_objects_v2(Bucket=inside.way.bucket, Prefix="runs/")
    names = [each["Key"] for each in keys["Contents"]]
    for made in ("calibration.json", "walk_DLC_3D.h5"):
        assert [name for name in names if name.endswith(f"/results/3d/{made}")], names


def test_sigterm_ends_an_attempt_after_a_last_checkpoint_and_the_next_goes_on(
    inside: Inside,
) -> None:
    assert inside.exit_codes == [ExitCode.INTERRUPTED, ExitCode.DONE]
    log = inside.way.log_of_trainer()
    assert [line for line in log if line.startswith("going on from checkpoint 1")], log


def test_the_trainer_is_process_1(inside: Inside) -> None:
    assert {each["module"] for each in inside.seen} == set(MODULES)
    first = [each["command"] for each in inside.processes() if each["pid"] == 1]
    assert len(first) == len(inside.seen)
    assert {(each[1], each[2]) for each in first} == {("-m", "dlc_batch_trainer")}


def test_nobody_is_root_in_it(inside: Inside) -> None:
    for each in inside.processes():
        assert each["uids"] == ["10001"] * 4, each
        assert int(each["capabilities"], 16) == 0, each
        assert each["is_held"] == "1", each


def test_nothing_can_be_written_but_scratch(inside: Inside) -> None:
    assert [each["writable"] for each in inside.seen] == [["/tmp"]] * len(inside.seen)


def test_its_memory_has_the_limit_that_the_template_asks_for(inside: Inside) -> None:
    for each in inside.seen:
        assert int(each["memory"]) == 14000 * MIB
        assert each["shared"] == 4096 * MIB


def test_the_process_in_which_deeplabcut_runs_was_given_no_credentials(inside: Inside) -> None:
    assert inside.environment.keys() >= SECRETS
    for each in inside.seen:
        given = each["environment"]
        assert not [name for name in given if name in SECRETS or "CREDENTIALS" in name]
        assert not {inside.environment[name] for name in SECRETS} & set(given.values())


def test_the_process_in_which_deeplabcut_runs_finds_no_credentials_in_any_process(
    inside: Inside,
) -> None:
    """Nor in process 1, which has them: neither in its environment nor in its memory."""
    for each in inside.seen:
        (own,) = [process for process in each["processes"] if process["pid"] == each["pid"]]
        assert own["in_environment"] == own["in_memory"] == [], "it can't even read its own"
    found = {
        (" ".join(each["command"]), place, name)
        for each in inside.processes()
        for place in ("in_environment", "in_memory")
        for name in each[place] or ()
    }
    assert not found


def test_what_a_killed_process_left_is_collected(inside: Inside) -> None:
    """Its loader processes became children of process 1: there is no init."""
    (worker,) = inside.children
    assert "dlc_batch_trainer.worker" in worker["command"]
    assert worker["state"] != "Z"


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
    assert not _containers(inside.way, engine, inside.run.run_id, "--all")
    assert engine.run("volume", "ls", "--quiet") == inside.volumes_before


def test_no_program_in_the_image_makes_its_caller_root(engine: Engine, trainer_image: str) -> None:
    find = ("--user", "0", "--entrypoint", "find", trainer_image)
    assert not engine.run(*ALONE, *find, "/", "-xdev", "-type", "f", "-perm", "/6000")


def test_nothing_links_to_what_was_left_out(engine: Engine, trainer_image: str) -> None:
    """Other than by a GPU's computer, which brings the driver, and by a network's interfaces."""
    found = json.loads(engine.run(*ALONE, "--entrypoint", "python", trainer_image, "-c", LACKING))
    assert found["libraries"] > 50, "it looked in the wrong place"
    of_cuda = [
        name for name in found["lacking"] if name.startswith(("libcu", "libnv", "libtorch"))
    ]
    assert of_cuda == ["libcuda.so.1"]


def test_it_is_small_enough_to_be_pulled(
    engine: Engine, trainer_image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = measure(engine, trainer_image)
    with capsys.disabled():
        print(f"\n{table(layers)}")
    assert sum(layer.packed for layer in layers) + WEIGHTS_OF_OTHERS < MOST_PACKED
