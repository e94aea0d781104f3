"""Curves as they are drawn."""

import pytest

from dlc_batch.console.charts import Curve, draw, number
from dlc_batch.console.learning import Learning, parse_learning


def test_fewer_than_two_points_are_no_curve() -> None:
    assert draw("Loss", [Curve("a", {}), Curve("b", {3: 1.0})], "epoch") is None


def test_a_curve_goes_from_corner_to_corner() -> None:
    chart = draw("Loss", [Curve("a", {1: 4.0, 2: 3.0, 5: 0.0})], "epoch")
    assert chart is not None
    assert chart.lines[0].points == "0,0 250,250 1000,1000"
    assert (chart.most, chart.middle, chart.least) == ("4", "2", "0")
    assert (chart.first_place, chart.last_place) == ("1", "5")
    assert chart.words == "Loss. a: 4 at epoch 1, 0 at epoch 5; the least is 0."


def test_over_decades_the_scale_is_by_powers_of_ten() -> None:
    chart = draw("Loss", [Curve("a", {0: 100.0, 1: 10.0, 2: 1.0})], "epoch")
    assert chart is not None
    assert chart.lines[0].points == "0,0 500,500 1000,1000"
    assert (chart.most, chart.middle, chart.least) == ("100", "10", "1")


def test_curves_share_axes_and_table() -> None:
    chart = draw("E", [Curve("a", {1: 2.0, 2: 2.0}), Curve("b", {2: 1.0, 3: 1.0})], "epoch")
    assert chart is not None
    assert chart.rows == (("1", "2", ""), ("2", "2", "1"), ("3", "", "1"))
    assert [line.points for line in chart.lines] == ["0,0 500,0", "500,500 1000,500"]


def test_many_points_are_thinned_and_the_ends_stay() -> None:
    values = {n: float(n) for n in range(1, 100_001)}
    chart = draw("L", [Curve("a", values)], "iteration")
    assert chart is not None
    points = chart.lines[0].points.split()
    assert len(points) == 400
    assert (points[0], points[-1]) == ("0,1000", "1000,0")
    assert len(chart.rows) == 12
    assert (chart.rows[0][0], chart.rows[-1][0]) == ("1", "100,000")


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_a_flat_curve_is_drawn(value: float) -> None:
    assert draw("L", [Curve("a", {1: value, 2: value})], "epoch") is not None


def test_numbers_are_short() -> None:
    assert [number(each) for each in (0.0021432, 12.345, 1234567.0)] == [
        "0.00214",
        "12.3",
        "1,234,567",
    ]


def test_deeplabcuts_file_is_read_and_what_is_no_number_left_out() -> None:
    text = (
        "step,losses/train.total_loss,validation_rmse_px\n"
        "1,0.5,\n2,nan,7.5\n3,x,\nx,1,1\n4,0.25\n5.0,0.125,inf\n"
    )
    found = parse_learning(text)
    assert found == Learning({1: 0.5, 4: 0.25, 5: 0.125}, {2: 7.5})
    assert parse_learning("") == parse_learning("\x00,,\n,,") == Learning()
    merged = found.with_losses({1: 9.0, 6: 0.1})
    assert merged.losses == {1: 0.5, 4: 0.25, 5: 0.125, 6: 0.1}
