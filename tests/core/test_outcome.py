"""outcome.json and progress.json: what is written is read; what is not ours is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.errors import StateError
from dlc_batch_core.outcome import ErrorKind, Outcome
from dlc_batch_core.progress import Progress

NUMBERS = st.dictionaries(st.text(), st.floats(allow_nan=False))
OUTCOMES = st.builds(
    Outcome,
    succeeded=st.booleans(),
    job_id=st.text(),
    attempt=st.integers(1, 6),
    message=st.text(),
    remedy=st.text(),
    error_kind=st.one_of(st.none(), st.sampled_from(ErrorKind)),
    metrics=NUMBERS,
    files=st.lists(st.text()).map(tuple),
    timings=NUMBERS,
    notes=st.lists(st.text()).map(tuple),
    verdict=st.sampled_from([{}, {"grade": "poor", "headline": "Poor: a large error. Far."}]),
)
CANCELLED = st.builds(
    Outcome, st.just(False), st.text(), st.integers(1, 6), st.text(), cancelled=st.just(True)
)


@given(OUTCOMES | CANCELLED)
def test_what_is_written_is_read(outcome: Outcome) -> None:
    assert Outcome.from_json(outcome.to_json()) == outcome


@given(OUTCOMES, st.data())
def test_half_a_file_is_no_outcome(outcome: Outcome, data: st.DataObject) -> None:
    text = outcome.to_json()
    half = text[: data.draw(st.integers(0, len(text) - 1))]
    with pytest.raises(StateError):
        Outcome.from_json(half)


def test_the_fields_of_a_later_version_are_ignored() -> None:
    outcome = Outcome(True, "job", 1, "Well.")
    later = json.dumps({**json.loads(outcome.to_json()), "of_a_later_version": [1]})
    assert Outcome.from_json(later) == outcome


@pytest.mark.parametrize("verdict", [[1], "poor", 3, {"grade": 1, "headline": None}, {}, None])
def test_what_is_no_verdict_costs_no_outcome(verdict: object) -> None:
    outcome = Outcome(True, "job", 1, "Well.")
    text = json.dumps({**json.loads(outcome.to_json()), "verdict": verdict})
    assert Outcome.from_json(text) == outcome


def test_a_verdict_is_held_to_what_a_record_has_room_for() -> None:
    text = Outcome(True, "job", 1, "Well.", verdict={"headline": "Poor: " + "x" * 9999}).to_json()
    assert len(Outcome.from_json(text).verdict["headline"]) < 1_000


def test_what_is_not_said_has_a_default() -> None:
    least = '{"status": "FAILED", "job_id": "job", "attempt": 2, "message": "Ill."}'
    assert Outcome.from_json(least) == Outcome(False, "job", 2, "Ill.")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "3", "null", '"x"', '{"status": 1}', b"\xff\xfe"]
)
def test_other_json_is_no_outcome(text: str | bytes) -> None:
    with pytest.raises(StateError):
        Outcome.from_json(text)


def test_progress_is_read_as_written_whatever_a_later_version_adds() -> None:
    progress = Progress("train", "2026-01-01T00:00:00", epoch=3, epochs=10, loss=0.5, attempt=2)
    later = json.dumps({**json.loads(progress.to_json()), "of_a_later_version": 1})
    assert Progress.from_json(later) == progress
