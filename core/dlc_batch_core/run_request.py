"""What the submit function asks of the trainer: `request.json` of a run."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.errors import StateError
from dlc_batch_core.intake import Intake
from dlc_batch_core.request import Request


@dataclass(frozen=True)
class RunRequest:
    """One run: which upload, where the project lies in it, and what to do with it."""

    run_id: str
    lab: str
    bucket: str
    key: str
    version_id: str | None
    root: str  # folder of config.yaml in the zip: "" or "a/b/"
    request: Request
    submitted_at: str  # ISO 8601, UTC
    body_parts: tuple[str, ...] = ()  # of animals, then unique ones: what a later run compares
    images_3d: str | None = None  # folder of calibration images of a 3D project beside, in the zip
    warnings: tuple[str, ...] = ()  # of the check, for the report: see warned

    @property
    def intake(self) -> Intake:
        """What of the upload is unpacked."""
        return Intake(self.root, self.request.cameras, self.images_3d)

    def to_json(self) -> str:
        value = {**self.__dict__, "request": self.request.to_dict()}
        return json.dumps({"schema_version": SCHEMA_VERSION, **value}, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> RunRequest:
        """Read request.json; fields it does not know are ignored.

        Raises:
            StateError: the file is not a request.
        """
        try:
            value = json.loads(text)
            request = Request.from_dict(value.pop("request"))
            value |= {name: tuple(value.get(name, ())) for name in ("body_parts", "warnings")}
            known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
            return cls(**known, request=request)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(f"request.json can't be read: {error}.") from error
