"""How far the training is: a line on stdout, now and then progress.json, and metrics."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dlc_batch_core.progress import PROGRESS_SECONDS, Progress
from dlc_batch_trainer.gpu import gpu_percent

#: A line about what was fetched comes at most this often, in seconds (our choice).
_LINE_SECONDS = 5.0
#: A line within an epoch, and metrics, come at most this often, in seconds (our choice).
_STEP_LINE_SECONDS = METRICS_SECONDS = 60.0
#: How much the newest measurement counts for the speed that is told.
_SMOOTHING = 0.3


class ProgressReporter:
    """Tells stages, steps and epochs as they come, and keeps how long each stage took."""

    def __init__(
        self,
        write: Callable[[Progress], None],
        attempt: int,
        namespace: str | None = None,
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            write: leaves a progress where others look for it; deals with its own errors.
            attempt: of the Batch job, from 1.
            namespace: of the CloudWatch metrics; None for none.
            dimensions: what the metrics are told apart by, such as the lab.
        """
        self._write = write
        self._namespace = namespace
        self._dimensions = dict(dimensions or {})
        self._now = Progress("", "", attempt=attempt)
        self._began = time.monotonic()
        self._written = self._line_printed = self._metrics_told = 0.0
        self._seconds: dict[str, float] = {}
        self._measured = 0.0  # when images were last counted
        self._speed: float | None = None
        self._first: tuple[float, float] | None = (
            None  # when, and the share done, at the first step
        )

    @property
    def now(self) -> Progress:
        return self._now

    @property
    def has_trained(self) -> bool:
        """Whether a step was told in this attempt."""
        return self._first is not None

    def enter(self, stage: str) -> None:
        """Begin a stage: fetch, unpack, restore, prepare, train, evaluate, export or after."""
        self._close()
        self._now = replace(self._now, stage=stage)
        self._began = self._measured = time.monotonic()
        print(f"== {stage}", flush=True)
        self._send()

    def step(self, event: Mapping[str, Any]) -> None:
        """Tell an optimiser step (an event of the training process)."""
        self._count(event)
        names = ("phase", "epoch", "epochs", "step", "steps")
        self._now = replace(self._now, **{n: event[n] for n in names}, loss=_finite(event["loss"]))
        self._estimate()
        self._tell(event, is_epoch=False)

    def epoch(self, event: Mapping[str, Any]) -> None:
        """Tell an epoch that is done (an event of the training process)."""
        self._count(event)
        losses, metrics = (_all_finite(event[name]) for name in ("losses", "metrics"))
        loss = next(iter(losses.values()), self._now.loss)
        self._now = replace(
            self._now,
            phase=event["phase"],
            epoch=event["epoch"],
            epochs=event["epochs"],
            loss=loss,
            losses=losses,
            metrics=metrics or self._now.metrics,
            learning_rate=_finite(event["learning_rate"]),
            step=event.get("step", self._now.step),
            steps=event.get("steps", self._now.steps),
        )
        self._tell(event, is_epoch=True)

    def fetched(self, done: int, total: int) -> None:
        """Tell how many bytes of how many of the project are there."""
        now, is_all = time.monotonic(), done == total
        if is_all or now - self._line_printed >= _LINE_SECONDS:
            self._line_printed = now
            rate = done / max(now - self._began, 1e-3) / 1e6
            print(f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB, {rate:,.0f} MB/s", flush=True)
        self._now = replace(self._now, bytes_done=done, bytes_total=total)
        if is_all or now - self._written >= PROGRESS_SECONDS:
            self._send()

    def video(self, number: int, videos: int, name: str) -> None:
        """Tell which video of how many is being analysed."""
        print(f"video {number} of {videos}: {name}", flush=True)
        self._now = replace(self._now, video=number, videos=videos)
        self._send()

    @property
    def images_per_second(self) -> float | None:
        """As fast as the training went last; None where none has begun."""
        return self._now.images_per_second

    def timings(self) -> dict[str, float]:
        """Seconds by stage, the present one included."""
        self._close()
        return {stage: round(seconds, 1) for stage, seconds in self._seconds.items()}

    def _count(self, event: Mapping[str, Any]) -> None:
        now = time.monotonic()
        images, seconds = int(event.get("images", 0)), now - self._measured
        if images and seconds > 0:
            speed = images / seconds
            last = speed if self._speed is None else self._speed
            self._speed = last + _SMOOTHING * (speed - last)
            self._measured = now

    def _estimate(self) -> None:
        """Time left, from the share done since the first step of this attempt."""
        now, share = time.monotonic(), _share(self._now)
        if self._first is None or share < self._first[1]:
            self._first = (now, share)
        began, first = self._first
        done = share - first
        left = (now - began) / done * (1 - share) if done > 0 else None
        speed = round(self._speed, 2) if self._speed else None
        self._now = replace(
            self._now, images_per_second=speed, seconds_left=None if left is None else round(left)
        )

    def _tell(self, event: Mapping[str, Any], is_epoch: bool) -> None:
        now = time.monotonic()
        if is_epoch or now - self._line_printed >= _STEP_LINE_SECONDS:
            self._line_printed = now
            shown = _all_finite(event["metrics"]) if is_epoch else None
            print(_line(self._now, shown), flush=True)
        is_last = is_epoch and 0 < event["epoch"] == event["epochs"]
        if is_last or now - self._written >= PROGRESS_SECONDS:
            self._send()
        if self._namespace and now - self._metrics_told >= METRICS_SECONDS:
            self._metrics_told = now
            print(_metrics_line(self._now, self._namespace, self._dimensions), flush=True)

    def _close(self) -> None:
        now, stage = time.monotonic(), self._now.stage
        if stage:
            self._seconds[stage] = self._seconds.get(stage, 0) + now - self._began
        self._began = now

    def _send(self) -> None:
        self._written = time.monotonic()
        self._now = replace(self._now, updated_at=_time())
        self._write(self._now)


def _share(now: Progress) -> float:
    """How much of the phase under way is done, from 0 to 1."""
    within = now.step / now.steps if now.steps else 0.0
    if not now.epochs:  # TensorFlow counts iterations only
        return min(within, 1.0)
    return min((max(now.epoch - 1, 0) + within) / now.epochs, 1.0)


def _line(now: Progress, metrics: Mapping[str, float] | None) -> str:
    """One line that a person can read in the log.

    Args:
        now: how far it is.
        metrics: of the epoch that is done; None within one.
    """
    what = "detector " if now.phase == "detector" else ""
    where = f"{what}epoch {now.epoch}/{now.epochs}" if now.epochs else ""
    if not now.epochs or metrics is None:
        unit = "step" if now.epochs else "iteration"
        where = f"{where}, {unit} {now.step}/{now.steps}".lstrip(", ")
    parts = [f"{where}: loss {now.loss:.5f}" if now.loss is not None else f"{where}:"]
    parts += [f"{name} {value:.2f}" for name, value in sorted((metrics or {}).items())]
    if now.images_per_second:
        parts.append(f"{now.images_per_second:.1f} images/s")
    if now.seconds_left is not None:
        of = " of the detector" if what else ""
        parts.append(f"about {_duration(now.seconds_left)} left{of}")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _metrics_line(now: Progress, namespace: str, dimensions: Mapping[str, str]) -> str:
    """A log line that CloudWatch reads as metrics (embedded metric format)."""
    values = {
        "Loss": (now.loss, "None"),
        "ImagesPerSecond": (now.images_per_second, "Count/Second"),
        "GPUUtilization": (gpu_percent(), "Percent"),
        "Epoch": (now.epoch or None, "Count"),
        "Iteration": (None if now.epochs else now.step or None, "Count"),
        "ValidationRMSE": (now.metrics.get("validation_rmse_px"), "None"),
        "SecondsLeft": (now.seconds_left, "Seconds"),
    }
    there = {name: value for name, (value, _) in values.items() if value is not None}
    metrics = [{"Name": name, "Unit": values[name][1]} for name in there]
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": metrics,
    }
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, **dimensions, **there})


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _all_finite(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def _time() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
