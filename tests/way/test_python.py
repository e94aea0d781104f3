"""The examples of docs/python.md, one after the other as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import dlc_batch
from dlc_batch.demo.project import DemoSize, make_demo_project

from .conftest import Way

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PROJECT = "reach-Ann-2026-01-02"


def test_every_example_runs_as_it_stands(
    way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_demo_project(tmp_path / PROJECT, DemoSize(frames=20, labelled=8))
    for name, value in way.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in EXAMPLES[:-1]:
        exec(compile(example, "docs/python.md", "exec"), names)  # the page's own text

    sent, lab = names["sent"], names["lab"]
    assert isinstance(lab, dlc_batch.Lab)
    ended = way.run(sent.run_id)  # type: ignore[attr-defined]
    assert ended is not None
    assert (ended.lab, ended.status) == ("miller", "SUCCEEDED")
    asked = (
        way.client("s3")
        .get_object(Bucket=way.bucket, Key=f"runs/miller/{ended.run_id}/request.json")["Body"]
        .read()
    )
    assert b'"epochs": 3' in asked
    # the stand-in trainer leaves no results of its own
    key = f"runs/miller/{ended.run_id}/results/evaluation.json"
    way.client("s3").put_object(Bucket=way.bucket, Key=key, Body=b"{}")
    exec(compile(EXAMPLES[-1], "docs/python.md", "exec"), names)
    assert (tmp_path / PROJECT / "evaluation.json").read_bytes() == b"{}"


LIGHT = """
import sys, dlc_batch
dir(dlc_batch)
heavy = {"boto3", "botocore", "click", "numpy", "deeplabcut", "torch"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""


def test_importing_it_is_light() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_all_that_it_names_is_there() -> None:
    assert all(getattr(dlc_batch, name) for name in dlc_batch.__all__)
    with pytest.raises(AttributeError, match="no_such_verb"):
        _ = dlc_batch.no_such_verb
