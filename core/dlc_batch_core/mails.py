"""What the mails to the lab say: plain text, a subject that sorts in a mailbox."""

from __future__ import annotations

from dataclasses import dataclass

from dlc_batch_core.catalogue import ABOUT_MONEY
from dlc_batch_core.follow_up import SPACE_FOLDER, VIEW_ENDING, FollowUp
from dlc_batch_core.interruptions import interruptions_of
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.money import cost_of, quote_of
from dlc_batch_core.problems import Problem, Severity
from dlc_batch_core.prose import entries, wrapped
from dlc_batch_core.run import MailKind, Run, Status
from dlc_batch_core.scores import meaning_of, scores_of
from dlc_batch_core.verdicts import verdict_told
from dlc_batch_core.warned import has_warnings, warnings_told
from dlc_batch_core.words import counted

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
        f"Run {run.run_id} of {run.key}:\n{state}.\n\n"
        "The full text of this mail could not be made, which is an error of\n"
        "dlc-batch's. What is known stands in the record:\n"
        f"  dlc-batch status {run.run_id}\n"
    )
    return Mail(run.lab, _subject(state, run), body)


def _subject(state: str, run: Run) -> str:
    return f"[dlc-batch] {state}: {run.run_id}"[:MAX_SUBJECT]


def _accepted(run: Run) -> str:
    return _joined(
        wrapped(f"Your project {run.key} was checked and can be trained. It waits for a GPU now."),
        _shuffles(run),
        f"{wrapped(_now(run))}\n"
        f"To watch it:   dlc-batch watch {run.run_id}\n"
        f"To end it:     dlc-batch cancel {run.run_id}",
        warnings_told(run.problems),
        quote_of(run),
        _notes(run),
    )


def _now(run: Run) -> str:
    """What is to be done when a project was accepted."""
    then = "The next mail comes when the training has ended."
    if not has_warnings(run.problems):
        return f"Nothing needs to be done. {then}"
    return (
        "What to do: look at what the check warned of, below. Where it is a mistake, end the run,"
        f" mend the project and send it again; else nothing needs to be done. {then}"
    )


def _succeeded(run: Run) -> str:
    return _joined(
        wrapped(f"The training of {run.key} has finished."),
        _verdicts(run),
        wrapped(run.message),
        _results(run),
        warnings_told(run.problems),
        _notes(run),
        interruptions_of(run),
        cost_of(run),
        _files(run),
    )


def _failed(run: Run) -> str:
    """Also of a run of which some shuffles were trained."""
    in_part = " for some of its shuffles; the others can be fetched"
    parts = in_part if run.parts and run.files else ""
    return _joined(
        wrapped(f"The training of {run.key} has failed{parts}."),
        wrapped(run.message),
        _todo(run),
        interruptions_of(run),
        _checkpoints(run),
        _joined(_verdicts(run), _results(run)) if run.files else "",
        warnings_told(run.problems),
        _notes(run),
        cost_of(run),
        _files(run),
    )


def _cancelled(run: Run) -> str:
    gone = "There are no results. To train the project after all, upload it again."
    return _joined(
        wrapped(f"The training of {run.key} was cancelled, as your lab asked."),
        wrapped(run.message),
        _joined(_todo(run), _verdicts(run), _results(run)) if run.files else wrapped(gone),
        warnings_told(run.problems),
        _notes(run),
        cost_of(run),
        _files(run),
    )


def _rejected(run: Run) -> str:
    count = len(run.problems)
    listed = [_problem(*each) for each in enumerate(run.problems[:_MAX_LISTED], start=1)]
    more = f"... and {count - _MAX_LISTED} more." if count > _MAX_LISTED else ""
    return _joined(_why_rejected(run), *listed, more)


def _why_rejected(run: Run) -> str:
    errors = {each.code for each in run.problems if each.severity is Severity.ERROR}
    if errors and errors <= ABOUT_MONEY:
        return wrapped(
            f"Your upload {run.key} was not trained: the limits on what your lab may spend do not"
            " allow it. Nothing is wrong with the project. No GPU was started and nothing was"
            " spent."
        )
    return wrapped(
        f"Your upload {run.key} can't be trained as it is:"
        f" {counted(len(run.problems), 'problems')}. No GPU was started and nothing was spent."
        " Mend what follows, zip and upload again."
    )


def _problem(number: int, each: Problem) -> str:
    label = "What to do:" if each.severity is Severity.ERROR else "(Only a warning.)"
    indent = "   "
    texts = [wrapped(each.what, indent, indent), wrapped(f"{label} {each.remedy}", indent, indent)]
    return "\n".join([f"{number}. {each.where} ({each.code})", *texts])


def _joined(*paragraphs: str) -> str:
    return "\n\n".join(each for each in paragraphs if each)


def _shuffles(run: Run) -> str:
    if not run.parts:
        return ""
    numbers = ", ".join(str(part.shuffle) for part in run.parts)
    return wrapped(
        f"Its {len(run.parts)} shuffles ({numbers}) are trained in a job each, side by side where"
        " there are GPUs for it. One mail tells of all."
    )


def _verdicts(run: Run) -> str:
    """How good each network is; empty where no report says so."""
    if not run.parts:
        return wrapped(verdict_told(run.verdict))
    told = [verdict_told(part.verdict, f" of shuffle {part.shuffle}") for part in run.parts]
    return "\n".join(wrapped(each) for each in told if each)


def _results(run: Run) -> str:
    return _joined(_scores(run), _follow_up(run), _how_to_fetch(run), _reading(run))


def _scores(run: Run) -> str:
    if not run.parts:
        return _joined(scores_of(run.metrics), meaning_of([run.metrics]))
    trained = [part for part in run.parts if part.status is Status.SUCCEEDED]
    scores = [f"Shuffle {part.shuffle}\n{scores_of(part.metrics)}" for part in trained]
    return _joined(*scores, meaning_of([part.metrics for part in trained]))


def _follow_up(run: Run) -> str:
    """What came of videos and export; once where all shuffles say the same."""
    engine = run.network.partition("/")[0] or "pytorch"
    if not run.parts:
        return wrapped(_came_of(run, engine))
    said = {part.shuffle: _came_of(part, engine) for part in run.parts if part.follow_up}
    if len(said) == len(run.parts) and len(set(said.values())) == 1:
        return wrapped(_after("Each shuffle", next(iter(said.values()))))
    return "\n".join(wrapped(_after(f"Shuffle {each}", text)) for each, text in said.items())


def _came_of(run: Run, engine: str) -> str:
    return " ".join(FollowUp.from_dict(run.follow_up).sentences(engine))


def _after(whose: str, text: str) -> str:
    return f"{whose}: {text[0].lower()}{text[1:]}" if text else ""


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
        "Checkpoints that it made until then, if any, are kept for a while:",
        *kept,
        "A new upload is a new run: it begins from the start, not from them.",
    ])  # fmt: skip


def _failed_early(run: Run) -> bool:
    is_told = run.attempt == 1 and bool(run.timings) and "train" not in run.timings
    return run.attempt == 0 or is_told


def _notes(run: Run) -> str:
    return "\n".join(["Notes:", *entries(run.notes)]) if run.notes else ""


def _todo(run: Run) -> str:
    return wrapped(f"What to do: {run.remedy}") if run.remedy else ""


def _how_to_fetch(run: Run) -> str:
    source = f"s3://{run.bucket}/{RunKeys(run.lab, run.run_id).results}"
    trained = sum(part.status is Status.SUCCEEDED for part in run.parts)
    what, they = ("networks", "they are") if trained > 1 else ("network", "it is")
    return (
        f"To get the trained {what} into your project's folder:\n"
        f"  dlc-batch fetch {run.run_id} PROJECT_FOLDER\n"
        f"  or: aws s3 cp --recursive {source} PROJECT_FOLDER\n"
        f"Then {they} used in DeepLabCut as if trained at home."
    )


def _reading(run: Run) -> str:
    """What the files that are not DeepLabCut's own are good for."""
    where = "in the folder shuffle<k>/ of each" if run.parts else "among the results"
    there = {file.rpartition("/")[2] for file in run.files}
    lines = [f"  {name:<18}{text}" for name, text in _OWN_FILES.items() if name in there]
    if any(file.endswith(VIEW_ENDING) for file in run.files):
        lines.append(f"  {SPACE_FOLDER:<18}{_OF_SPACE}")
    return "\n".join([f"Worth reading {where}:", *lines]) if lines else ""


_OF_SPACE = f"poses in space: open *{VIEW_ENDING} in a browser"
_OWN_FILES = {
    "report.html": "how good the network is: open it in a browser",
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
    uploaded = f"{run.submitted_at[:16].replace('T', ' ')} UTC" if run.submitted_at else "unknown"
    return f"Run: {run.run_id}\nLab: {run.lab}   Uploaded: {uploaded}"


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
