"""What docs/deploy.md and operate.md tell an admin to type: each name is one of AWS or of the
template, and the commands of ours are.

Those of operate.md are run in tests/way/test_operating.py.
"""

import re
import shlex
from pathlib import Path

import botocore.session
import click
import pytest
from botocore import xform_name
from samtranslator.yaml_helper import yaml_parse

from dlc_batch.cli import cli
from dlc_batch.outbox import DAYS_UNFINISHED

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


def blocks(*pages: str) -> str:
    """Return what is to be typed, a command a line."""
    found = [each for page in pages for each in re.findall(r"```\n(.*?)```", page, re.DOTALL)]
    return "\n".join(found).replace("\\\n", "")


BLOCKS = blocks(DEPLOY, PAGE)
OURS = re.findall(r"^dlc-batch (.*)$", blocks(DEPLOY, README), re.MULTILINE)
AWS = re.findall(r"\baws ([a-z].*?)(?:\)| \| tee .*)?$", BLOCKS, re.MULTILINE)
SAM = re.findall(r"^sam (.*)$", BLOCKS, re.MULTILINE)
#: Options of the AWS CLI itself.
EVERYWHERE = {"--output", "--query"}


@pytest.mark.parametrize("command", AWS)
def test_every_command_of_aws_is_one(command: str) -> None:
    service, operation, *options = shlex.split(command)
    service = "s3" if service == "s3api" else service  # AWS CLI's own name
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    members = model.operation_model(names[operation]).input_shape.members
    known = {f"--{xform_name(name, '-')}" for name in members} | EVERYWHERE
    assert {each for each in options if each.startswith("--")} <= known


@pytest.mark.parametrize("command", SAM)
def test_every_parameter_that_sam_deploys_is_one_and_takes_the_value(command: str) -> None:
    first, *options = command.split()
    assert first in ("build", "deploy")
    overrides = [each.partition("=") for each in options if "=" in each]
    assert bool(overrides) == ("--parameter-overrides" in options)
    for name, _, value in overrides:
        parameter = TEMPLATE["Parameters"][name]
        if parameter["Type"] == "Number":
            assert int(value) >= parameter.get("MinValue", 0)
            assert int(value) in parameter.get("AllowedValues", [int(value)])
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value)


def test_the_days_in_the_table_are_the_templates_defaults() -> None:
    rows = re.findall(r"\| (\d+) days[^|]*\| `(\w+)`", PAGE)
    assert len(rows) == 3
    for days, parameter in rows:
        assert TEMPLATE["Parameters"][parameter]["Default"] == int(days)
    assert f"at least {TEMPLATE['Parameters']['CheckpointDays']['MinValue']}" in PAGE


def test_an_unfinished_upload_is_kept_as_long_as_the_bucket_keeps_it() -> None:
    rules = TEMPLATE["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    named = {rule["Id"]: rule for rule in rules}
    rule = named["abort-unfinished-uploads"]["AbortIncompleteMultipartUpload"]
    days = rule["DaysAfterInitiation"]
    assert days == DAYS_UNFINISHED
    assert f"| uploads in parts that were never finished | {days} days |" in PAGE
    submit = (ROOT / "docs" / "submit.md").read_text(encoding="utf-8")
    told = re.findall(r"and\s+not\s+gone\s+on\s+with\s+after\s+(\d+)\s+days", submit)
    assert told == [str(days)]


def test_every_alarm_of_the_template_has_its_entry() -> None:
    resources = TEMPLATE["Resources"].items()
    alarms = {name for name, each in resources if each["Type"] == "AWS::CloudWatch::Alarm"}
    section = PAGE.split("## When an alarm comes")[1].split("\n## ")[0]
    rows = [row.split(" | ") for row in section.splitlines() if row.startswith("| `")]
    assert {row[0].strip("| `") for row in rows} == alarms
    assert all(len(row) == 4 for row in rows)  # meaning, where to look, what to do
    for group in re.findall(r"`(\w+Logs)`", section):
        assert TEMPLATE["Resources"][group]["Type"] == "AWS::Logs::LogGroup"


def test_there_is_something_to_test() -> None:
    assert len(AWS) == 19
    assert len(SAM) == 7
    assert len(OURS) == 16


@pytest.mark.parametrize("command", OURS)
def test_every_command_of_ours_takes_what_is_typed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "PROJECT").mkdir()
    words = shlex.split(command, comments=True)
    found: click.Command = cli
    context = cli.make_context("dlc-batch", [], resilient_parsing=True)
    while isinstance(found, click.Group):
        inner = found.get_command(context, words.pop(0))
        assert inner is not None
        found = inner
    # as click reads it, without running it
    found.make_context("command", words)


def test_the_readme_deploys_as_the_page_does() -> None:
    readme = README.split("## Deploy")[1].split("## ")[0]
    assert blocks(readme) in blocks(DEPLOY)


def test_the_page_names_parameters_and_defaults_that_there_are() -> None:
    named = re.findall(r"^- `(\w+)`(?: and `(\w+)`)?(?: \((\w+)\))?:", DEPLOY, re.MULTILINE)
    assert len(named) == 6
    for first, second, default in named:
        for name in filter(None, (first, second)):
            assert name in TEMPLATE["Parameters"]
        if default not in ("", "none"):
            assert str(TEMPLATE["Parameters"][first]["Default"]) == default
