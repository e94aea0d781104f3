"""A small curve, in characters."""

import pytest

from dlc_batch.cli.sparkline import sparkline


def test_goes_from_the_least_to_the_greatest() -> None:
    assert sparkline([8, 4, 2, 1], 60) == "█▄▂▁"
    assert sparkline(range(8), 60) == "▁▂▃▄▅▆▇█"


def test_is_as_wide_as_it_may_be() -> None:
    assert sparkline(range(16), 8) == "▁▂▃▄▅▆▇█"
    for count in (2, 59, 60, 61, 1000):
        assert len(sparkline(range(count), 60)) == min(count, 60)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", None, "no-such-encoding"])
def test_is_ascii_where_the_terminal_lacks_blocks(encoding: str | None) -> None:
    assert sparkline(range(8), 60, encoding) == "_.-=+*#%"


def test_what_is_no_number_is_left_out_and_one_point_is_no_curve() -> None:
    assert sparkline([1.0, float("nan"), float("inf"), 2.0], 60) == "▁█"
    assert sparkline([1.0], 60) == sparkline([1.0, 2.0], 1) == ""
    assert sparkline([3.0, 3.0], 60) == "▁▁"
