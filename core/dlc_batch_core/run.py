"""A run: one upload on its way from the inbox to the mail that says what became of it."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from itertools import accumulate

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.problems import Problem


def time_text(seconds: float) -> str:
    """Return a time as records have it: ISO 8601 in UTC, to the millisecond.

    Args:
        seconds: since the epoch.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


class Status(enum.StrEnum):
    """Where a run is. It moves forward only."""

    SUBMITTING = "SUBMITTING"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.REJECTED})


class MailKind(enum.StrEnum):
    """The mails of a run, by the attribute that tells whether each is pending or sent."""

    ACCEPTED = "accepted_mail"
    FINAL = "mail"


class MailState(enum.StrEnum):
    """Whether a mail that a run owes has gone out."""

    PENDING = "pending"
    SENT = "sent"


@dataclass(frozen=True)
class Run:
    """The record of a run, as the table holds it. Times are ISO 8601 in UTC.

    A run of several shuffles has a part for each: how its job is, in a record of the same form.
    Such a run sums up its parts (see parts).
    """

    lab: str
    run_id: str
    status: Status
    bucket: str
    key: str
    version_id: str | None = None
    submitted_at: str = ""
    updated_at: str = ""
    shuffle: int = 1
    job_id: str | None = None
    submission: int = 1  # 2 once Spot gave out and the training went on On-Demand
    earlier_attempts: int = 0  # of the submission before
    attempt: int = 0  # from 1, over all submissions; 0 before it started
    message: str = ""  # a sentence for the lab, once the run has ended
    remedy: str = ""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()  # mended, left out
    metrics: Mapping[str, float] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    files: tuple[str, ...] = ()  # relative to results/
    follow_up: Mapping[str, float] = field(default_factory=dict)  # see follow_up
    verdict: Mapping[str, str] = field(default_factory=dict)  # of the report, see verdicts
    checkpoint_minutes: float | None = None  # the most that an interruption costs
    network: str = ""  # engine and network, such as pytorch/resnet_50
    images_per_second: float | None = None
    instance_type: str | None = None  # of the last computer
    quote: Mapping[str, float] = field(default_factory=dict)  # hours and dollars, see quotes
    cost: Mapping[str, float] = field(default_factory=dict)  # what it came to, see costs
    reserved_cents: int | None = None  # of the lab's month
    reserved_in: str | None = None  # such as 2026-11
    is_settled: int | None = None  # 1 once the cost stands in its place
    idle_since: float | None = None  # it waits, and nothing of its queue is at work; epoch
    mail: MailState | None = None
    accepted_mail: MailState | None = None
    parts: tuple[Run, ...] = ()  # by shuffle; none for a run of one
    is_part: bool = False

    def of_shuffle(self, shuffle: int) -> Run | None:
        """Return the record that tells how a shuffle's job is: the run itself, or a part of it."""
        if not self.parts:
            return self
        return next((part for part in self.parts if part.shuffle == shuffle), None)


#: DynamoDB takes items of 400 kB: room for the three lists and for twenty parts, and a text of the
#: lists in no more than its first part. What is left out is said in a last entry.
REST_MARK = "... and "
_MAX_LIST_BYTES, _MAX_TEXT = 60_000, 4_000
#: Held as JSON text: lists and mappings that nothing searches by.
_JSON_FIELDS = (
    "problems",
    "notes",
    "metrics",
    "timings",
    "files",
    "follow_up",
    "verdict",
    "quote",
    "cost",
)
_NUMBERS = (
    "shuffle",
    "submission",
    "earlier_attempts",
    "attempt",
    "reserved_cents",
    "is_settled",
)
_FLOATS = ("images_per_second", "idle_since", "checkpoint_minutes")
#: One attribute value of the low-level DynamoDB interface, such as {"S": "text"}.
Attribute = Mapping[str, str]


#: What a part shares with its run, and holds nothing of its own of.
OF_THE_RUN = ("lab", "run_id", "bucket", "key", "version_id", "submitted_at")
#: Not stored by their names: each part's fields stand beside the run's own (see attribute_name).
_NOT_STORED = ("parts", "is_part")
_OF_A_PART = re.compile(r"part([0-9]+)_(.+)")


def attribute_name(run: Run, name: str) -> str:
    """Return the name by which an item holds a field of a run, or of a part of one."""
    return f"part{run.shuffle}_{name}" if run.is_part and name not in OF_THE_RUN else name


def to_item(run: Run) -> dict[str, dict[str, str]]:
    """Return a run, without parts, as an item of the low-level DynamoDB interface; what is None is
    left out."""
    stored = [each.name for each in fields(run) if each.name not in _NOT_STORED]
    named = {name: getattr(run, name) for name in stored}
    item = {name: to_attribute(name, value) for name, value in named.items() if value is not None}
    return {**item, "schema_version": {"N": str(SCHEMA_VERSION)}}


def to_attribute(name: str, value: object) -> dict[str, str]:
    """Return the value of one field of a run as an attribute."""
    if isinstance(value, tuple):
        return {"S": _list_text(value)}
    if name in _JSON_FIELDS:
        return {"S": json.dumps(value, ensure_ascii=False)}
    return {"N": str(value)} if isinstance(value, int | float) else {"S": str(value)[:_MAX_TEXT]}


def _list_text(values: tuple[Problem | str, ...]) -> str:
    texts = [_text(each) for each in values]
    ends = accumulate(len(text.encode()) + len(", ") for text in texts)
    kept = sum(end <= _MAX_LIST_BYTES for end in ends)
    if kept < len(texts):
        texts = [*texts[:kept], _text(_rest(values[0], len(texts) - kept))]
    return f"[{', '.join(texts)}]"


def _text(value: Problem | str) -> str:
    if isinstance(value, str):
        return json.dumps(value[:_MAX_TEXT], ensure_ascii=False)
    cut = {name: text[:_MAX_TEXT] for name, text in value.to_dict().items()}
    return json.dumps(cut, ensure_ascii=False)


def _rest(like: Problem | str, count: int) -> Problem | str:
    if isinstance(like, str):
        return f"{REST_MARK}{count} more"
    what = f"There are {count} more problems than these."
    remedy = "Mend the ones above; the next check shows what is left."
    return Problem("more-problems", "(further places)", what, remedy, like.severity)


def from_item(item: Mapping[str, Attribute]) -> Run:
    """Return the run that an item holds; attributes it does not know are ignored."""
    of_parts: dict[int, dict[str, Attribute]] = {}
    for name, value in item.items():
        if found := _OF_A_PART.fullmatch(name):
            of_parts.setdefault(int(found[1]), {})[found[2]] = value
    run = _read(item)
    shared = {name: item[name] for name in OF_THE_RUN if name in item}
    parts = (_read({**own, **shared}) for _, own in sorted(of_parts.items()))
    return replace(run, parts=tuple(replace(each, is_part=True) for each in parts))


def _read(item: Mapping[str, Attribute]) -> Run:
    named = {each.name for each in fields(Run)}.difference(_NOT_STORED)
    values = {name: _from_attribute(name, value) for name, value in item.items() if name in named}
    return Run(**values)  # type: ignore[arg-type]  # our own item


def _from_attribute(name: str, attribute: Attribute) -> object:
    (text,) = attribute.values()
    if name in _NUMBERS:
        return int(text)
    if name in _FLOATS:
        return float(text)
    if name == "status":
        return Status(text)
    if name in tuple(MailKind):
        return MailState(text)
    if name == "problems":
        return tuple(Problem.from_dict(each) for each in json.loads(text))
    if name in _JSON_FIELDS:
        value = json.loads(text)
        return tuple(value) if isinstance(value, list) else value
    return text
