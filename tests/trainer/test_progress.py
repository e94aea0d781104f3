"""What the program tells while it fetches an upload."""

from __future__ import annotations

import pytest

from dlc_batch_core.progress import Progress
from dlc_batch_trainer.progress import ProgressReporter


def test_tells_bytes_of_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    written: list[Progress] = []
    reporter = ProgressReporter(written.append, attempt=2)
    reporter.enter("unpack")
    for done in range(0, 3_000_000, 1000):  # many small ranges: few lines, and fewer files
        reporter.fetched(done, 3_000_000)
    reporter.fetched(3_000_000, 3_000_000)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "== unpack"
    assert lines[-1].startswith("3 of 3 MB, ")
    assert len(lines) < 20
    assert [(each.stage, each.attempt) for each in written] == [("unpack", 2)] * 2
    assert (written[-1].bytes_done, written[-1].bytes_total) == (3_000_000, 3_000_000)
    assert Progress.from_json(written[-1].to_json()) == written[-1]
