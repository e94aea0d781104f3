"""checkov and cfripper find nothing in the translated template but what stands for a reason."""

import json
from pathlib import Path

import pytest

from .conftest import ROOT
from .security import SUPPRESSIONS, Finding, cfripper, checkov, settled, suppressed

TOOLS = {"checkov": checkov, "cfripper": cfripper}
#: A resource that anybody may take over, and nothing is encrypted.
OPEN_TO_ALL = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
                    ],
                },
            },
        },
    }
}


@pytest.fixture(scope="module")
def tools() -> Path:
    folder = ROOT / ".venv-tools"
    if not (folder / ".ready").exists():
        pytest.skip("checkov and cfripper are not there: make them with `make .venv-tools/.ready`")
    return folder / "bin"


@pytest.fixture(scope="module")
def found(
    tools: Path, translated: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[Finding, str]:
    """What is found where the template's conditions hold, and where they don't."""
    template = json.loads(translated.read_text())
    files = []
    for holds in (True, False):
        files.append(tmp_path_factory.mktemp("settled") / "template.json")
        files[-1].write_text(json.dumps(settled(template, holds)))
    return {each: what for check in TOOLS.values() for each, what in check(tools, *files).items()}


def test_nothing_is_found_but_what_stands(found: dict[Finding, str]) -> None:
    standing = dict(suppressed())
    news = [
        f"{each.tool} {each.check} on {each.resource}: {found[each]}"
        for each in sorted(found.keys() - standing.keys())
    ]
    assert not news, f"mend template.yaml, or give the reason in {SUPPRESSIONS.name}"


def test_all_that_stands_is_still_found(found: dict[Finding, str]) -> None:
    assert sorted(dict(suppressed()).keys() - found.keys()) == [], (
        f"no longer found: take it out of {SUPPRESSIONS.name}"
    )


def test_each_suppression_stands_once_with_a_sentence_for_a_reason() -> None:
    listed = list(suppressed())
    assert len(dict(listed)) == len(listed)
    assert {finding.tool for finding, _ in listed} <= TOOLS.keys()
    for finding, reason in listed:
        assert len(reason.split()) >= 5, finding
        assert reason.endswith("."), finding


def test_a_template_is_settled_both_ways() -> None:
    template = {"a": {"Fn::If": ["C", [{"Fn::If": ["D", 1, {"Ref": "AWS::NoValue"}]}, 2], 3]}}
    assert settled(template, True) == {"a": [1, 2]}
    assert settled(template, False) == {"a": 3}
    assert settled({"a": {"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]}}, False) == {}


@pytest.mark.parametrize(
    "seen",
    [
        Finding("checkov", "CKV_AWS_27", "Queue"),
        Finding("cfripper", "SQSQueuePolicyPublicRule", "QueuePolicy"),
    ],
    ids=str,
)
def test_each_tool_sees_what_is_open_to_all(seen: Finding, tools: Path, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(json.dumps(OPEN_TO_ALL))
    assert seen in TOOLS[seen.tool](tools, file)
