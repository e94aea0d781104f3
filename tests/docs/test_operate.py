"""What docs/operate.md tells an admin to type: each name is one of AWS or of the template.

Its commands of ours are run in tests/way/test_operating.py.
"""

import re
import shlex
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
BLOCKS = "\n".join(re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", "")
AWS = re.findall(r"\baws ([a-z].*?)(?:\)?$)", BLOCKS, re.MULTILINE)
SAM = re.findall(r"^sam (.*)$", BLOCKS, re.MULTILINE)
#: Options of the AWS CLI itself.
EVERYWHERE = {"--output", "--query"}


@pytest.mark.parametrize("command", AWS)
def test_every_command_of_aws_is_one(command: str) -> None:
    service, operation, *options = shlex.split(command)
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


def test_there_is_something_to_test() -> None:
    assert len(AWS) == 4
    assert len(SAM) == 5
