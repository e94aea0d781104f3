"""`submit` and `check` as processes against the local cloud, at a terminal and without, whatever
befalls them: a clear sentence, the right exit code, and nothing half done."""

import hashlib
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.client.relay import Relay, relay_to
from tests.way.commands import Command
from tests.way.conftest import CONFIG, LABELS, PIXEL

from dlc_batch_core.keys import is_run_id

PART = 8 << 20
COUNT = 4
#: Of the run after an upload; it has the project's name.
LAB = "sending"

Run = Callable[..., Command]


@pytest.fixture(params=[True, False], ids=["terminal", "no terminal"])
def in_terminal(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of four parts."""
    project = tmp_path / f"p{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    frames = project / "labeled-data" / "one"
    frames.mkdir(parents=True)
    (project / "config.yaml").write_text(CONFIG)
    (frames / "CollectedData_ada.csv").write_text(LABELS)
    noise = random.Random(0)
    for number in range(2 * COUNT):
        content = PIXEL + (noise.randbytes(PART // 2 - 100_000))
        (frames / f"img{number}.png").write_bytes(content)
    return project


@pytest.fixture
def relay(way: Any) -> Iterator[Relay]:
    with relay_to(way.cloud.endpoint_url) as found:
        yield found


@pytest.fixture
def run(way: Any, relay: Relay, tmp_path: Path, in_terminal: bool) -> Run:
    """Starts `dlc-batch` with the admin's keys, through the relay."""
    environment = {
        "AWS_ENDPOINT_URL": relay.url,
        "AWS_ACCESS_KEY_ID": way.cloud.access_key_id,
        "AWS_SECRET_ACCESS_KEY": way.cloud.secret_access_key,
        "AWS_DEFAULT_REGION": way.cloud.region,
        "AWS_MAX_ATTEMPTS": "1",
        "DLC_BATCH_CLOUD": "aws",
        "DLC_BATCH_STACK": str(way.cloud.stack_name),
        "DLC_BATCH_CACHE": str(tmp_path / "cache"),
        "DLC_BATCH_LAB": LAB,
    }

    def start(*arguments: object, **more: str) -> Command:
        told = tuple(map(str, arguments))
        return Command(told, {**environment, **more}, in_terminal).start()

    return start


@pytest.fixture
def left(tmp_path: Path) -> Callable[[], list[str]]:
    """What the client keeps, but for empty locks."""

    def look() -> list[str]:
        files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        return sorted(path.name for path in files if path.suffix != ".lock")

    return look


def versions(way: Any, project: Path) -> int:
    found = way.client("s3").list_object_versions(
        Bucket=way.bucket, Prefix=f"uploads/{LAB}/{project.name}.zip"
    )
    return len(found.get("Versions", []))


def test_a_project_is_sent_with_a_bar_on_stderr(
    run: Run, way: Any, project: Path, in_terminal: bool, left: Callable[[], list[str]]
) -> None:
    command = run("submit", project, "--epochs", "2")
    assert command.wait() == 0
    assert "Packing: 100%" in command.shown
    assert "Uploading: 100%" in command.shown
    if not in_terminal:
        (line,) = command.out.splitlines()
        assert is_run_id(line)
        asked = way.ended(line)
        assert asked.status == "SUCCEEDED"
    assert versions(way, project) == 1
    assert left() == []
    assert not (project / "dlc-batch.yaml").exists()


def test_check_at_a_terminal_says_the_same(run: Run, project: Path, in_terminal: bool) -> None:
    command = run("check", project)
    assert command.wait() == 0
    assert "can be trained." in command.shown
    as_json = run("check", project, "--json")
    assert as_json.wait() == 0
    assert json.loads(as_json.shown if in_terminal else as_json.out)["trainable"] is True


def test_a_network_that_breaks_is_waited_for_and_told(
    run: Run, relay: Relay, way: Any, project: Path
) -> None:
    relay.broken = lambda kind: "gone" if kind == "part" else None
    command = run("submit", project)
    command.read_until("Trying again for up to 10 minutes")
    relay.broken = lambda _: None
    assert command.wait() == 0
    assert "It goes on." in command.shown
    assert versions(way, project) == 1


def test_a_part_that_is_spoiled_on_its_way_is_sent_again(
    run: Run, relay: Relay, way: Any, project: Path
) -> None:
    passes = iter(["spoiled"])
    relay.broken = lambda kind: next(passes, None) if kind == "part" else None
    assert run("submit", project).wait() == 0
    assert relay.kinds.count("part") == COUNT + 1
    assert len(relay.parts) == COUNT
    assert versions(way, project) == 1


def test_a_network_that_is_gone_is_told(run: Run, project: Path, closed_port: str) -> None:
    command = run("submit", project, AWS_ENDPOINT_URL=closed_port)
    assert command.wait() == 2
    assert "Error: Could not connect" in command.shown
    assert "Check the network" in command.shown


@pytest.fixture
def closed_port() -> str:
    return "http://127.0.0.1:9"  # discard: nobody listens


def test_expired_credentials_are_told_and_the_repeat_goes_on(
    run: Run, relay: Relay, way: Any, project: Path, left: Callable[[], list[str]]
) -> None:
    passes = iter(range(2))
    relay.broken = lambda k: "expired" if k == "part" and next(passes, None) is None else None
    command = run("submit", project)
    assert command.wait() == 2
    assert "Log in again" in command.shown
    assert "the same command goes on from there" in command.shown
    assert left() == ["upload.json"]
    assert versions(way, project) == 0
    relay.broken = lambda _: None
    assert run("submit", project).wait() == 0
    assert max(Counter(relay.parts).values()) == 1
    assert versions(way, project) == 1
    assert left() == []


def test_a_stack_that_is_not_there_is_told(run: Run, project: Path) -> None:
    command = run("--stack", "no-such-stack", "submit", project)
    assert command.wait() == 2
    assert "There is no stack no-such-stack" in command.shown


def test_a_full_disk_is_told_and_leaves_nothing(
    run: Run, way: Any, project: Path, tmp_path: Path, left: Callable[[], list[str]]
) -> None:
    key = f"uploads/{LAB}/{project.name}.zip"
    place = hashlib.sha256(f"{way.bucket}\0{key}".encode()).hexdigest()[:32]
    folder = tmp_path / "cache" / "outbox" / place
    folder.mkdir(parents=True)
    (folder / "project.zip").symlink_to("/dev/full")  # each write fails as on a full disk
    command = run("submit", project)
    assert command.wait() == 2
    assert "The disk is full" in command.shown
    assert "DLC_BATCH_CACHE" in command.shown
    assert left() == []
    assert versions(way, project) == 0


def test_ctrl_c_in_an_upload_keeps_what_was_sent(
    run: Run, relay: Relay, way: Any, project: Path, left: Callable[[], list[str]]
) -> None:
    passes = iter(range(2))
    relay.broken = lambda k: "gone" if k == "part" and next(passes, None) is None else None
    command = run("submit", project)
    command.read_until("Trying again")
    command.interrupt()
    assert command.wait(20) == 130
    assert "the same command goes on from there" in command.shown
    assert "Interrupted." in command.shown
    assert left() == ["upload.json"]
    relay.broken = lambda _: None
    assert run("submit", project).wait() == 0
    assert max(Counter(relay.parts).values()) == 1
    assert versions(way, project) == 1


def test_ctrl_c_at_any_moment_leaves_no_half_file_and_no_traceback(
    run: Run, way: Any, project: Path, in_terminal: bool, left: Callable[[], list[str]]
) -> None:
    began = time.monotonic()
    assert run("submit", project, "--again").wait() == 0
    whole, moments = time.monotonic() - began, random.Random(in_terminal)
    for _ in range(6):
        command = run("submit", project, "--again")
        time.sleep(0.1 + moments.random() * whole)
        command.interrupt()
        code = command.wait(30)
        # Python ends itself by the signal, 130 to a shell, where it came inside of an exec()
        assert code in (0, 130, -signal.SIGINT), command.shown
        assert left() in ([], ["upload.json"])
        if code == 0:
            break
    before, unheard = versions(way, project), left()
    assert run("submit", project, "--again").wait() == 0
    # what was interrupted between its arrival and its answer is found, and not sent once more
    assert versions(way, project) - before in ((0, 1) if unheard else (1,))
    assert left() == []


def test_the_same_is_sent_twice_by_leave_only(
    run: Run, way: Any, project: Path, in_terminal: bool, left: Callable[[], list[str]]
) -> None:
    heedful = {"DLC_BATCH_LAB": "heedful"}  # its trainings go on until they are told to end
    first = run("submit", project, **heedful)
    assert first.wait() == 0
    twin = run("submit", project, **heedful)
    if in_terminal:
        twin.read_until("Train it once more, and pay for both?")
        twin.type("n")
        assert twin.wait() == 1
        assert "Nothing was done." in twin.shown
    else:
        assert twin.wait() == 2
        assert "--again" in twin.shown
    assert f"already, as run {sent(first)}." in twin.shown
    assert left() == []
    meant = run("submit", project, "--again", **heedful)
    assert meant.wait() == 0
    assert sent(meant) != sent(first)
    for each in (first, meant):
        way.wait_for(lambda each=each: way.run(sent(each)), "its record")
        assert run("cancel", sent(each)).wait() == 0


def sent(command: Command) -> str:
    return command.shown.split("dlc-batch watch ")[1].split()[0]


def test_a_kill_costs_no_part_that_had_arrived(
    run: Run, relay: Relay, way: Any, project: Path, left: Callable[[], list[str]]
) -> None:
    command = run("submit", project)
    relay.took = lambda count: command.kill() if count == 2 else None
    assert command.wait() == -9
    relay.took = lambda _: None
    assert left() == ["project.zip", "upload.json"]
    assert run("submit", project).wait() == 0
    assert max(Counter(relay.parts).values()) == 1
    assert versions(way, project) == 1
    assert left() == []


def test_a_dry_run_sends_nothing_and_quotes(
    run: Run, relay: Relay, way: Any, project: Path, in_terminal: bool
) -> None:
    command = run("submit", project, "--dry-run", "--json", "--epochs", "7")
    assert command.wait() == 0
    if not in_terminal:
        answer = json.loads(command.out)
        assert answer["trainable"] is True
        assert answer["request"]["epochs"] == 7
        assert answer["load"]["kinds"]["images"]["files"] == 2 * COUNT
        assert answer["quote"]["hours_limit"] == 24
        assert answer["no_quote"] is None
    assert "create" not in relay.kinds
    assert versions(way, project) == 0


def test_a_dry_run_without_a_cloud_says_why_there_is_no_quote(
    run: Run, project: Path, closed_port: str
) -> None:
    command = run("submit", project, "--dry-run", AWS_ENDPOINT_URL=closed_port)
    assert command.wait() == 0
    assert "No quote: Could not connect" in command.shown
    assert f"{2 * COUNT} files" in command.shown
