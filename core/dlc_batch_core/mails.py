"""What the mails to the lab say: plain text, a subject that sorts in a mailbox."""

from __future__ import annotations

from dataclasses import dataclass

from dlc_batch_core.keys import RunKeys
from dlc_batch_core.money import cost_of, quote_of
from dlc_batch_core.run import MailKind, Run, Status
from dlc_batch_core.scores import scores_of

#: Amazon SNS: under 100 characters, ASCII, no line breaks.
MAX_SUBJECT = 99
#: Amazon SNS takes 256 KiB in all; a mail that long helps nobody.
MAX_BODY_BYTES = 200_000
_MAX_LISTED = 100


@dataclass(frozen=True)
class Mail:
    """A mail, ready for Amazon SNS."""

    lab: str
    subject: str
    body: str


def compose(run: Run, kind: MailKind) -> Mail:
    """Return a mail that a run owes, from its record alone."""
    state = "ACCEPTED" if kind is MailKind.ACCEPTED else run.status
    body = _accepted(run) if kind is MailKind.ACCEPTED else _ENDS[run.status](run)
    return Mail(run.lab, _subject(state, run), _cut(f"{body}\n\n{_footer(run)}\n"))


def compose_plainly(run: Run, kind: MailKind) -> Mail:
    """Return the least a mail must say, for when `compose` fails."""
    state = "ACCEPTED" if kind is MailKind.ACCEPTED else run.status
    body = (
        f"Run {run.run_id} of {run.key}: {state}.\n\n"
        "The full text of this mail could not be made, which is an error of dlc-batch's.\n"
        f"What is known stands in the record: dlc-batch status {run.run_id}\n"
    )
    return Mail(run.lab, _subject(state, run), body)


def _subject(state: str, run: Run) -> str:
    return f"[dlc-batch] {state}: {run.run_id}"[:MAX_SUBJECT]


def _accepted(run: Run) -> str:
    parts = [
        f"Your project {run.key} was checked and can be trained.",
        _shuffles(run),
        "It waits for a GPU now. The next mail comes when the training has ended.\n"
        f"To watch it:  dlc-batch status {run.run_id}",
        quote_of(run),
        _notes(run),
    ]
    return "\n\n".join(part for part in parts if part)


def _succeeded(run: Run) -> str:
    parts = [f"The training of {run.key} has finished.", run.message, _interruptions(run)]
    parts += [_scores(run), _notes(run), cost_of(run)]
    parts += [_how_to_fetch(run), _reading(run), _files(run)]
    return "\n\n".join(part for part in parts if part)


def _failed(run: Run) -> str:
    parts = [f"The training of {run.key} has failed.", run.message, _todo(run)]
    parts += [_interruptions(run), _checkpoints(run), cost_of(run), _notes(run)]
    parts += [_scores(run), _how_to_fetch(run), _files(run)] if run.files else []
    return "\n\n".join(part for part in parts if part)


def _cancelled(run: Run) -> str:
    parts = [f"The training of {run.key} was cancelled, as your lab asked.", run.message]
    if run.files:
        parts += [_todo(run), _scores(run), _how_to_fetch(run), _files(run)]
    else:
        parts += ["There are no results. To train the project after all, upload it again."]
    parts += [cost_of(run), _notes(run)]
    return "\n\n".join(part for part in parts if part)


def _rejected(run: Run) -> str:
    count = len(run.problems)
    noun = "problem" if count == 1 else "problems"
    head = (
        f"Your upload {run.key} can't be trained as it is: {count} {noun}.\n"
        "No GPU was started and nothing was spent. Mend what follows, zip and upload again."
    )
    listed = [
        f"{number}. {each.where}\n   {each.what}\n   {_label(each.severity)} {each.remedy}"
        for number, each in enumerate(run.problems[:_MAX_LISTED], start=1)
    ]
    more = [f"... and {count - _MAX_LISTED} more."] if count > _MAX_LISTED else []
    return "\n\n".join([head, *listed, *more])


def _label(severity: str) -> str:
    return "What to do:" if severity == "error" else "(Only a warning.)"


def _shuffles(run: Run) -> str:
    if not run.parts:
        return ""
    numbers = ", ".join(str(part.shuffle) for part in run.parts)
    return (
        f"Its {len(run.parts)} shuffles ({numbers}) are trained in a job each, side by side where"
        " there are GPUs for it."
    )


def _scores(run: Run) -> str:
    if not run.parts:
        return scores_of(run.metrics)
    trained = [part for part in run.parts if part.status is Status.SUCCEEDED]
    return "\n\n".join(f"Shuffle {part.shuffle}\n{scores_of(part.metrics)}" for part in trained)


def _interruptions(run: Run) -> str:
    if run.parts:
        texts = [(part.shuffle, _interruptions(part)) for part in run.parts]
        return "\n".join(f"Shuffle {number}: {text}" for number, text in texts if text)
    count = run.attempt - 1
    if count < 1:
        return ""
    times = "one interruption" if count == 1 else f"{count} interruptions"
    return f"It was resumed after {times}."


def _checkpoints(run: Run) -> str:
    """What is left of trainings that failed; they are never deleted at their end."""
    failed = [each for each in run.parts or (run,) if each.status is Status.FAILED]
    keys = RunKeys(run.lab, run.run_id)
    kept = [
        f"  s3://{run.bucket}/{keys.shuffle(each.shuffle).checkpoints}"
        for each in failed
        if not _failed_early(each)
    ]
    if not kept:
        return "It failed before the training began: there is no checkpoint."
    return "\n".join([
        "The checkpoints that were made until then are kept:",
        *kept,
        "A new upload is a new run: it begins from the start, not from them.",
    ])  # fmt: skip


def _failed_early(run: Run) -> bool:
    is_told = run.attempt == 1 and bool(run.timings) and "train" not in run.timings
    return run.attempt == 0 or is_told


def _notes(run: Run) -> str:
    return "\n".join(["Notes:", *(f"  - {note}" for note in run.notes)]) if run.notes else ""


def _todo(run: Run) -> str:
    return f"What to do: {run.remedy}" if run.remedy else ""


def _how_to_fetch(run: Run) -> str:
    source = f"s3://{run.bucket}/{RunKeys(run.lab, run.run_id).results}"
    return (
        "To get the trained network into your project's folder:\n"
        f"  dlc-batch fetch {run.run_id} PROJECT_FOLDER\n"
        f"  or: aws s3 cp --recursive {source} PROJECT_FOLDER"
    )


def _reading(run: Run) -> str:
    """What the files that are not DeepLabCut's own are good for."""
    folder = "shuffle<k>/" if run.parts else ""
    there = {file.rpartition("/")[2] for file in run.files}
    lines = [f"  {folder}{name:<18}{text}" for name, text in _OWN_FILES.items() if name in there]
    return "\n".join(["Worth reading among the results:", *lines]) if lines else ""


_OWN_FILES = {
    "report.html": "how good the network is, in words and figures: open it in a browser",
    "evaluation.json": "the error of each body part, and the worst frames",
    "methods.txt": "a paragraph on the training, to paste into a paper",
}


def _files(run: Run) -> str:
    shown = [f"  {name}" for name in run.files[:_MAX_LISTED]]
    more = (
        [f"  ... and {len(run.files) - _MAX_LISTED} more"] if len(run.files) > len(shown) else []
    )
    return "\n".join(["Results:", *shown, *more]) if shown else ""


def _footer(run: Run) -> str:
    return f"Run: {run.run_id}   Lab: {run.lab}   Uploaded: {run.submitted_at}"


def _cut(body: str) -> str:
    data = body.encode()
    if len(data) <= MAX_BODY_BYTES:
        return body
    return data[:MAX_BODY_BYTES].decode(errors="ignore") + "\n... (cut)\n"


_ENDS = {
    Status.SUCCEEDED: _succeeded,
    Status.FAILED: _failed,
    Status.CANCELLED: _cancelled,
    Status.REJECTED: _rejected,
}
