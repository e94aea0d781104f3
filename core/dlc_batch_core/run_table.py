"""The runs table: every write is conditional, so that a run only moves forward."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dlc_batch_core.run import (
    OF_THE_RUN,
    MailKind,
    MailState,
    Run,
    Status,
    attribute_name,
    from_item,
    to_attribute,
    to_item,
)

#: How long a mail may be under way before another invocation may send it, in seconds: as long as
#: one of submit or complete may be at work (template.yaml's Timeout). Its own retry need not wait,
#: and the sweep looks at what is late by far more.
MAIL_CLAIM_SECONDS = 60


class RunTable:
    """Runs in a DynamoDB table (partition key lab, sort key run_id)."""

    def __init__(self, client: Any, name: str) -> None:
        """Take a low-level DynamoDB client and the table's name."""
        self._client, self._name = client, name

    def get(self, lab: str, run_id: str) -> Run | None:
        """Return a run as it is now, or None."""
        answer = self._client.get_item(
            TableName=self._name, Key=_key(lab, run_id), ConsistentRead=True
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def newest_of_lab(self, lab: str, most: int = 50) -> list[Run]:
        """Return a lab's last runs, newest first."""
        answer = self._client.query(
            TableName=self._name,
            IndexName="by-time",
            KeyConditionExpression="lab = :lab",
            ExpressionAttributeValues={":lab": {"S": lab}},
            ScanIndexForward=False,
            Limit=most,
        )
        return [from_item(item) for item in answer["Items"]]

    def open_runs(self) -> list[Run]:
        """Return the runs that have not ended, or owe their final mail, oldest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName="open",
            KeyConditionExpression="is_open = :yes",
            ExpressionAttributeValues={":yes": {"S": _OPEN}},
        )
        return [from_item(item) for page in pages for item in page["Items"]]

    def begin(self, run: Run, claimant: str, until: float) -> bool:
        """Write a new run, claimed by an invocation until a time; False: it is there already."""
        claim = {"claimed_by": {"S": claimant}, "claimed_until": {"N": str(until)}}
        try:
            self._client.put_item(
                TableName=self._name,
                Item={**to_item(run), **claim, "is_open": {"S": _OPEN}},
                ConditionExpression="attribute_not_exists(run_id)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def take_over(self, run: Run, claimant: str, now: float, until: float) -> bool:
        """Claim a run left in SUBMITTING: by the same invocation's retry, or once it is stale."""
        return self._update(
            run,
            {"claimed_by": claimant, "claimed_until": until},
            "#status = :submitting AND (#claimed_by = :claimed_by OR #claimed_until < :now)",
            {":submitting": {"S": Status.SUBMITTING}, ":now": {"N": str(now)}},
        )

    def begin_parts(self, run: Run, parts: Sequence[Run]) -> bool:
        """Write the parts of a run that is SUBMITTING; False: they are there already."""
        names = ("status", "shuffle", "submission", "updated_at")
        named = {attribute_name(each, n): getattr(each, n) for each in parts for n in names}
        first = attribute_name(parts[0], names[0])
        condition = f"#status = :submitting AND attribute_not_exists(#{first})"
        submitting = {":submitting": {"S": str(Status.SUBMITTING)}}
        return self._update(run, named, condition, submitting)

    def end(self, run: Run, position: int | None = None) -> bool:
        """Write the end of a run, and that it owes the lab a mail; False: it has ended already.

        The end of a part is its run's to tell.
        """
        values = _written(run if run.is_part else replace(run, mail=MailState.PENDING))
        if position is not None:
            values["position"] = position
        return self._update(run, values, f"NOT #status IN ({_FINAL_NAMES})", _FINAL_VALUES)

    def queue(self, run: Run) -> bool:
        """Write the job of a run that was SUBMITTING, and that it owes the mail of acceptance."""
        values = _written(replace(run, accepted_mail=MailState.PENDING))
        condition = f"#status = :submitting AND {_FIRST}"
        extra = {":submitting": {"S": str(Status.SUBMITTING)}, **_FIRST_VALUE}
        return self._update(run, values, condition, extra)

    def claim_resubmission(
        self, run: Run, claimant: str, now: float, until: float, position: int
    ) -> bool:
        """Claim the submission that follows a run's last one; its job is not known yet.

        Args:
            run: with the number of the new submission, and what the one before used.
            position: of all events from then on: those of the job before come too late.
        """
        names = ("submission", "earlier_attempts", "attempt", "updated_at", "cost")
        values = {name: getattr(run, name) for name in names}
        claim = {"claimed_by": claimant, "claimed_until": until, "position": position}
        condition = (
            f"NOT #status IN ({_FINAL_NAMES}) AND (attribute_not_exists(#submission)"
            " OR #submission < :submission OR (#submission = :submission"
            " AND attribute_not_exists(#job_id)"
            " AND (#claimed_by = :claimed_by OR #claimed_until < :now)))"
        )
        extra = {**_FINAL_VALUES, ":now": {"N": str(now)}}
        removed = "#job_id, #idle_since"  # the new job's waiting is its own
        return self._update(run, {**values, **claim}, condition, extra, removed=removed)

    def name_job(self, run: Run) -> bool:
        """Write the job of a run's submission, unless its own events were faster."""
        condition = "#submission = :submission AND attribute_not_exists(#job_id)"
        extra = {":submission": {"N": str(run.submission)}}
        return self._update(run, {"job_id": run.job_id}, condition, extra)

    def owe_acceptance(self, run: Run) -> bool:
        """As `queue`, for a job that was faster: the state is left as it is."""
        names = (
            "job_id",
            "shuffle",
            "problems",
            "notes",
            "network",
            "quote",
            "checkpoint_minutes",
        )
        known = {name: getattr(run, name) for name in names}
        values = {**known, MailKind.ACCEPTED: MailState.PENDING}
        condition = (
            f"NOT #status IN ({_FINAL_NAMES}) AND {_FIRST}"
            " AND attribute_not_exists(#accepted_mail)"
        )
        return self._update(run, values, condition, {**_FINAL_VALUES, **_FIRST_VALUE})

    def advance(self, run: Run, position: int) -> bool:
        """Write that a job is running, unless something later is known."""
        names = ("status", "updated_at", "job_id", "shuffle", "attempt")
        values = {name: getattr(run, name) for name in names}
        condition = (
            f"NOT #status IN ({_FINAL_NAMES})"
            " AND (attribute_not_exists(#position) OR #position < :position)"
        )
        return self._update(run, {**values, "position": position}, condition, _FINAL_VALUES)

    def claim_mail(self, run: Run, kind: MailKind, claimant: str, now: float) -> bool:
        """Claim a pending mail for sending; False: sent, or under way elsewhere."""
        until = f"{kind}_claimed_until"
        by = f"{kind}_claimed_by"
        return self._update(
            run,
            {until: now + MAIL_CLAIM_SECONDS, by: claimant},
            f"#{kind} = :pending AND (attribute_not_exists(#{until}) OR #{until} <= :now"
            f" OR #{by} = :{by})",
            {":pending": {"S": MailState.PENDING}, ":now": {"N": str(now)}},
        )

    def mark_idle(self, run: Run, since: float | None) -> bool:
        """Write since when a run waits where nothing is at work; None: something is."""
        if since is None:
            if run.idle_since is None:
                return False
            return self._update(run, {}, "attribute_exists(run_id)", {}, removed="#idle_since")
        return self._update(run, {"idle_since": since}, "attribute_not_exists(#idle_since)", {})

    def mark_sent(self, run: Run, kind: MailKind) -> bool:
        """Write that a mail has gone out; after the final one the run is done."""
        removed = "#is_open" if kind is MailKind.FINAL else None
        values = {str(kind): MailState.SENT}
        return self._update(run, values, "attribute_exists(run_id)", {}, removed=removed)

    def _update(
        self,
        run: Run,
        values: Mapping[str, object],
        condition: str,
        extra: Mapping[str, Mapping[str, str]],
        removed: str | None = None,
    ) -> bool:
        """Change an item under a condition; a value of None leaves its attribute as it is."""
        values = {name: value for name, value in values.items() if value is not None}
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        changes = [f"SET {sets}"] * bool(sets) + [f"REMOVE {removed}"] * bool(removed)
        # every name goes by a placeholder: some are reserved words, and a part's are its own
        used = _PLACEHOLDER.findall(" ".join([condition, *changes]))
        placeholders = {f"#{name}": attribute_name(run, name) for name in used}
        attributes = {
            **{f":{name}": to_attribute(name, value) for name, value in values.items()},
            **extra,
        }
        # DynamoDB takes no empty mapping for either
        named = {"ExpressionAttributeNames": placeholders} if placeholders else {}
        valued = {"ExpressionAttributeValues": attributes} if attributes else {}
        try:
            self._client.update_item(
                TableName=self._name,
                Key=_key(run.lab, run.run_id),
                UpdateExpression=" ".join(changes),
                ConditionExpression=f"attribute_exists(run_id) AND {condition}",
                **named,
                **valued,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


#: Stands in the attribute `is_open`, the key of the index of runs that are not done.
_OPEN = "yes"
_FINAL_STATES = sorted(status for status in Status if status.is_final)
_FINAL_NAMES = ", ".join(f":{status.lower()}" for status in _FINAL_STATES)
_FINAL_VALUES = {f":{status.lower()}": {"S": str(status)} for status in _FINAL_STATES}
#: The run still counts on its first submission.
_FIRST = "(attribute_not_exists(#submission) OR #submission = :first)"
_FIRST_VALUE = {":first": {"N": "1"}}
_PLACEHOLDER = re.compile(r"#(\w+)")
#: A change of state leaves them to their own writers.
_OTHERS = ("submission", "idle_since", "reserved_cents", "reserved_in", "is_settled")
#: Up to 20 parts share an item of 400 kB with their run: lists are its alone, and a text of theirs
#: has so many bytes.
_MOST_OF_A_PART = 1_000
_NOT_OF_PARTS = ("problems", "notes", "files", "network", "quote", "accepted_mail", "mail")


def _written(run: Run) -> dict[str, object]:
    """Return the fields that a change of state writes; what names the run stays."""
    left = {*OF_THE_RUN, *_OTHERS, "parts", "is_part"}
    if run.mail is not None:  # an end says nothing about the mail of acceptance
        left.add("accepted_mail")
    if run.is_part:
        left.update(_NOT_OF_PARTS)
    own = {name: value for name, value in vars(run).items() if name not in left}
    if run.is_part:
        for name in ("message", "remedy"):
            own[name] = own[name].encode()[:_MOST_OF_A_PART].decode(errors="ignore")
    return own


def _key(lab: str, run_id: str) -> dict[str, dict[str, str]]:
    return {"lab": {"S": lab}, "run_id": {"S": run_id}}
