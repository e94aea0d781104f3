"""What checkov and cfripper find in a template, and which of it stands for a reason."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_NO_VALUE = {"Ref": "AWS::NoValue"}  # leaves a property away
SUPPRESSIONS = Path(__file__).with_name("suppressions.yaml")


@dataclass(frozen=True, order=True)
class Finding:
    """A check of a tool that a resource, by its logical id, does not pass."""

    tool: str
    check: str
    resource: str


def checkov(bin_folder: Path, *templates: Path) -> dict[Finding, str]:
    """What checkov finds, each with its words for it."""
    form = ("--framework", "cloudformation", "--output", "json", "--compact")
    # it would ask its maker's service for guidelines otherwise
    command = [bin_folder / "checkov", *form, "--skip-download", "--file", *templates]
    report = _report(command)
    summary = report["summary"]
    assert summary["parsing_errors"] == 0
    assert summary["passed"] + summary["failed"] > 0, "checkov has checked nothing"
    return {
        Finding("checkov", each["check_id"], each["resource"].rpartition(".")[2]): each[
            "check_name"
        ]
        for each in report["results"]["failed_checks"]
    }


def cfripper(bin_folder: Path, *templates: Path) -> dict[Finding, str]:
    """What cfripper finds, each with its words for it; also what it would only watch."""
    command = [bin_folder / "cfripper", "--resolve", "--format", "json"]
    reports = [_report([*command, each]) for each in templates]
    assert [each["exceptions"] for each in reports] == [[] for _ in templates]
    return {
        Finding("cfripper", each["rule"], resource): each["reason"]
        for report in reports
        for each in report["failures"]
        for resource in each["resource_ids"] or ["(template)"]
    }


def settled(value: Any, holds: bool) -> Any:
    """A template whose conditions all hold, or none does: cfripper can't read every Fn::If."""
    if isinstance(value, list):
        items = [settled(each, holds) for each in value]
        return [each for each in items if each != _NO_VALUE]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Fn::If"}:
        return settled(value["Fn::If"][1 if holds else 2], holds)
    members = {name: settled(each, holds) for name, each in value.items()}
    return {name: each for name, each in members.items() if each != _NO_VALUE}


def suppressed() -> Iterator[tuple[Finding, str]]:
    """Each finding that stands, with the reason."""
    for tool, entries in YAML(typ="safe").load(SUPPRESSIONS).items():
        for entry in entries:
            assert entry.keys() == {"check", "resources", "reason"}
            for resource in entry["resources"]:
                yield Finding(tool, entry["check"], resource), entry["reason"]


def _report(command: list[Any]) -> Any:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise AssertionError(f"no report: {done.stdout}{done.stderr}") from None
