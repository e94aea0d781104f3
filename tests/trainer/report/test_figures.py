"""What figures leave out, and what not."""

from __future__ import annotations

from dlc_batch_trainer.report.figures import draw_body_parts, draw_errors


def test_of_few_points_none_is_left_out() -> None:
    few = draw_errors([1.0] * 98 + [50.0])
    many = draw_errors([1.0] * 199 + [50.0])
    assert few is not None
    assert many is not None
    assert few.caption == ""
    assert many.caption.startswith("Not drawn: 1 point beyond")


def test_long_names_are_told_apart_by_their_ends() -> None:
    names = [f"a_very_long_name_of_the_paw_{side}" for side in ("left", "right")]
    parts = {name: {"mean_px": 1.0, "low_px": None, "high_px": None} for name in names}
    drawn = draw_body_parts(parts, 1.0)
    assert drawn is not None
    assert "a_very_long…the_paw_left" in drawn.svg
    assert "a_very_long…he_paw_right" in drawn.svg
