"""`python -m dlc_batch_trainer --bucket B --lab L --run-id R --shuffle K`: the Batch job."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from dlc_batch_core.errors import CloudError, DlcBatchError, LabError
from dlc_batch_core.job import ExitCode
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.limits import Limits
from dlc_batch_core.outcome import ErrorKind, Outcome
from dlc_batch_core.progress import Progress
from dlc_batch_trainer.attempt_log import Attempt
from dlc_batch_trainer.background import LatestWriter
from dlc_batch_trainer.caches import writable_caches
from dlc_batch_trainer.errors import (
    DISK_FULL,
    UNFORESEEN,
    Cancelled,
    InfrastructureError,
    Interrupted,
    Unreachable,
)
from dlc_batch_trainer.patience import STORE_ERRORS, passes, patiently
from dlc_batch_trainer.program import Trained, TrainingProgram
from dlc_batch_trainer.progress import ProgressReporter
from dlc_batch_trainer.secrecy import close_to_other_processes
from dlc_batch_trainer.spot import Metadata
from dlc_batch_trainer.store import RunStore
from dlc_batch_trainer.termination import Termination

_INTERRUPTED = InfrastructureError(
    "The training was interrupted.", "It goes on by itself from its last checkpoint."
)
#: How long the outcome is tried to be written while S3 refuses, in seconds; less when the host is
#: about to be taken away.
_OUTCOME_SECONDS, _HURRIED_SECONDS = 60.0, 3.0
#: Stands in the outcome until what follows the training has ended.
_UNFINISHED = "What was to follow the training (report, videos, export) did not come to its end."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, leave an outcome whatever happens, and return the exit code."""
    asked = _parse(arguments)
    _keep_libraries_at_bay()
    close_to_other_processes()
    attempt = Attempt.from_environment()
    store = RunStore.from_environment(
        asked.bucket, RunKeys(asked.lab, asked.run_id), asked.shuffle
    )
    progress = LatestWriter(partial(_write_progress, store))
    namespace = os.environ.get("DLC_BATCH_METRICS_NAMESPACE")
    reporter = ProgressReporter(progress, attempt.number, namespace, {"Lab": asked.lab})
    termination = Termination()
    place = Metadata.from_environment().describe()
    with tempfile.TemporaryDirectory(
        prefix="dlc-batch-", dir=asked.work, ignore_cleanup_errors=True
    ) as work:
        program = TrainingProgram(
            store, asked.shuffle, Path(work), attempt, reporter, termination, place=place
        )
        early: list[Outcome] = []  # left as soon as the results were safe

        def on_trained(trained: Trained) -> None:
            early.append(_outcome_of(program, trained, _UNFINISHED))
            _leave(store, early[-1], _HURRIED_SECONDS)

        try:
            termination.listen()
            outcome, code = _train(program, on_trained), ExitCode.DONE
        except BaseException as error:  # the edge of the process: whatever it is, the lab hears
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left to do takes a second
            code, outcome = _fail(error, program)
        if early and code is not ExitCode.DONE:  # what is trained is not told as lost
            outcome = early[-1]
        progress.flush(_HURRIED_SECONDS)
        patience = _HURRIED_SECONDS if code is ExitCode.INTERRUPTED else _OUTCOME_SECONDS
        print(f"{outcome.message} {outcome.remedy}".strip(), flush=True)
        is_left = _leave(store, outcome, patience)  # before gigabytes are cleaned up
    return code if is_left else code or ExitCode.BUG


def _train(program: TrainingProgram, on_trained: Callable[[Trained], None]) -> Outcome:
    program.limits = Limits.from_settings(os.environ)
    os.environ.update(writable_caches(os.environ, program.work / "caches"))
    trained = program.run(on_trained)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # all is there: what is left takes a second
    return _outcome_of(program, trained)


def _outcome_of(program: TrainingProgram, trained: Trained, *notes: str) -> Outcome:
    return Outcome(
        succeeded=True,
        job_id=program.attempt.job_id,
        attempt=program.attempt.number,
        message=trained.message,
        metrics=trained.metrics,
        files=trained.files,
        timings=program.reporter.timings(),
        notes=(*program.mended, *notes),
        instance_type=program.place.get("instance_type"),
        images_per_second=program.reporter.images_per_second,
        follow_up=trained.follow_up.to_dict() if trained.follow_up else {},
        verdict=trained.verdict,
    )


def _write_progress(store: RunStore, progress: Progress) -> None:
    try:
        store.write_progress(progress)
    except STORE_ERRORS as error:  # a training is worth more than a progress bar
        print(f"progress not written: {error}", flush=True)


def _fail(error: BaseException, program: TrainingProgram) -> tuple[ExitCode, Outcome]:
    failure = _as_failure(error)
    code, kind = _judge(failure)
    return code, Outcome(
        succeeded=False,
        job_id=program.attempt.job_id,
        attempt=program.attempt.number,
        message=failure.message,
        remedy=failure.remedy,
        error_kind=kind,
        timings=_timings_of_failure(program.reporter),
        notes=tuple(program.mended),
        instance_type=program.place.get("instance_type"),
        images_per_second=program.reporter.images_per_second,
        cancelled=isinstance(failure, Cancelled),
    )


def _timings_of_failure(reporter: ProgressReporter) -> dict[str, float]:
    """Without the stage `train` where it made no step: then there is no checkpoint either."""
    timings = reporter.timings()
    return {n: seconds for n, seconds in timings.items() if n != "train" or reporter.has_trained}


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
        kind = Unreachable if passes(error) else InfrastructureError
        return kind(f"S3 did not answer as it should: {error}.", "Submit the project again.")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return DISK_FULL
    return UNFORESEEN


def _judge(failure: DlcBatchError) -> tuple[ExitCode, ErrorKind]:
    """Tell who must act."""
    if failure is _INTERRUPTED or isinstance(failure, Unreachable):
        return ExitCode.INTERRUPTED, ErrorKind.INFRASTRUCTURE
    if isinstance(failure, LabError):
        return ExitCode.USER, ErrorKind.USER
    if isinstance(failure, CloudError):
        return ExitCode.BUG, ErrorKind.INFRASTRUCTURE
    return ExitCode.BUG, ErrorKind.BUG


def _leave(store: RunStore, outcome: Outcome, patience: float) -> bool:
    """Leave the outcome where `complete` looks for it; returns whether S3 took it."""
    try:
        patiently(lambda: store.write_outcome(outcome), patience)
    except STORE_ERRORS as error:
        print(f"outcome not written: {error}", file=sys.stderr, flush=True)
        return False
    return True


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
