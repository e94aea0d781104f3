"""How a training ended, in its own words: `shuffle<k>/outcome.json`."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.errors import StateError
from dlc_batch_core.verdicts import read_verdict


class ErrorKind(enum.StrEnum):
    """Who must act."""

    USER = "user"
    INFRASTRUCTURE = "infrastructure"
    BUG = "bug"


@dataclass(frozen=True)
class Outcome:
    """The end of one attempt at one training. The trainer always leaves one.

    Metrics are named with their unit (`test_rmse_px`). `files` are relative to results/.
    Timings are seconds by stage. What is cancelled has not succeeded.
    """

    succeeded: bool
    job_id: str
    attempt: int  # of the Batch job, from 1
    message: str  # a sentence for the lab
    remedy: str = ""
    error_kind: ErrorKind | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what was mended or left out, for the lab
    instance_type: str | None = None  # of the computer; None where it is none of EC2's
    images_per_second: float | None = None
    follow_up: Mapping[str, float] = field(default_factory=dict)  # see follow_up
    verdict: Mapping[str, str] = field(default_factory=dict)  # of the report: see verdicts
    cancelled: bool = False  # the lab asked for it: no error, and nobody needs to act

    def to_json(self) -> str:
        value = asdict(self)
        done, cancelled = value.pop("succeeded"), value.pop("cancelled")
        status = "SUCCEEDED" if done else "CANCELLED" if cancelled else "FAILED"
        return json.dumps({"schema_version": SCHEMA_VERSION, "status": status, **value}, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Outcome:
        """Read outcome.json; fields it does not know are ignored.

        Raises:
            StateError: the file is not an outcome.
        """
        try:
            value = json.loads(text)
            kind = value.get("error_kind")
            return cls(
                succeeded=value["status"] == "SUCCEEDED",
                job_id=str(value["job_id"]),
                attempt=int(value["attempt"]),
                message=str(value["message"]),
                remedy=str(value.get("remedy", "")),
                error_kind=ErrorKind(kind) if kind else None,
                metrics={k: float(v) for k, v in value.get("metrics", {}).items()},
                files=tuple(value.get("files", ())),
                timings={k: float(v) for k, v in value.get("timings", {}).items()},
                notes=tuple(value.get("notes", ())),
                instance_type=value.get("instance_type"),
                images_per_second=value.get("images_per_second"),
                follow_up={k: float(v) for k, v in value.get("follow_up", {}).items()},
                verdict=read_verdict(value.get("verdict")),
                cancelled=value["status"] == "CANCELLED",
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(f"outcome.json can't be read: {error}.") from error
