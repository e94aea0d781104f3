"""`python -m dlc_batch_trainer --bucket B --lab L --run-id R --shuffle K`: the Batch job."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from dlc_batch_core.errors import CloudError, DlcBatchError, LabError
from dlc_batch_core.job import ExitCode
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.limits import Limits
from dlc_batch_core.outcome import ErrorKind, Outcome
from dlc_batch_trainer.errors import InfrastructureError, Interrupted
from dlc_batch_trainer.progress import ProgressReporter
from dlc_batch_trainer.store import STORE_ERRORS, RunStore

_BUG = DlcBatchError(
    "The training program failed in a way it does not know.",
    "Send the run id to whoever looks after dlc-batch: the log holds the details.",
)
_INTERRUPTED = InfrastructureError(
    "The training was interrupted, and there is no checkpoint.", "It begins anew by itself."
)
_DISK_FULL = InfrastructureError(
    "The disk is full.", "Give the compute environment a larger disk."
)


@dataclass(frozen=True)
class Attempt:
    """Which attempt of which Batch job this is."""

    job_id: str
    number: int

    @classmethod
    def from_environment(cls) -> Attempt:
        return cls(
            os.environ.get("AWS_BATCH_JOB_ID", "local"),
            int(os.environ.get("AWS_BATCH_JOB_ATTEMPT", "1")),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, leave an outcome whatever happens, and return the exit code."""
    asked = _parse(arguments)
    _keep_libraries_at_bay()
    attempt = Attempt.from_environment()
    keys = RunKeys(asked.lab, asked.run_id)
    store = RunStore.from_environment(asked.bucket, keys, asked.shuffle)
    reporter = ProgressReporter(store.write_progress, attempt.number)
    mended: list[str] = []
    with tempfile.TemporaryDirectory(
        prefix="dlc-batch-", dir=asked.work, ignore_cleanup_errors=True
    ) as work:
        try:
            signal.signal(signal.SIGTERM, _interrupt)
            outcome = _train(asked.shuffle, Path(work), attempt, store, reporter, mended)
            code = ExitCode.DONE
        except BaseException as error:  # the edge of the process: whatever it is, the lab hears
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left to do takes a second
            code, outcome = _fail(error, attempt, reporter, mended)
        return _leave(store, outcome, code)  # before gigabytes are cleaned up


def _train(
    shuffle: int,
    work: Path,
    attempt: Attempt,
    store: RunStore,
    reporter: ProgressReporter,
    mended: list[str],
) -> Outcome:
    # Not at the top: what it imports reads the environment that _keep_libraries_at_bay sets.
    from dlc_batch_trainer.program import TrainingProgram

    limits = Limits.from_settings(os.environ)
    trained = TrainingProgram(store, shuffle, work, reporter, mended, limits).run()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # all is there: what is left takes a second
    return Outcome(
        succeeded=True,
        job_id=attempt.job_id,
        attempt=attempt.number,
        message=trained.message,
        metrics=trained.metrics,
        files=trained.files,
        timings=reporter.timings(),
        notes=tuple(mended),
    )


def _fail(
    error: BaseException, attempt: Attempt, reporter: ProgressReporter, mended: list[str]
) -> tuple[ExitCode, Outcome]:
    failure = _as_failure(error)
    code, kind = _judge(failure)
    return code, Outcome(
        succeeded=False,
        job_id=attempt.job_id,
        attempt=attempt.number,
        message=failure.message,
        remedy=failure.remedy,
        error_kind=kind,
        timings=reporter.timings(),
        notes=tuple(mended),
    )


def _as_failure(error: BaseException) -> DlcBatchError:
    """Put an error into a sentence. What nobody foresaw goes to the log in full."""
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return _INTERRUPTED
    if isinstance(error, LabError):
        return error
    traceback.print_exception(error)
    if isinstance(error, DlcBatchError):
        return error
    if isinstance(error, STORE_ERRORS):
        return InfrastructureError(
            f"S3 did not answer as it should: {error}.", "Submit the project again."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _DISK_FULL
    return _BUG


def _judge(failure: DlcBatchError) -> tuple[ExitCode, ErrorKind]:
    """Tell who must act."""
    if failure is _INTERRUPTED:
        return ExitCode.INTERRUPTED, ErrorKind.INFRASTRUCTURE
    if isinstance(failure, LabError):
        return ExitCode.USER, ErrorKind.USER
    if isinstance(failure, CloudError):
        return ExitCode.BUG, ErrorKind.INFRASTRUCTURE
    return ExitCode.BUG, ErrorKind.BUG


def _leave(store: RunStore, outcome: Outcome, code: ExitCode) -> int:
    """Leave the outcome where `complete` looks for it."""
    print(f"{outcome.message} {outcome.remedy}".strip(), flush=True)
    try:
        store.write_outcome(outcome)
    except STORE_ERRORS as error:
        print(f"outcome not written: {error}", file=sys.stderr, flush=True)
        return code or ExitCode.BUG
    return code


def _interrupt(_signal_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def _keep_libraries_at_bay() -> None:
    """No windows, no telemetry, and nothing written into the home folder but caches."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "matplotlib"))
    os.environ.setdefault("DLClight", "True")  # DeepLabCut without its GUI
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dlc_batch_trainer", description=__doc__)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--lab", required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--shuffle", required=True, type=int)
    parser.add_argument("--work", type=Path, help="where to work (default: the system's)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
