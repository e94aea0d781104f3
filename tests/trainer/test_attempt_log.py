"""attempts.json, as one attempt after the other keeps it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dlc_batch_core.manifest import Manifest
from dlc_batch_trainer.attempt_log import Attempt, AttemptLog
from dlc_batch_trainer.checkpoint_store import CheckpointStore

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench


@pytest.fixture
def store(bench: Bench) -> CheckpointStore:
    return CheckpointStore(bench.s3, bench.bucket, bench.keys.shuffle(1).checkpoints)


def test_each_attempt_has_its_entry_and_knows_those_before(store: CheckpointStore) -> None:
    first = AttemptLog(store, Attempt("job", 1), {"instance_type": "g4dn.xlarge"})
    first.read()
    first.end("failed")  # before it had begun: there is nothing to tell
    assert store.read_attempts() == []
    first.begin(None, 0)
    first.record(trained=True)
    first.end("interrupted")

    second = AttemptLog(store, Attempt("job", 2))
    second.read()
    assert second.before == first.entries
    for halvings in (0, 1):  # with half the batch it begins anew
        second.begin(Manifest(3, {"position": {"epoch": 7}}, {}), halvings)
    second.record_seconds()

    one, two = store.read_attempts()
    assert (one["ended"], one["trained"], one["instance_type"]) == (
        "interrupted",
        True,
        "g4dn.xlarge",
    )
    assert (two["resumed_from"], two["position"], two["halvings"]) == (3, {"epoch": 7}, 1)
    assert (two["ended"], two["trained"]) == (None, False)
    assert two["seconds"] is not None


def test_what_the_attempts_before_took_counts(store: CheckpointStore) -> None:
    store.write_attempts([{"job_id": "job", "attempt": n, "seconds": 100} for n in (1, 2)])
    log = AttemptLog(store, Attempt("job", 3))
    log.read()
    log.begin(None, 0)
    log.record(seconds=1_000_000)  # its own are counted by the clock
    assert 200 <= log.seconds < 1_000_000


def test_a_store_that_refuses_costs_no_training(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    log = AttemptLog(CheckpointStore(bench.s3, "no-such-bucket-at-all", "c/"), Attempt("job", 1))
    log.begin(None, 0)
    assert "attempts.json not written" in capsys.readouterr().out
