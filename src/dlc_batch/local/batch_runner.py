"""Runs the jobs of the local cloud's queues: which is next, what became of it, is it retried."""

import contextlib
import logging
import shutil
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from dlc_batch.local.batch_jobs import (
    EXITED,
    FINISHED,
    HOST_LOST,
    STARTED,
    TIMED_OUT,
    WAITING,
    Ending,
    JobRecord,
    command_line,
    end_attempt,
    is_retried,
    now_ms,
)
from dlc_batch.local.batch_process import JobProcess, end_leftovers, note_process
from dlc_batch.local.batch_queue import Prospects, Shares, is_overdue
from dlc_batch.local.images import ENGINE_FAILED, ImageError, Images, Launch
from dlc_batch.local.settings import BatchSettings

_logger = logging.getLogger("dlc_batch.batch")
_NOT_STARTED = "Task failed to start"
_CLOSE_S = 5.0
_LOOK_AGAIN_S = 0.5  # for a computer, while jobs wait for none but that


class LogGroupMissingError(Exception):
    """The job's log group does not exist, so its container cannot start."""


class CloudServices(Protocol):
    """What the runner needs of the cloud around it."""

    def prospects(self, job: JobRecord) -> Prospects:
        """Whether the job's queue has a computer for it, and how long it may wait for one."""

    def announce(self, job: JobRecord) -> None:
        """Emit a `Batch Job State Change` event."""

    def open_log(self, job: JobRecord, stream: str) -> None:
        """Make the attempt's log stream; raises LogGroupMissingError."""

    def write_log(self, job: JobRecord, stream: str, lines: list[str]) -> None: ...

    def environment(self, job: JobRecord) -> dict[str, str]:
        """Address, region and the credentials of the job's role."""


class BatchRunner:
    """Keeps the queue, at most `settings.jobs_at_once` attempts running, first come first
    served within a share. Its records belong to the emulator's store; all changes happen under
    one lock."""

    def __init__(
        self, services: CloudServices, images: Images, settings: BatchSettings, scratch: Path
    ) -> None:
        self._services = services
        self._images = images
        self._settings = settings
        self._scratch = scratch
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._queue: list[JobRecord] = []
        self._shares = Shares()
        self._attempts: dict[str, threading.Thread] = {}
        self._processes: dict[str, JobProcess] = {}
        self._closing = False
        end_leftovers(scratch)
        threading.Thread(target=self._dispatch, daemon=True, name="batch-dispatch").start()

    # --- what the API asks for

    def submit(self, job: JobRecord) -> None:
        with self._lock:
            for status in WAITING:
                self._set(job, status)
            self._enqueue(job)

    def terminate(self, job: JobRecord, reason: str) -> None:
        """End the job wherever it is; it becomes FAILED with `reason` and is not retried."""
        with self._lock:
            if job["status"] in FINISHED:
                return
            job["isTerminated"] = True
            job["_stop"] = reason
            if job in self._queue:
                self._fail_unstarted(job, reason)
            elif process := self._processes.get(job["jobId"]):
                process.stop()

    def cancel(self, job: JobRecord, reason: str) -> None:
        """End the job if it has not started; one that has goes on, as in AWS."""
        with self._lock:
            if job in self._queue:
                job["isCancelled"] = True
                self._fail_unstarted(job, reason)

    def recover(self, jobs: Iterable[JobRecord]) -> None:
        """Take up what a former server left: its running attempts count as a lost host."""
        with self._lock:
            for job in jobs:
                if job["status"] in STARTED:
                    self._conclude(job, Ending(HOST_LOST))
                elif job["status"] in WAITING:
                    self._enqueue(job)

    def close(self) -> None:
        """Kill what runs and leave its records as they are, for `recover`."""
        with self._lock:
            self._closing = True
            self._changed.notify_all()
            processes = list(self._processes.values())
            threads = list(self._attempts.values())
        for process in processes:
            process.kill()
        for thread in threads:
            thread.join(_CLOSE_S)

    # --- the queue

    def _enqueue(self, job: JobRecord) -> None:
        job["_runnable_since"] = now_ms()
        self._queue.append(job)
        self._changed.notify_all()

    def _dispatch(self) -> None:
        with self._lock:
            while not self._closing:
                if (job := self._next()) is not None:
                    self._start(job)
                else:
                    self._changed.wait(_LOOK_AGAIN_S if self._queue else None)

    def _next(self) -> JobRecord | None:
        """The job that is to start now; those that have waited for too long are ended."""
        prospects = {job["jobId"]: self._services.prospects(job) for job in self._queue}
        for job in list(self._queue):
            chance = prospects[job["jobId"]]
            if is_overdue(job, chance, now_ms(), self._settings.time_scale):
                self._fail_unstarted(job, chance.reason)
        if len(self._attempts) >= self._settings.jobs_at_once:
            return None
        return self._shares.next(
            [job for job in self._queue if prospects[job["jobId"]].has_computer]
        )

    def _start(self, job: JobRecord) -> None:
        self._queue.remove(job)
        self._set(job, "STARTING")
        thread = threading.Thread(target=self._run, args=(job,), daemon=True)
        self._attempts[job["jobId"]] = thread
        thread.start()

    def _run(self, job: JobRecord) -> None:
        try:
            ending = self._attempt(job)
        except Exception as error:  # the edge of a thread: a job must end, whatever happens
            _logger.exception("attempt of job %s", job["jobId"])
            ending = Ending(f"The local cloud failed: {error}", reason=type(error).__name__)
        with self._lock:
            self._attempts.pop(job["jobId"], None)
            self._processes.pop(job["jobId"], None)
            if not self._closing:
                self._conclude(job, ending)
            self._changed.notify_all()

    # --- one attempt

    def _attempt(self, job: JobRecord) -> Ending:
        stream = f"{_log_prefix(job)}/default/{uuid4().hex}"
        job["container"]["logStreamName"] = stream
        scratch = self._scratch / job["jobId"]
        scratch.mkdir(parents=True, exist_ok=True)
        try:
            self._services.open_log(job, stream)
            process = self._start_process(job, stream, self._launch(job), scratch)
            return self._watch(job, process)
        except (ImageError, LogGroupMissingError) as error:
            return Ending(_NOT_STARTED, reason=str(error))
        except OSError as error:
            return Ending(_NOT_STARTED, reason=f"CannotStartContainerError: {error}")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.with_suffix(".pid").unlink(missing_ok=True)

    def _launch(self, job: JobRecord) -> Launch:
        container = job["container"]
        attempt = len(job["attempts"]) + 1
        environment = {
            **self._services.environment(job),
            **{pair["name"]: pair["value"] for pair in container["environment"]},
            "AWS_BATCH_JOB_ID": job["jobId"],
            "AWS_BATCH_JOB_ATTEMPT": str(attempt),
            "AWS_BATCH_JQ_NAME": job["jobQueue"].rsplit("/", 1)[-1],
            "AWS_BATCH_CE_NAME": "local",
        }
        name = f"dlc-batch-{job['jobId']}-{attempt}"
        return self._images.launch(container, command_line(job), environment, name)

    def _start_process(
        self, job: JobRecord, stream: str, launch: Launch, scratch: Path
    ) -> JobProcess:
        def write(lines: list[str]) -> None:
            self._services.write_log(job, stream, lines)

        with self._lock:  # so that `terminate` finds either no process or this one
            process = JobProcess(launch, scratch, write, self._settings.kill_grace_s)
            self._processes[job["jobId"]] = process
            note_process(scratch, process.pid, launch.container)
            job["startedAt"] = now_ms()
            self._set(job, "RUNNING")
            if self._closing:
                process.kill()
            elif "_stop" in job:
                process.stop()
        return process

    def _watch(self, job: JobRecord, process: JobProcess) -> Ending:
        limit = (job.get("timeout") or {}).get("attemptDurationSeconds")
        timed_out = not process.wait(limit and limit * self._settings.time_scale)
        if timed_out:
            process.stop()
            process.wait(None)
        if timed_out:
            return Ending(TIMED_OUT, process.exit_code, final=True)
        if process.in_container and process.exit_code == ENGINE_FAILED:
            return Ending(_NOT_STARTED, reason="CannotPullContainerError: see the job's log")
        return Ending(EXITED, process.exit_code)

    # --- states

    def _conclude(self, job: JobRecord, ending: Ending) -> None:
        if "_stop" in job:  # terminated, whatever else it died of
            ending = replace(ending, status_reason=job["_stop"], final=True)
        stopped_at = now_ms()
        end_attempt(job, ending, stopped_at)
        if is_retried(job, ending):
            self._set(job, "RUNNABLE")
            self._enqueue(job)
            return
        job["stoppedAt"] = stopped_at
        self._set(job, "SUCCEEDED" if ending.succeeded else "FAILED")

    def _fail_unstarted(self, job: JobRecord, reason: str) -> None:
        self._queue.remove(job)
        job["statusReason"] = reason
        job["stoppedAt"] = now_ms()
        self._set(job, "FAILED")

    def _set(self, job: JobRecord, status: str) -> None:
        job["status"] = status
        with contextlib.suppress(Exception):  # a rule that cannot be served must not stop jobs
            self._services.announce(job)


def _log_prefix(job: JobRecord) -> str:
    options = (job["container"].get("logConfiguration") or {}).get("options") or {}
    definition = str(job["jobDefinition"]).rsplit("/", 1)[-1].split(":")[0]
    return str(options.get("awslogs-stream-prefix") or definition)
