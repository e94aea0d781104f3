"""Names for stacks, and what a shell completes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dlc_batch
from dlc_batch.cloud import Cloud
from dlc_batch.profiles import Profile, Settings
from dlc_batch_core.errors import LabError


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A user's settings of their own, where the command line finds them on Linux."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Settings(tmp_path / "config" / "dlc-batch")


def test_profiles_come_back(settings: Settings) -> None:
    assert settings.profiles() == {}
    first, second = Profile(stack="one", region="eu-west-1"), Profile("auto", lab="miller")
    settings.put("first", first)
    settings.put("second", second)
    assert settings.profiles() == {"first": first, "second": second}
    settings.put("first", None)
    assert settings.find("second") == second
    with pytest.raises(LabError, match="no profile first") as unknown:
        settings.find("first")
    assert unknown.value.remedy.startswith("There are: second.")
    assert [each.name for each in settings.folder.iterdir()] == ["profiles.json"]


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"stack": '])
def test_a_file_that_is_broken_is_told(text: str, settings: Settings) -> None:
    settings.folder.mkdir(parents=True)
    settings.file.write_text(text)
    with pytest.raises(LabError, match=r"profiles\.json can't be read") as told:
        settings.profiles()
    assert "add the profiles anew" in told.value.remedy


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cloud": "x"}, "`cloud` of profile home is x, and none of auto, local, aws"),
        ({"cloud": 3}, "`cloud` of profile home is no text"),
        ({"stack": 3}, "`stack` of profile home is no text"),
        ({"lab": ["miller"]}, "`lab` of profile home is no text"),
        ("dlc-batch", "profile home is no object"),
    ],
)
def test_a_profile_that_can_be_none_is_told_with_its_place(
    values: object, words: str, settings: Settings, run_cli: Any
) -> None:
    settings.folder.mkdir(parents=True)
    settings.file.write_text(json.dumps({"home": values}))
    answer = run_cli("--at", "home", "list")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"Error: {settings.file} can't be read: {words}")
    assert "Mend it, or delete it" in answer.err


def test_what_a_profile_leaves_open_may_be_null(settings: Settings) -> None:
    settings.folder.mkdir(parents=True)
    settings.file.write_text('{"home": {"stack": "one", "lab": null, "cloud": null, "new": 1}}')
    assert settings.profiles() == {"home": Profile(stack="one")}


def test_a_profile_says_what_the_command_line_does_not(
    settings: Settings,
    stack: str,
    record: Any,
    run_cli: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DLC_BATCH_LAB", "other")  # put back at the end, whatever --at makes of it
    monkeypatch.setenv("DLC_BATCH_STACK", "no-such-stack")
    own = record()
    record(lab="other")
    added = run_cli("profile", "add", "home", "--stack", stack, "--lab", "miller", "--json")
    assert (added.code, added.json["name"], added.json["cloud"]) == (0, "home", "aws")
    listed = run_cli("--at", "home", "list", "--json").json["runs"]
    assert [each["run_id"] for each in listed] == [own.run_id]
    refused = run_cli("--at", "home", "--stack", "another", "list")
    assert (refused.code, "another" in refused.err) == (2, True)
    monkeypatch.setenv("DLC_BATCH_AT", "home")
    assert run_cli("list", "--lab", "other", "--json").json["runs"][0]["lab"] == "other"
    assert run_cli("profile", "list").out == f"home: cloud aws, stack {stack}, lab miller\n"
    monkeypatch.delenv("DLC_BATCH_AT")
    assert run_cli("profile", "remove", "home").code == 0
    assert run_cli("profile", "remove", "home").code == 1
    unknown = run_cli("--at", "home", "list")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err.startswith("Error: There is no profile home.")
    assert settings.profiles() == {}


@pytest.mark.usefixtures("stack")
def test_python_takes_a_profile_and_what_is_said_goes_before_it(
    settings: Settings, stack: str, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = record(), record(lab="other")
    monkeypatch.setenv("DLC_BATCH_LAB", "other")
    settings.put("home", Profile(stack=stack, lab="miller"))

    def listed(lab: dlc_batch.Lab) -> tuple[str | None, list[str]]:
        return lab.name, [each.run.run_id for each in lab.runs()]

    assert listed(dlc_batch.connect(at="home")) == ("miller", [own.run_id])
    assert listed(dlc_batch.connect(at="home", lab="other")) == ("other", [other.run_id])
    settings.put("home", Profile(stack=stack))
    assert dlc_batch.connect(at="home").name == "other"
    with pytest.raises(dlc_batch.CloudError, match="no stack another"):
        dlc_batch.connect("another", at="home")
    with pytest.raises(LabError, match="no profile away"):
        dlc_batch.connect(at="away")


def complete(words: str, count: int) -> list[str]:
    """Ask as bash does; return what it may complete to."""
    asked = {"_DLC_BATCH_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    program = [sys.executable, "-c", "import sys; sys.argv[0] = 'dlc-batch'\n" + STARTS]
    done = subprocess.run(
        program, env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


STARTS = """
from dlc_batch.cli import main
try:
    main()
finally:
    heavy = {"boto3", "botocore", "numpy"} & set(sys.modules)
    assert not heavy, heavy
"""


@pytest.mark.usefixtures("stack")
def test_a_shell_completes_commands_profiles_and_the_runs_listed_last(
    settings: Settings, cloud: Cloud, record: Any, run_cli: Any
) -> None:
    assert complete("dlc-batch st", 1) == ["status", "stop"]
    assert complete("dlc-batch watch ", 2) == []
    runs = [record(submitted_at=f"2026-01-0{day}").run_id for day in (1, 2)]
    assert cloud.bucket
    run_cli("list")
    assert complete("dlc-batch watch ", 2) == runs[::-1]
    assert complete(f"dlc-batch logs {runs[0][:9]}", 2) == [
        each for each in runs[::-1] if each.startswith(runs[0][:9])
    ]
    settings.put("home", Profile())
    assert complete("dlc-batch --at h", 2) == ["home"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_command(shell: str, run_cli: Any) -> None:
    answer = run_cli("completion", shell)
    assert answer.code == 0
    assert f"_DLC_BATCH_COMPLETE={shell}_complete" in answer.out
    assert f"dlc-batch completion {shell} >" in answer.err
    assert json.loads(run_cli("completion", shell, "--json").out)["script"] in answer.out
