"""A fetch that is broken off is gone on with: the same bytes, nothing lost, nothing doubled."""

import os
import pty
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.client.broken_network import DYING, Network, network_to

from dlc_batch.cloud import Cloud
from dlc_batch.fetching import fetch, list_results, preview
from dlc_batch.fetching.folder import locked, waiting_folder
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

SIZE = 300_000
FILES = {
    "report.html": b"report",
    "dlc-models-pytorch/train/snapshot-2.pt": random.Random(1).randbytes(SIZE),
    "videos/one.mp4": random.Random(2).randbytes(SIZE),
}
HOME = {"report.html": b"mine", "dlc-models-pytorch/train/snapshot-9.pt": b"made at home"}
LARGE = "videos/one.mp4"


@pytest.fixture
def run(cloud: Cloud, record: Callable[..., Run]) -> Run:
    run = record(status=Status.SUCCEEDED)
    put(cloud, run, FILES)
    return run


@pytest.fixture
def network(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, stack: str) -> Iterator[Network]:
    assert stack
    with network_to(str(cloud.endpoint_url)) as network:
        monkeypatch.setenv("AWS_ENDPOINT_URL", network.url)
        yield network


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project that has files which differ."""
    folder = tmp_path / "project"
    for name, data in HOME.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def put(cloud: Cloud, run: Run, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        key = RunKeys(run.lab, run.run_id).results + name
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=data)


def files_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: data for name, data in found.items() if not name.startswith(".dlc-batch-")}


def wanted(run: Run) -> dict[str, bytes]:
    return {**FILES, **{f"{name}.before-{run.run_id}": data for name, data in HOME.items()}}


def start(*args: object, before: tuple[object, ...] = ("-m", "dlc_batch"), **more: Any) -> Any:
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, *map(str, before), "fetch", *map(str, args)]
    return subprocess.Popen(command, text=True, **{**pipes, **more})


def dying_at(moment: int, run: Run, home: Path) -> tuple[int, str]:
    process = start(run.run_id, home, "--overwrite", before=("-c", DYING, home, moment))
    _, err = process.communicate()
    return process.returncode, err


def check_kill(moment: int, run: Run, home: Path) -> None:
    assert dying_at(moment, run, home)[0] == -signal.SIGKILL
    process = start(run.run_id, home, "--overwrite")
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert files_of(home) == wanted(run), moment
    assert not list(home.glob(".dlc-batch-*")), moment


#: Among the last, files are put in place; how many there are, the long test counts.
@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("moment", [9, 19, 22])
def test_a_killed_fetch_is_finished_by_the_next(moment: int, run: Run, home: Path) -> None:
    check_kill(moment, run, home)


@pytest.mark.long
@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("share", sorted(random.Random(6).random() for _ in range(10)))
def test_a_fetch_killed_at_any_moment_is_finished_by_the_next(
    share: float, run: Run, home: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for name, data in HOME.items():
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes(data)
    code, err = dying_at(0, run, other)
    assert code == 0, err
    assert files_of(other) == wanted(run)
    events = int(err.rsplit("events: ", 1)[1])
    check_kill(1 + int(share * events), run, home)


def wait_for_part(folder: Path, run: Run, size: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        parts = waiting_folder(folder, run.run_id).glob("*.part")
        if sum(part.stat().st_size for part in parts) >= size:
            return
        time.sleep(0.05)
    pytest.fail("nothing came")


def test_a_large_file_goes_on_at_its_byte(run: Run, home: Path, network: Network) -> None:
    network.hang_after = 262_144
    process = start(run.run_id, home, "--overwrite")
    wait_for_part(home, run, 2 * 262_144)
    process.kill()
    process.communicate()
    assert files_of(home) == HOME
    network.hang_after, network.ranges = None, []
    process = start(run.run_id, home, "--overwrite")
    _, err = process.communicate()
    assert process.returncode == 0, err
    # a request of the killed one may be heard of later: it began at 0
    assert [each for each in network.ranges if each != "bytes=0-"] == ["bytes=262144-"] * 2
    assert files_of(home) == wanted(run)


def test_a_connection_that_breaks_is_taken_up(run: Run, home: Path, network: Network) -> None:
    network.cut_after = 100_000
    process = start(run.run_id, home, "--overwrite")
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert {"bytes=100000-", "bytes=200000-"} < set(network.ranges)
    assert files_of(home) == wanted(run)


def test_a_network_that_stays_broken_changes_nothing(
    cloud: Cloud, run: Run, home: Path, network: Network
) -> None:
    results = list_results(cloud, run)
    broken = Cloud(cloud.session, network.url, cloud.bucket, cloud.table_name, "")
    network.cut_after = 0
    told = list[str]()
    with pytest.raises(CloudError, match="could not be got") as raised:
        fetch(broken, run, results, home, True, told=told.append, minutes=0.02)
    assert "goes on from where" in raised.value.remedy
    assert ["Trying again" in each for each in told] == [True]
    assert files_of(home) == HOME


def test_a_network_that_is_away_is_waited_for(
    cloud: Cloud, run: Run, home: Path, closed_port: str
) -> None:
    results = list_results(cloud, run)
    away = Cloud(cloud.session, closed_port, cloud.bucket, cloud.table_name, "")
    told = list[str]()
    with pytest.raises(CloudError, match="could not be got"):
        fetch(away, run, results, home, True, told=told.append, minutes=0.02)
    assert ["Trying again" in each for each in told] == [True]
    assert files_of(home) == HOME


def test_credentials_that_expire_change_nothing(run: Run, home: Path, network: Network) -> None:
    network.has_expired = True
    process = start(run.run_id, home, "--overwrite")
    out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert "ExpiredToken" in err
    assert "Log in again" in err
    assert "Traceback" not in err
    assert files_of(home) == HOME


@pytest.mark.usefixtures("stack")
def test_a_missing_stack_is_told(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLC_BATCH_STACK", "elsewhere")
    process = start(run.run_id, home)
    out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert "There is no stack elsewhere" in err
    assert files_of(home) == HOME


@pytest.mark.usefixtures("stack")
def test_a_disk_that_takes_no_more_changes_nothing(run: Run, home: Path) -> None:
    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, SIZE // 2))

    process = start(run.run_id, home, "--overwrite", preexec_fn=no_large_files)
    out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert f"The disk of {home} is full" in err
    assert files_of(home) == HOME
    process = start(run.run_id, home, "--overwrite")
    process.communicate()
    assert files_of(home) == wanted(run)


@pytest.mark.usefixtures("stack")
def test_a_disk_without_room_is_told_before(run: Run, home: Path) -> None:
    here = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*here, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this computer lets no test mount a small disk")
    mount = 'mount -t tmpfs -o size=300k tmpfs "$1" && exec "$2" -m dlc_batch fetch "$3" "$1"'
    command = [*here, "sh", "-c", mount, "sh", home, sys.executable, run.run_id]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "has not enough room" in done.stderr


def in_terminal(*args: object) -> tuple[Any, int]:
    ours, theirs = pty.openpty()
    process = start(*args, stdin=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    return process, ours


def read_until(terminal: int, words: str) -> str:
    seen = ""
    while words not in seen:
        seen += os.read(terminal, 1000).decode()
    return seen


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_terminal_is_asked(answer: str, run: Run, home: Path) -> None:
    process, terminal = in_terminal(run.run_id, home)
    seen = read_until(terminal, "[y/N]")
    for name in HOME:
        assert name in seen
    os.write(terminal, f"{answer}\n".encode())
    out, _ = process.communicate()
    os.close(terminal)
    yes = answer == "y"
    assert process.returncode == (0 if yes else 2)
    assert files_of(home) == (wanted(run) if yes else HOME)
    assert len(out.splitlines()) == (len(FILES) if yes else 0)


def test_ctrl_c_leaves_no_half_file(run: Run, home: Path, network: Network) -> None:
    network.hang_after = 262_144
    process = start(run.run_id, home, "--overwrite")
    wait_for_part(home, run, 2 * 262_144)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert files_of(home) == HOME


def test_two_fetches_into_a_folder_do_not_meet(cloud: Cloud, run: Run, home: Path) -> None:
    results = list_results(cloud, run)
    with locked(home), pytest.raises(LabError, match="Another fetch into"):
        fetch(cloud, run, results, home, True)
    assert files_of(home) == HOME
    fetch(cloud, run, results, home, True)
    assert files_of(home) == wanted(run)


def test_an_object_that_was_changed_is_got_anew(cloud: Cloud, run: Run, home: Path) -> None:
    results = list_results(cloud, run)
    waiting = waiting_folder(home, run.run_id)
    waiting.mkdir()
    for result in results:  # of the object as it was
        (waiting / f"{result.waiting_name}.part").write_bytes(FILES[str(result.path)][:1000])
    put(cloud, run, {LARGE: bytes(SIZE)})
    with pytest.raises(CloudError, match="was changed in the bucket"):
        fetch(cloud, run, results, home, True)
    fetch(cloud, run, list_results(cloud, run), home, True)
    assert files_of(home) == {**wanted(run), LARGE: bytes(SIZE)}


def test_what_is_no_beginning_of_the_object_is_got_anew(
    cloud: Cloud, run: Run, home: Path
) -> None:
    waiting = waiting_folder(home, run.run_id)
    waiting.mkdir()
    for result in (results := list_results(cloud, run)):
        (waiting / f"{result.waiting_name}.part").write_bytes(bytes(min(5, result.size)))
    told = list[int]()
    fetch(cloud, run, results, home, True, told.append)
    assert files_of(home) == wanted(run)
    assert sum(told) == sum(result.size for result in results)


def test_a_preview_writes_nothing(cloud: Cloud, run: Run, home: Path) -> None:
    results = list_results(cloud, run)
    old, new = HOME
    os.utime(home / old, (0, 0))
    os.utime(home / new, (2**32, 2**32))  # in 2106
    changes = preview(cloud, run, results, home)
    assert files_of(home) == HOME
    assert changes.differing == tuple(HOME)
    assert changes.newer == (new,)
    assert {str(each.path) for each in changes.new} == set(FILES) - set(HOME)


@pytest.mark.usefixtures("stack")
def test_a_dry_run_tells_what_would_be_done(
    run: Run, home: Path, run_cli: Callable[..., Any]
) -> None:
    plain = run_cli("fetch", run.run_id, home, "--dry-run")
    assert plain.code == 0
    assert f"written    {home / LARGE}" in plain.out
    assert f"replaced   {home / 'report.html'}" in plain.out
    answer = run_cli("fetch", run.run_id, home, "--dry-run", "--json").json
    assert answer["dry_run"] is True
    assert answer["bytes"] == sum(map(len, FILES.values()))
    assert answer["replaced"] == ["report.html"]
    assert answer["set_aside"] == ["dlc-models-pytorch/train/snapshot-9.pt"]
    assert set(answer["written"]) == set(FILES) - set(HOME)
    assert files_of(home) == HOME
    refused = run_cli("fetch", run.run_id, home)
    assert refused.code == 2
    assert "are there already and differ" in refused.err
