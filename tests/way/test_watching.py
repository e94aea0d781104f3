"""A run that is watched and whose logs are read: with a terminal and without, through outages."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator

from .conftest import Way
from .hosts import Proxy, nothing, proxy_to
from .terminal import in_pipes, in_terminal, interrupt

ZipProject = Callable[..., bytes]
BLOCKS = "▁▂▃▄▅▆▇█"


@contextlib.contextmanager
def run_at_work(way: Way, zip_project: ZipProject, name: str) -> Iterator[str]:
    """A run that trains until it is told to stop."""
    run = way.put(zip_project(), f"uploads/heedful/{name}.zip")
    way.wait_for(lambda: (found := way.run(run)) and found.status == "RUNNING", f"{run} at work")
    try:
        yield run
    finally:
        way.command("stop", run)
        way.ended(run)


def through(way: Way, proxy: Proxy) -> dict[str, str]:
    return {**way.environment, "AWS_ENDPOINT_URL": proxy.url, "AWS_MAX_ATTEMPTS": "1"}


def hang_up(_method: str, _path: str, _is_whole: bool) -> int:
    raise ConnectionError("the network is gone")


def test_in_a_terminal_the_picture_moves_and_ctrl_c_ends_only_the_watching(
    way: Way, zip_project: ZipProject
) -> None:
    with run_at_work(way, zip_project, "seen") as run:
        with in_terminal("watch", run, "--every", "0.3", env=way.environment) as terminal:
            terminal.wait_for("training, epoch ")
            terminal.wait_for(f"loss {BLOCKS[-1]}")
            assert "\x1b[4F\x1b[J" in terminal.raw  # over what stood there
            terminal.press_ctrl_c()
            code = terminal.end()
        assert (code, "Traceback" in terminal.text) == (130, False)
        assert terminal.text.rstrip().endswith("Interrupted.")
        assert max(map(len, terminal.text.splitlines())) < 80
        found = way.run(run)
        assert found is not None
        assert found.status == "RUNNING"


def test_in_pipes_it_prints_lines_and_survives_a_network_that_is_gone(
    way: Way, zip_project: ZipProject
) -> None:
    with (
        proxy_to(way.cloud.endpoint_url) as proxy,
        run_at_work(way, zip_project, "lost") as run,
        in_pipes("watch", run, "--every", "0.3", env=through(way, proxy)) as process,
    ):
        assert process.stdout is not None
        first = process.stdout.readline()
        assert "training, epoch " in first
        for trouble in (hang_up, lambda *_: 503):
            proxy.hook = trouble
            assert "Trying again; the run goes on." in process.stdout.readline()
            proxy.hook = nothing
            assert "training, epoch " in process.stdout.readline()
        assert way.command("stop", run).returncode == 0
        out, err = process.communicate(timeout=90)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert f"{run}  SUCCEEDED" in out
    assert "\x1b" not in first + out


def test_as_json_the_answer_is_the_last_status(way: Way, zip_project: ZipProject) -> None:
    run = way.put(zip_project(), "uploads/careless/told.zip")  # its record comes while it waits

    answer = way.command("watch", run, "--every", "0.3", "--json")

    assert (answer.returncode, json.loads(answer.stdout)["status"]) == (1, "FAILED")


def test_an_expired_login_ends_the_watching_with_a_sentence(
    way: Way, zip_project: ZipProject
) -> None:
    with (
        proxy_to(way.cloud.endpoint_url) as proxy,
        run_at_work(way, zip_project, "login") as run,
        in_pipes("watch", run, "--every", "0.3", env=through(way, proxy)) as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()
        proxy.hook = lambda *_: 403
        _, err = process.communicate(timeout=90)
    assert process.returncode == 2
    assert err.startswith("Error: AWS says: ")
    assert "Traceback" not in err


def test_the_logs_of_all_attempts_on_spot_and_on_demand(way: Way, zip_project: ZipProject) -> None:
    run = way.put(zip_project(), "uploads/spotty/logged.zip")
    assert way.ended(run).attempt == 4

    shown = way.command("logs", run)

    assert (shown.returncode, shown.stderr.count("attempt")) == (0, 4)
    lines = shown.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["1", "2", "3", "1"]
    assert ["OnDemand" in line for line in lines] == [False, False, False, True]
    last = way.command("logs", run, "--tail", "2").stdout.splitlines()
    assert last == lines[-2:]
    (third,) = json.loads(way.command("logs", run, "--attempt", "3", "--json").stdout)["lines"]
    assert (third["text"], third["attempt"], third["shuffle"]) == (lines[2], 3, 1)
    none = way.command("logs", run, "--attempt", "9")
    assert (none.returncode, none.stdout) == (1, "")


def test_logs_are_followed_to_the_end_and_each_line_comes_once(
    way: Way, zip_project: ZipProject
) -> None:
    with (
        proxy_to(way.cloud.endpoint_url) as proxy,
        run_at_work(way, zip_project, "tale") as run,
        in_pipes("logs", run, "-f", env=through(way, proxy)) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        head = [process.stdout.readline() for _ in range(3)]
        proxy.hook = hang_up
        threading.Timer(4, lambda: setattr(proxy, "hook", nothing)).start()
        time.sleep(5)
        assert way.command("stop", run).returncode == 0
        out, err = process.stdout.read(), process.stderr.read()  # on from where `readline` was
        assert process.wait(timeout=90) == 0
    assert err.count("Trying again") == 1
    told = [line for line in [*head, *out.splitlines(keepends=True)] if line.startswith("epoch")]
    assert [int(line.split("/")[0].split()[1]) for line in told] == list(range(1, len(told) + 1))
    again = way.command("logs", run).stdout.splitlines(keepends=True)
    assert told == [line for line in again if line.startswith("epoch")]


def test_logs_of_what_waits_say_so_and_ctrl_c_is_no_traceback(
    way: Way, zip_project: ZipProject
) -> None:
    with run_at_work(way, zip_project, "before"):
        waits = way.put(zip_project(), "uploads/heedful/behind.zip")
        way.wait_for(lambda: (run := way.run(waits)) and run.status == "QUEUED", "its job")
        none = way.command("logs", waits)
        assert (none.returncode, none.stdout) == (1, "")
        assert "has no log yet: no computer has begun" in none.stderr
        with in_pipes("logs", waits, "-f", env=way.environment) as process:
            assert process.stderr is not None
            assert "no log yet" in process.stderr.readline()
            interrupt(process)
            _, err = process.communicate(timeout=30)
        assert (process.returncode, err.strip()) == (130, "Interrupted.")
        way.command("cancel", waits)
    assert "it ended before a computer began" in way.command("logs", waits).stderr
