"""A short campaign, and that a campaign would tell of a check that breaks its rules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fuzz.campaign import Report, run_campaign
from tests.fuzz.inputs import input_of

ROOT = Path(__file__).resolve().parents[2]
SEED, COUNT = 20_261_122, 3000


def test_the_check_takes_whatever_is_uploaded(tmp_path: Path) -> None:
    reports: list[Report] = []

    report = run_campaign(SEED, COUNT, 2, tmp_path, reports.append)

    assert report.finds == []
    assert report.inputs == COUNT
    assert reports, "no progress was shown"
    # inputs that all fail alike would prove little
    assert COUNT * 0.1 < report.trainable < COUNT * 0.9
    assert len(report.codes) >= 25


def test_an_input_is_made_by_its_number_alone() -> None:
    inputs = [input_of(SEED, number) for number in range(200)]
    assert inputs == [input_of(SEED, number) for number in reversed(range(200))][::-1]
    assert len(set(inputs)) > 190


def test_the_check_says_the_same_in_every_process() -> None:
    """Python's sets are ordered otherwise in each process: no answer may depend on one."""
    program = f"from tests.fuzz.campaign import digest; print(digest({SEED}, range(300)))"
    answers = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "core")}
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers.add(done.stdout)
    assert len(answers) == 1


#: Checks that do what none may; each is put in the place of the real one, in a worker.
BREACHES = {
    "raises": "raise KeyError('x')",
    "writes a file": "open('left-behind', 'w')",
    "reads a file": "open('/etc/hostname')",
    "makes a folder": "import os; os.mkdir('left-behind')",
    "runs a command": "import os; os.system('true')",
    "hides that it wrote": "\n    try: open('x', 'w')\n    except BaseException: pass",
    "loads a pickle": "import pickle; pickle.loads(b'cos\\nsystem\\n.')",
    "takes all memory": "bytearray(1 << 30)",
    "takes all time": "\n    while True: pass",
    "dies": "import os, signal; signal.raise_signal(signal.SIGKILL)",
}
WORKER = """
import sys
import tests.fuzz.campaign as campaign
from tests.fuzz.guard import Guard
right = campaign.check_upload
def wrong(file, name):
    {breach}
    return right(file, name)
right(campaign.io.BytesIO(campaign.input_of(1, 0)), "fuzz.zip")
guard, report = Guard(), campaign.Report()
campaign.check_upload = wrong
campaign.check_one(guard, 1, 0, report)
sys.exit(7 if report.finds else 0)
"""


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES)
def test_a_check_that_breaks_a_rule_is_found(breach: str, tmp_path: Path) -> None:
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "core")))
    done = subprocess.run(
        [sys.executable, "-c", WORKER.format(breach=breach)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == (-9 if "SIGKILL" in breach else 7), done.stderr
    assert list(tmp_path.iterdir()) == []
