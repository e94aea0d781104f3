"""What the lab asks of a training that runs."""

import pytest

from dlc_batch_core.control import Action, Control
from dlc_batch_core.errors import StateError


@pytest.mark.parametrize("action", list(Action))
def test_comes_back(action: Action) -> None:
    assert Control.from_json(Control(action).to_json()) == Control(action)


def test_ignores_what_it_does_not_know() -> None:
    text = '{"schema_version": 9, "action": "stop-now", "by": "ada"}'
    assert Control.from_json(text) == Control(Action.STOP_NOW)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"action": "dance"}', '{"action": null}'])
def test_refuses_what_is_no_control(text: str) -> None:
    with pytest.raises(StateError, match=r"control\.json"):
        Control.from_json(text)
