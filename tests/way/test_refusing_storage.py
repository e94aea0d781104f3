"""S3 refuses writes while a training runs: for a minute, and for good."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.mail_words import words_of
from tests.way.hosts import LAB
from tests.way.trainings import training

if TYPE_CHECKING:
    from tests.way.hosts import Host

MINUTE = 60.0
REFUSED = 503  # "Slow Down": S3 is overloaded


@dataclass
class Outage:
    """Begins with the first write below a place; from then on all writes are refused."""

    place: str
    seconds: float
    began: float | None = None  # time.monotonic()
    refused: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hook(self, method: str, path: str, _is_whole: bool) -> int | None:
        if method not in ("PUT", "POST"):
            return None
        with self._lock:
            if self.began is None and self.place in path:
                self.began = time.monotonic()
        if self.began is None or time.monotonic() - self.began > self.seconds:
            return None
        self.refused.append(path)
        return REFUSED


@pytest.mark.long
@pytest.mark.parametrize("place", ["/checkpoints/files/", "/results/"])
def test_for_a_minute(host: Host, tmp_path: Path, place: str) -> None:
    outage = Outage(place, MINUTE)
    host.proxy.hook = outage.hook
    request = {"epochs": 6, "batch_size": 1, "checkpoint_minutes": 0.05}
    with training(host, tmp_path, request) as run:
        ended, _ = run.end("SUCCEEDED", seconds=600)
    assert ended.attempt == 1
    assert any(place in path for path in outage.refused)
    s3, prefix = host.way.client("s3"), f"runs/{LAB}/{run.run}/results/"
    pages = s3.list_objects_v2(Bucket=host.way.bucket, Prefix=prefix)["Contents"]
    assert {each["Key"].removeprefix(prefix) for each in pages} == set(ended.files)
    (curve,) = (name for name in ended.files if name.endswith("learning_stats.csv"))
    text = s3.get_object(Bucket=host.way.bucket, Key=prefix + curve)["Body"].read().decode()
    assert len(text.splitlines()) == 1 + request["epochs"]


@pytest.mark.long
def test_for_good(host: Host, tmp_path: Path) -> None:
    """Nothing can be left in the bucket, not even an outcome: the mail comes all the same."""
    host.proxy.hook = Outage("/checkpoints/", float("inf")).hook
    with training(host, tmp_path, {"epochs": 2}) as run:
        ended, mail = run.end("FAILED", seconds=3600)  # six attempts of some minutes
    assert ended.files == ()
    assert "What to do:" in words_of(mail)
