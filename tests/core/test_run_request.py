"""request.json: what submit writes, the trainer reads."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.errors import StateError
from dlc_batch_core.request import Request
from dlc_batch_core.run_request import RunRequest

REQUESTS = st.builds(
    Request,
    epochs=st.one_of(st.none(), st.integers(1, 100)),
    shuffles=st.tuples(st.integers(1, 999)),
    seed=st.integers(0, 2**32 - 1),
    overrides=st.dictionaries(st.text(), st.one_of(st.booleans(), st.integers())),
)
RUN_REQUESTS = st.builds(
    RunRequest,
    *[st.text()] * 4,
    version_id=st.one_of(st.none(), st.text()),
    root=st.text(),
    request=REQUESTS,
    submitted_at=st.text(),
    body_parts=st.lists(st.text()).map(tuple),
    warnings=st.lists(st.text()).map(tuple),
)


@given(RUN_REQUESTS)
def test_what_is_written_is_read(request_: RunRequest) -> None:
    assert RunRequest.from_json(request_.to_json()) == request_


@given(RUN_REQUESTS)
def test_the_fields_of_a_later_version_are_ignored(request_: RunRequest) -> None:
    value = json.loads(request_.to_json())
    value["request"]["of_a_later_version"] = 1
    later = json.dumps({**value, "of_a_later_version": 1})
    assert RunRequest.from_json(later) == request_


def test_a_request_of_an_earlier_version_has_no_warnings() -> None:
    written = RunRequest("run", "lab", "b", "k", None, "", Request(), "t", (), ("w",)).to_json()
    value = json.loads(written)
    del value["warnings"]
    assert RunRequest.from_json(json.dumps(value)).warnings == ()


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", "null", '"x"', '{"request": {}}', "{"])
def test_other_json_is_no_request(text: str) -> None:
    with pytest.raises(StateError):
        RunRequest.from_json(text)
