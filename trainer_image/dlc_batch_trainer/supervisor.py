"""Starts the training process and watches over it to its end."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlc_batch_core.control import Action
from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.job import CANCEL_REASON
from dlc_batch_trainer import errors
from dlc_batch_trainer.channel import INTERRUPT, STOP
from dlc_batch_trainer.errors import (
    Cancelled,
    InfrastructureError,
    Interrupted,
    OutOfMemory,
    Unscored,
    UserError,
)
from dlc_batch_trainer.orphans import collect_orphans
from dlc_batch_trainer.progress import ProgressReporter
from dlc_batch_trainer.watch import Disk, Stall
from dlc_batch_trainer.worker_job import WorkerJob

#: After SIGTERM a container has 30 s: a checkpoint must be made in the first, and uploaded in
#: the second.
_CHECKPOINT_SECONDS, _ALL_SECONDS = 18.0, 24.0
_LEAST_UPLOAD_SECONDS = 2.0
#: How long the last checkpoint's upload is waited for otherwise.
_UPLOAD_SECONDS = 60.0
_LOOK_SECONDS = 0.25  # how often what is not an event is looked at
_MOST_READ = 1 << 16  # what a pipe holds
#: Stages in which the network is trained, and in a checkpoint: it can be had without scores.
_SCORING = ("evaluate", "export")
_DUMP_SECONDS = 2.0  # for the threads' stacks to be written before the process is killed
#: AWS's own variables stay with the watcher: what DeepLabCut loads needs none of them.
_SECRET = ("AWS_ACCESS_KEY", "AWS_SECRET", "AWS_SESSION", "AWS_CONTAINER", "AWS_WEB_IDENTITY")
_SECRET_MORE = ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "ECS_CONTAINER")
_NO_METADATA = {"AWS_EC2_METADATA_DISABLED": "true"}


@dataclass
class Signals:
    """What is asked from outside; all of it may come at any time."""

    interrupt: Callable[[], bool]  # SIGTERM, or the Spot notice
    control: Callable[[], Action | None]  # control.json


@dataclass
class WorkerEnd:
    """How the training process ended well."""

    message: str
    metrics: Mapping[str, float]
    course: str  # where it ended, and which snapshot it left


_LATE = "For a longer training ask for more `time_limit_hours`, or for fewer epochs."


@dataclass
class Supervisor:
    """One training process, from its start to its end."""

    job: WorkerJob
    signals: Signals
    seconds_left: Callable[[str], float]  # until a stage has to end: train or evaluate
    stall: Stall
    disk: Disk
    reporter: ProgressReporter
    on_checkpoint: Callable[[Path], None]
    notes: list[str] = field(default_factory=list)  # sentences for the lab, as they come
    batch_size: int | None = None  # of the phase under way
    _stage: str = ""
    _heard: float = 0.0  # time.monotonic() of the last sign of life
    _asked: float | None = None  # when the process was told to make a last checkpoint
    _stopped: str = ""  # why
    _told: str = ""  # the same as it was noted at once, and where
    _failure: DlcBatchError | None = None
    _done: Mapping[str, Any] | None = None

    def run(self) -> WorkerEnd:
        """Train; returns once the results lie on the disk.

        Raises:
            Interrupted: the host is taken away; the last checkpoint was told of.
            OutOfMemory: it may go with a smaller batch.
            Unscored: it may go without evaluation.
            DlcBatchError: with a sentence and a remedy, whoever must act.
        """
        with self._started() as (process, events):
            self._heard = time.monotonic()
            while True:
                event = _next(events)
                if event is _END:
                    break
                if event is not None:
                    self._take(event)
                self._look(process)
                collect_orphans(process.pid)
            code = process.wait()
        return self._judge(code)

    @property
    def seconds_to_spare(self) -> float:
        """How long the upload of the last checkpoint may take, once the process has ended."""
        if self._asked is None:
            return _UPLOAD_SECONDS
        return max(_ALL_SECONDS - (time.monotonic() - self._asked), _LEAST_UPLOAD_SECONDS)

    @contextlib.contextmanager
    def _started(self) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[Any]]]:
        path = Path(self.job.work) / "job.json"
        self.job.write(path)
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "dlc_batch_trainer.worker", str(path), str(writing)]
        process = subprocess.Popen(  # noqa: S603  # our own program
            command,
            stdin=subprocess.PIPE,
            pass_fds=[writing],
            env=worker_environment(os.environ),
            text=True,
        )
        os.close(writing)
        events: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=_read, args=(reading, process, events), daemon=True).start()
        try:
            yield process, events
        finally:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]  # it is a pipe

    def _take(self, event: Mapping[str, Any]) -> None:
        self._heard = time.monotonic()
        kind = event["event"]
        if kind == "stage":
            self._stage = event["stage"]
            self.reporter.enter(self._stage)
        elif kind == "phase":
            self.batch_size = event["batch_size"]
        elif kind == "step":
            self.reporter.step(event)
        elif kind == "epoch":
            self.reporter.epoch(event)
        elif kind == "checkpoint":
            self.on_checkpoint(Path(event["folder"]))
        elif kind == "note":
            self.notes.append(event["text"])
        elif kind == "failed":
            self._failure = _as_error(event)
        elif kind == "done":
            self._done = event

    def _look(self, process: subprocess.Popen[str]) -> None:
        """Look at everything that is not an event of the process."""
        now = time.monotonic()
        if self._asked is not None:
            if now - self._asked > _CHECKPOINT_SECONDS:
                process.kill()
            return
        if self.signals.interrupt():
            self._asked = now
            self._command(process, INTERRUPT)
            if self._stage not in ("train", "prepare", ""):  # its checkpoint is made already
                process.kill()
            return
        self._look_at_stall(process, now - self._heard)
        self._look_at_control(process)
        if self._stage == "evaluate" and self.seconds_left("evaluate") <= 0:
            raise Unscored(
                "The time limit was too near to evaluate the network.",
                "Ask for more `time_limit_hours` in dlc-batch.yaml.",
            )
        if self._stage == "train" and not self._stopped and self.seconds_left("train") <= 0:
            self._stop(process, "The time limit is near: training was stopped")
            self.notes.append(_LATE)
        self.disk.check()

    def _look_at_stall(self, process: subprocess.Popen[str], quiet: float) -> None:
        try:
            if self._stage in _SCORING:
                self.stall.check_scoring(quiet)
            else:
                self.stall.check(quiet, self._where())
        except InfrastructureError:
            process.send_signal(signal.SIGUSR1)  # faulthandler: where its threads stand
            time.sleep(_DUMP_SECONDS)
            raise

    def _look_at_control(self, process: subprocess.Popen[str]) -> None:
        action = self.signals.control()
        if action is Action.STOP_NOW:
            raise Cancelled(f"{CANCEL_REASON}, at {self._where()}.", "Nothing was kept.")
        if action is Action.STOP_AND_KEEP_BEST and not self._stopped:
            self._stop(process, "The lab stopped the training")

    def _stop(self, process: subprocess.Popen[str], why: str) -> None:
        self._stopped, self._told = why, f"{why} at {self._where()}."
        self.notes.append(self._told)
        self._command(process, STOP)

    def _command(self, process: subprocess.Popen[str], word: str) -> None:
        with contextlib.suppress(OSError):  # it has ended: how, is told by its exit code
            print(word, file=process.stdin, flush=True)

    def _where(self) -> str:
        now = self.reporter.now
        if self._stage != "train":
            return f"stage {self._stage or 'start'}"
        if now.epochs:
            of = "detector " if now.phase == "detector" else ""
            return f"{of}epoch {now.epoch} of {now.epochs}"
        return f"iteration {now.step} of {now.steps}" if now.steps else "the first step"

    def _judge(self, code: int) -> WorkerEnd:
        if self._asked is not None and self._done is None:
            raise Interrupted
        if code == 0 and self._done is not None:
            end = WorkerEnd(self._done["message"], self._done["metrics"], self._done["course"])
            if self._stopped:  # only now it is known what was done, and what there was to keep
                self.notes[self.notes.index(self._told)] = f"{self._stopped} {end.course}"
            return end
        if self._failure is not None:
            raise self._failure
        if self._stage in _SCORING:
            raise Unscored(
                f"The training process died while it scored the network (exit code {code}).",
                "Send the run id to whoever looks after dlc-batch: the log holds the details.",
            )
        if code == -signal.SIGKILL:  # not by us: the kernel, for lack of memory
            raise OutOfMemory(
                "The training was killed, most likely for lack of the computer's memory.",
                "Ask for a smaller `batch_size`, or `image_cache: false`, in dlc-batch.yaml.",
            )
        raise DlcBatchError(
            f"The training process ended without a word (exit code {code}, {self._where()}).",
            "Send the run id to whoever looks after dlc-batch: the log holds the details.",
        )


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the training process may see of an environment: no credentials of AWS."""
    secret = (*_SECRET, *_SECRET_MORE)
    kept = {name: value for name, value in environment.items() if not name.startswith(secret)}
    return {**kept, **_NO_METADATA}


_END = object()


def _read(reading: int, process: subprocess.Popen[str], events: queue.Queue[Any]) -> None:
    """Queue the events of the process, all of them, and then its end.

    Its loader's processes may hold the pipe longer than it lives.
    """
    rest = b""
    while True:
        has_ended = process.poll() is not None  # what it said before is in the pipe by now
        is_ready = bool(select.select([reading], [], [], _LOOK_SECONDS)[0])
        data = os.read(reading, _MOST_READ) if is_ready else b""
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            events.put(json.loads(line))
        if not data and (has_ended or is_ready):
            break
    os.close(reading)
    process.wait()
    events.put(_END)


def _next(events: queue.Queue[Any]) -> Any:
    try:
        return events.get(timeout=_LOOK_SECONDS)
    except queue.Empty:
        return None


def _as_error(event: Mapping[str, Any]) -> DlcBatchError:
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, DlcBatchError)
    }
    known = kinds.get(str(event["kind"]))
    if known is None:
        known = UserError if event["kind"] == "ProjectError" else DlcBatchError
    return known(str(event["message"]), str(event["remedy"]))
