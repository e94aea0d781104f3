"""How far a training is: `shuffle<k>/progress.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.errors import StateError

#: Progress is written to S3 at most this often, in seconds.
PROGRESS_SECONDS = 15.0


@dataclass(frozen=True)
class Progress:
    """One moment of a training."""

    stage: str  # fetch, unpack, calibrate, restore, prepare, train, evaluate, export, after
    updated_at: str  # ISO 8601, UTC
    epoch: int = 0
    epochs: int = 0
    loss: float | None = None
    attempt: int = 1
    bytes_done: int = 0  # of the project's files, while they are fetched
    bytes_total: int = 0
    phase: str = ""  # of the train stage: detector or pose
    step: int = 0  # optimiser steps of the epoch under way; iterations with TensorFlow
    steps: int = 0  # of how many
    losses: Mapping[str, float] = field(default_factory=dict)  # of the last epoch that is done
    metrics: Mapping[str, float] = field(default_factory=dict)  # on the validation frames
    learning_rate: float | None = None
    images_per_second: float | None = None
    seconds_left: float | None = None  # of the phase under way
    video: int = 0  # the one that is being analysed
    videos: int = 0  # of how many

    def to_json(self) -> str:
        return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(self)})

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Progress:
        """Read progress.json; fields it does not know are ignored.

        Raises:
            StateError: the file is not a progress.
        """
        try:
            value: Mapping[str, object] = json.loads(text)
            return cls(**{name: value[name] for name in cls.__dataclass_fields__ if name in value})  # type: ignore[arg-type]  # our own file
        except (ValueError, TypeError) as error:
            raise StateError(f"progress.json can't be read: {error}.") from error
