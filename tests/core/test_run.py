"""The record of a run: what is written is read, and always fits into DynamoDB."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.problems import Problem, Severity
from dlc_batch_core.run import MailState, Run, Status, from_item, to_item

MAX_ITEM_BYTES = 400_000  # DynamoDB
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PROBLEMS = st.builds(Problem, WORDS, WORDS.filter(bool), WORDS, WORDS, st.sampled_from(Severity))
NUMBERS = st.dictionaries(WORDS, st.floats(allow_nan=False))
LISTS = st.lists(WORDS, max_size=5).map(tuple)
MAILS = st.one_of(st.none(), st.sampled_from(MailState))
RUNS = st.builds(
    Run,
    lab=WORDS,
    run_id=WORDS,
    status=st.sampled_from(Status),
    bucket=WORDS,
    key=WORDS,
    version_id=st.one_of(st.none(), WORDS),
    submitted_at=WORDS,
    updated_at=WORDS,
    shuffle=st.integers(1, 999),
    job_id=st.one_of(st.none(), WORDS),
    attempt=st.integers(0, 6),
    message=WORDS,
    remedy=WORDS,
    problems=st.lists(PROBLEMS, max_size=5).map(tuple),
    notes=LISTS,
    metrics=NUMBERS,
    timings=NUMBERS,
    verdict=st.dictionaries(WORDS, WORDS),
    files=LISTS,
    mail=MAILS,
    accepted_mail=MAILS,
)
RUN = Run("miller", "mouse-0123456789ab", Status.QUEUED, "bucket", "uploads/miller/mouse.zip")


def bytes_of(item: dict[str, dict[str, str]]) -> int:
    return sum(
        len(name) + len(text.encode()) for name, value in item.items() for text in value.values()
    )


@given(RUNS)
def test_what_is_written_is_read(run: Run) -> None:
    assert from_item(to_item(run)) == run


def test_the_fields_of_a_later_version_are_ignored() -> None:
    item = {**to_item(RUN), "of_a_later_version": {"S": "x"}, "claimed_until": {"N": "1.5"}}
    assert from_item(item) == RUN
    assert item["schema_version"] == {"N": "1"}


def test_the_record_of_an_earlier_version_is_read() -> None:
    """An upgraded stack has records that lack what came later, and must show them as they are."""
    least = {"lab": "lab", "run_id": "p-0123456789ab", "status": "SUCCEEDED"}
    least |= {"bucket": "b", "key": "uploads/lab/p.zip"}
    item = {name: {"S": value} for name, value in least.items()}
    run = from_item({**item, "schema_version": {"N": "0"}})
    assert run == Run(**{**least, "status": Status.SUCCEEDED})  # type: ignore[arg-type]
    for name in to_item(RUN).keys() - least.keys():
        older = {key: value for key, value in to_item(RUN).items() if key != name}
        assert from_item(older).run_id == RUN.run_id, f"unreadable without {name}"


def test_what_is_none_is_left_out() -> None:
    assert not {"job_id", "mail", "accepted_mail", "version_id"} & set(to_item(RUN))


@pytest.mark.parametrize("sign", ["x", "ä", "😀", '"'])
def test_the_longest_record_fits_into_an_item_and_says_what_it_left_out(sign: str) -> None:
    long = sign * 1_000
    problem = Problem("code", long, long, long)
    problems = tuple(dataclasses.replace(problem, code=str(n)) for n in range(10_000))
    names = tuple(f"{n}{long}" for n in range(10_000))
    run = dataclasses.replace(
        RUN, problems=problems, files=names, notes=names, message=long * 1_000, remedy=long * 1_000
    )
    item = to_item(run)
    assert bytes_of(item) < MAX_ITEM_BYTES
    read = from_item(item)
    shown = len(read.problems) - 1
    assert read.problems[:shown] == problems[:shown]
    assert f"{10_000 - shown} more problems" in read.problems[-1].what
    assert read.files[-1] == f"... and {10_000 - len(read.files) + 1} more"


def test_a_list_that_fits_is_whole() -> None:
    problems = tuple(Problem("code", f"row {n}", "what", "remedy") for n in range(500))
    run = dataclasses.replace(RUN, problems=problems)
    assert from_item(to_item(run)).problems == problems


def test_final_states() -> None:
    assert {status for status in Status if status.is_final} == {
        "SUCCEEDED",
        "FAILED",
        "CANCELLED",
        "REJECTED",
    }
