"""The command line: exit codes, one JSON object on stdout, help without boto3, no tracebacks."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import dlc_batch
from dlc_batch.cli import cli
from dlc_batch.cloud import Cloud
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status, to_item

RunCli = Callable[..., Any]
Record = Callable[..., Run]


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    yield before
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name)


HELP = """
import sys
from dlc_batch.cli import main
try:
    main()
except SystemExit as ended:
    heavy = {"boto3", "botocore", "numpy", "deeplabcut", "torch", "ministack"} & set(sys.modules)
    sys.exit(ended.code or (f"imported: {heavy}" if heavy else 0))
"""


@pytest.mark.parametrize("command", list(commands(cli)), ids=" ".join)
def test_help_of_each_command_is_light(command: tuple[str, ...]) -> None:
    args = [sys.executable, "-c", HELP, *command, "--help"]
    shown = subprocess.run(args, capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("Usage: ")


def test_each_command_tells_its_purpose() -> None:
    for path in commands(cli):
        command: click.Command = cli
        for name in path:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), name) or cli
        assert command.help, path


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_name_that_the_console_can_not_show_is_no_traceback(option: tuple[str, ...]) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "dlc_batch", "check", "Ωμέγα", *option],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        check=False,
    )
    assert (shown.returncode, shown.stderr) == (1, b"")
    assert b"\\u03a9\\u03bc" in shown.stdout


def test_each_command_answers_in_json() -> None:
    for path in commands(cli):
        command: click.Command = cli
        for name in path:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), name) or cli
        if not isinstance(command, click.Group):
            assert "--json" in [each for option in command.params for each in option.opts], path


def test_a_local_cloud_that_is_not_up_answers_in_json(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLC_BATCH_HOME", str(tmp_path))
    assert run_cli("local", "down", "--json").json == {"up": False, "was_up": False}
    assert run_cli("local", "reset", "--yes", "--json").json["reset"] is True


def error_of(answer: Any) -> dict[str, str]:
    """Why there is no answer: one line of JSON, the last on stderr."""
    error: dict[str, str] = json.loads(answer.err.splitlines()[-1])["error"]
    return error


@pytest.mark.usefixtures("stack")
def test_why_there_is_no_answer_is_json_too(record: Record, run_cli: RunCli) -> None:
    ended = record(status=Status.SUCCEEDED).run_id
    for code, args, message, remedy in (
        (2, ["status", "no-run"], "There is no run no-run.", "See `dlc-batch list`."),
        (2, ["list", "--nonsense"], "No such option '--nonsense'.", ""),
        (2, ["nonsense"], "No such command 'nonsense'.", ""),
        (1, ["stop", ended], f"Run {ended} has ended already: it is SUCCEEDED.", "What became"),
        (1, ["profile", "remove", "none"], "There is no profile none.", ""),
        (2, ["local", "reset"], "This deletes all that lies in", ""),
    ):
        answer = run_cli(*args, "--json")
        assert (answer.code, answer.out) == (code, ""), args
        assert error_of(answer)["message"].startswith(message), args
        assert error_of(answer)["remedy"].startswith(remedy), args
        plain = run_cli(*args)
        assert (plain.code, plain.out) == (code, "")
        assert message in plain.err
        assert "{" not in plain.err


@pytest.mark.usefixtures("stack")
def test_list_is_of_some_states_only(record: Record, run_cli: RunCli) -> None:
    runs = {status: record(status=Status(status)).run_id for status in ("QUEUED", "FAILED")}
    listed = run_cli("list", "--state", "failed", "--json").json["runs"]
    assert [each["run_id"] for each in listed] == [runs["FAILED"]]
    both = run_cli("list", "--state", "FAILED", "--state", "QUEUED", "--json").json["runs"]
    assert {each["run_id"] for each in both} == set(runs.values())
    none = run_cli("list", "--state", "RUNNING")
    assert (none.code, none.out) == (0, "")
    assert none.err.startswith("No runs in state RUNNING.")


@pytest.mark.parametrize("args", [["nonsense"], ["check"], ["status"], ["list", "--nonsense"]])
def test_wrong_use_exits_with_2(args: list[str], run_cli: RunCli) -> None:
    answer = run_cli(*args)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err


def test_check_of_a_folder_and_of_its_zip_agree(
    project: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    archive = tmp_path / "mouse.zip"
    subprocess.run(["zip", "-qr", archive, "mouse"], cwd=tmp_path, check=True)
    for fault in (None, "labeled-data/video1/img01.png", "config.yaml"):
        if fault:
            (project / fault).unlink()
            subprocess.run(["zip", "-qd", archive, f"mouse/{fault}"], check=True)
        of_folder, of_zip = (
            run_cli("check", project, "--json"),
            run_cli("check", archive, "--json"),
        )
        answers = [a.json for a in (of_folder, of_zip)]
        if fault == "config.yaml":  # then the place is the folder or the zip itself
            problems = [answer["problems"].pop() for answer in answers]
            assert [each["where"] for each in problems] == ["mouse", "mouse.zip"]
            assert problems[0]["what"].startswith("The folder holds no config.yaml")
            assert "Zip" not in problems[0]["remedy"]
        assert answers[0] == answers[1]
        assert of_folder.code == of_zip.code == (1 if fault else 0)
        assert of_folder.json["trainable"] is of_zip.json["trainable"] is (fault is None)


@pytest.mark.parametrize("what", ["missing", "folder", "rubbish", "empty", "secret", "broken"])
def test_check_answers_in_json_for_whatever_it_is_given(
    what: str, tmp_path: Path, run_cli: RunCli
) -> None:
    path = tmp_path / what
    if what == "folder":
        path.mkdir()
    elif what == "broken":
        path.symlink_to(tmp_path / "nowhere")
    elif what != "missing":
        path.write_bytes(b"" if what == "empty" else os.urandom(500))
    if what == "secret":
        path = path / "below a file"
    answer = run_cli("check", path, "--json")
    assert (answer.code, answer.json["trainable"], answer.err) == (1, False, "")
    (problem,) = answer.json["problems"]
    assert set(problem) == {"code", "severity", "where", "what", "remedy"}
    assert all(problem.values())


def test_check_of_a_path_that_is_not_there_says_so(tmp_path: Path, run_cli: RunCli) -> None:
    answer = run_cli("check", tmp_path / "nosuch")
    assert (answer.code, answer.out) == (1, f"There is no file or folder {tmp_path / 'nosuch'}.\n")


@pytest.mark.usefixtures("stack")
def test_a_projects_config_stands_for_its_folder(project: Path, run_cli: RunCli) -> None:
    config = project / "config.yaml"
    assert run_cli("check", config).out.splitlines()[-1] == "mouse can be trained."
    assert run_cli("submit", config, "--json").json["key"] == "uploads/default/mouse.zip"
    assert dlc_batch.check(config).is_trainable


def test_errors_of_options_name_the_options_and_are_not_buried(
    project: Path, run_cli: RunCli
) -> None:
    crop = "data.train.crop_sampling.widht=128"
    refused = run_cli("submit", project, "--net-type", "resnet50", "--set", crop)
    assert refused.code == 1
    assert "--set data.train.crop_sampling.widht (request-override)" in refused.out
    refused = run_cli("submit", project, "--net-type", "resnet50", "--dry-run")
    assert refused.out.startswith("error: --net-type (net-type)")
    assert "Set --net-type to a network of the engine" in refused.out
    assert "warning:" not in refused.out
    assert re.search(r"Besides, \d+ warnings?: see dlc-batch check", refused.out)
    assert "No quote" not in refused.out
    (project / "dlc-batch.yaml").write_text("net_type: resnet50\n")
    assert "error: dlc-batch.yaml (net-type)" in run_cli("submit", project, "--seed", "1").out


@pytest.mark.usefixtures("stack")
def test_a_run_that_is_not_there_may_have_been_meant_otherwise(
    record: Record, run_cli: RunCli
) -> None:
    run = record(run_id="openfield-0123456789ab").run_id
    record(run_id="mouse-ba9876543210")
    for text in ("openfield", run[:-4], f"{run[:-1]}c", run.replace("p", "b")):
        answer = run_cli("status", text)
        assert (answer.code, answer.out) == (2, "")
        assert f"Did you mean {run}?" in answer.err
    for text in ("nothing-like-it", "openfield-ba9876543210"):
        assert "Did you mean" not in run_cli("status", text).err


def test_a_region_that_is_not_set_is_told_with_and_without_a_local_cloud(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local_cloud: Any
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("DLC_BATCH_HOME", str(tmp_path))
    answer = run_cli("--cloud", "aws", "list")
    assert "No local cloud is running, and no AWS region is set." in answer.err
    monkeypatch.setenv("DLC_BATCH_HOME", str(local_cloud.home))
    answer = run_cli("--cloud", "aws", "list")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Error: No AWS region is set.\nName your stack's region")


@pytest.mark.usefixtures("stack")
def test_ctrl_c_in_a_watch_says_that_the_run_goes_on(record: Record) -> None:
    run = record(status=Status.QUEUED)
    command = [sys.executable, "-m", "dlc_batch", "watch", run.run_id]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "waits for a computer" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"The run goes on. To watch it again: dlc-batch watch {run.run_id}" in err


def test_check_of_the_folder_here(
    project: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    answer = run_cli("check", ".")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[-1] == "mouse can be trained."
    monkeypatch.chdir(project / "videos")
    answer = run_cli("check", ".", "--json")
    assert (answer.code, answer.json["problems"][0]["where"]) == (1, "videos")


@pytest.mark.usefixtures("stack")
def test_submit_sends_what_can_be_trained(cloud: Cloud, project: Path, run_cli: RunCli) -> None:
    answer = run_cli("submit", project, "--lab", "miller", "--json")
    assert answer.code == 0
    assert answer.json["key"] == "uploads/miller/mouse.zip"
    assert answer.json["lab"] == "miller"
    (item,) = cloud.s3.list_objects_v2(Bucket=cloud.bucket)["Contents"]
    assert item["Key"] == answer.json["key"]
    plain = run_cli("submit", project)
    assert plain.out.startswith("mouse-")
    assert len(plain.out.split()) == 1


@pytest.mark.usefixtures("stack")
def test_submit_sends_nothing_that_cannot_be_trained(
    cloud: Cloud, project: Path, run_cli: RunCli
) -> None:
    (project / "dlc-batch.yaml").write_text("epoch: 3\n")
    answer = run_cli("submit", project, "--json")
    assert (answer.code, answer.json["trainable"]) == (1, False)
    assert "Nothing was sent." in answer.err
    assert cloud.s3.list_objects_v2(Bucket=cloud.bucket)["KeyCount"] == 0


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("status", "code"),
    [("RUNNING", 0), ("SUCCEEDED", 0), ("FAILED", 1)],
)
def test_status_exits_with_1_for_a_bad_end(
    status: str, code: int, record: Record, run_cli: RunCli
) -> None:
    run = record(status=Status(status), metrics={"test_rmse_px": float("nan"), "frames": 3.0})
    answer = run_cli("status", run.run_id, "--json")
    assert (answer.code, answer.json["status"]) == (code, status)
    strict = json.loads(answer.out, parse_constant=pytest.fail)  # JSON knows no NaN
    assert strict["metrics"] == {"test_rmse_px": None, "frames": 3.0}
    plain = run_cli("status", run.run_id)
    assert plain.code == code
    assert plain.out.startswith(f"{run.run_id}  {status}")


@pytest.mark.usefixtures("stack")
def test_list_is_one_object_newest_first(record: Record, run_cli: RunCli) -> None:
    assert run_cli("list", "--json").json == {"runs": []}
    old, new = record(submitted_at="2026-01-01"), record(submitted_at="2026-01-02")
    listed = run_cli("list", "--json").json["runs"]
    assert [each["run_id"] for each in listed] == [new.run_id, old.run_id]
    assert run_cli("list", "--lab", "nobody", "--json").json == {"runs": []}
    plain = run_cli("list").out.splitlines()
    assert [line.split()[-1] for line in plain] == ["RUN", new.run_id, old.run_id]


@pytest.mark.usefixtures("stack")
def test_list_has_a_head_and_the_error_on_test_frames(record: Record, run_cli: RunCli) -> None:
    record()
    assert run_cli("list").out.split("\n")[0].split() == ["SENT", "STATE", "TOOK", "LAB", "RUN"]
    record(status=Status.SUCCEEDED, metrics={"test_rmse_px": 4.196}, submitted_at="2026-01-03")
    head, scored, _ = run_cli("list").out.splitlines()
    assert head[scored.index("4.20 px") :].startswith("ERROR")


@pytest.mark.usefixtures("stack")
def test_fetch_writes_the_results(
    cloud: Cloud, record: Record, run_cli: RunCli, tmp_path: Path
) -> None:
    run, target = record(status=Status.SUCCEEDED), tmp_path / "results"
    key = RunKeys(run.lab, run.run_id).results + "report.html"
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"report")
    answer = run_cli("fetch", run.run_id, target, "--json")
    assert (answer.code, answer.json["written"]) == (0, ["report.html"])
    assert (target / "report.html").read_bytes() == b"report"
    (target / "report.html").write_bytes(b"mine!!")
    refused = run_cli("fetch", run.run_id, target)
    assert (refused.code, refused.out) == (2, "")
    assert "--overwrite" in refused.err


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "FAILED", "CANCELLED", "REJECTED"])
def test_fetch_exits_with_1_for_a_run_without_results(
    status: str, record: Record, run_cli: RunCli, tmp_path: Path
) -> None:
    run = record(status=Status(status), message="No labels.", remedy="Label some.")
    for option in ((), ("--json",), ("--dry-run",)):
        answer = run_cli("fetch", run.run_id, tmp_path / "results", *option)
        assert (answer.code, answer.out) == (1, "")
        said = error_of(answer)["message"] if "--json" in option else answer.err
        assert said.startswith(f"Run {run.run_id} has no results. It is {status}.")
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("stack")
def test_fetch_exits_with_1_for_results_that_are_not_whole(
    record: Record, run_cli: RunCli, tmp_path: Path
) -> None:
    run = record(status=Status.SUCCEEDED, files=("report.html",))
    answer = run_cli("fetch", run.run_id, tmp_path / "results")
    assert (answer.code, answer.out) == (1, "")
    assert "are not whole: report.html" in answer.err


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_fetch_brings_the_shuffles_that_were_trained_and_names_the_others(
    status: str, cloud: Cloud, record: Record, run_cli: RunCli, tmp_path: Path
) -> None:
    run = record(status=Status(status), files=("shuffle1/report.html",))
    states = {f"part{number}_status": each for number, each in ((1, "SUCCEEDED"), (2, status))}
    numbers = {f"part{number}_shuffle": str(number) for number in (1, 2)}
    item = {name: {"S": each} for name, each in states.items()}
    item |= {name: {"N": each} for name, each in numbers.items()}
    cloud.dynamodb.put_item(TableName=cloud.table_name, Item={**to_item(run), **item})
    for number in (1, 2):
        key = RunKeys(run.lab, run.run_id).results + f"shuffle{number}/report.html"
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"report")
    answer = run_cli("fetch", run.run_id, tmp_path / "results", "--json")
    assert (answer.code, answer.json["written"]) == (0, ["shuffle1/report.html"])
    assert f"is {status}: nothing comes of shuffle 2." in answer.err


@pytest.mark.usefixtures("stack")
def test_what_is_read_before_and_after_the_way_has_a_bar(
    cloud: Cloud, project: Path, record: Record, run_cli: RunCli, tmp_path: Path
) -> None:
    sent = run_cli("submit", project)
    shown = (line.partition(":")[0].strip() for line in re.split("[\r\n]", sent.err))
    bars = ["Packing", "Hashing", "Uploading"]
    assert [each for each in dict.fromkeys(shown) if each in bars] == bars
    run, content = record(status=Status.SUCCEEDED), bytes(5_000)
    for name in ("a", "b"):
        key = RunKeys(run.lab, run.run_id).results + name
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=content)
    (tmp_path / "a").write_bytes(content)
    fetched = run_cli("fetch", run.run_id, tmp_path)
    for bar in ("Comparing: ", "Fetching: ", "Verifying: "):
        assert bar in fetched.err
    assert "Comparing: " in run_cli("fetch", run.run_id, tmp_path, "--dry-run").err


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("args", [["status", "no-run"], ["fetch", "no-run"]])
def test_a_run_that_is_not_there_is_told(args: list[str], run_cli: RunCli) -> None:
    answer = run_cli(*args)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Error: There is no run no-run.")


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("command", ["list", "status", "fetch", "submit"])
def test_a_network_that_is_gone_is_told_without_a_traceback(
    command: str,
    closed_port: str,
    project: Path,
    run_cli: RunCli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", closed_port)
    arguments = {"list": [], "status": ["run"], "fetch": ["run"], "submit": [project]}
    answer = run_cli(command, *arguments[command])
    assert (answer.code, answer.out) == (2, "")
    assert "Error: Could not connect" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.usefixtures("stack")
def test_a_stack_that_is_not_there_is_told(run_cli: RunCli) -> None:
    answer = run_cli("--stack", "no-such-stack", "list")
    assert (answer.code, answer.out) == (2, "")
    assert "no-such-stack" in answer.err
    assert "--stack" in answer.err


@pytest.mark.parametrize(
    "command",
    [("list",), ("doctor",), ("teardown", "--keep-data"), ("lab", "list"), ("delete", "run")],
    ids=" ".join,
)
def test_a_region_that_nobody_named_is_told_without_a_traceback(
    command: tuple[str, ...], run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, os.devnull)
    answer = run_cli("--cloud", "aws", *command)
    assert (answer.code, answer.out) == (2, "")
    assert "no AWS region is set" in answer.err


@pytest.mark.parametrize("lab", ["Miller", "a/b"])
def test_a_name_that_can_stand_for_no_lab_is_told(
    lab: str, project: Path, run_cli: RunCli
) -> None:
    answer = run_cli("submit", project, "--lab", lab)
    assert (answer.code, answer.out) == (2, "")
    assert f"`{lab}` can't be a lab's name." in answer.err
