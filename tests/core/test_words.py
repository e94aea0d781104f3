"""Numbers and lists in sentences."""

import pytest

from dlc_batch_core.follow_up import FollowUp
from dlc_batch_core.words import short


@pytest.mark.parametrize(
    ("value", "text"),
    [(270.4, "270"), (31.6, "32"), (2.71, "2.7"), (0.0512, "0.051"), (1234.0, "1200"), (0, "0")],
)
def test_a_short_number_has_two_digits_and_no_power_of_ten(value: float, text: str) -> None:
    assert short(value) == text


def test_a_large_error_in_space_is_written_out() -> None:
    came = FollowUp(recordings_asked=1, recordings=1, error_mm=270.4)
    assert "standard error below 270 mm" in " ".join(came.sentences())
