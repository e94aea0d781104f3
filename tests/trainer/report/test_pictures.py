"""Worst frames as the page shows them: an image that Pillow chokes on costs its picture only."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint
from dlc_batch_trainer.report.pictures import draw_frames

POINTS = (ScoredPoint("", "nose", (1.0, 2.0), (2.0, 3.0), 0.9),)


def test_an_image_that_can_not_be_drawn_is_left_out(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    head, first, rest = (tmp_path / "whole.png").read_bytes().partition(b"IDAT")
    damaged = head + first + rest.replace(b"IDAT", b"I\0AT", 1)  # a SyntaxError to Pillow
    (tmp_path / "damaged.png").write_bytes(damaged)
    Image.new("RGB", (1, 2000)).save(tmp_path / "line.png")
    names = ("damaged.png", "line.png", "missing.png", "whole.png")
    drawn = draw_frames(tmp_path, tuple(ScoredFrame(name, POINTS) for name in names))
    assert [picture.frame.image for picture in drawn][-1] == "whole.png"
    assert "damaged.png" not in [picture.frame.image for picture in drawn]


def test_of_a_large_frame_the_part_around_the_points_is_shown(tmp_path: Path) -> None:
    image = Image.new("RGB", (2000, 1500), "black")
    image.paste("white", (900, 700, 1000, 800))
    image.save(tmp_path / "large.png")
    point = ScoredPoint("", "nose", (900.0, 700.0), (1000.0, 800.0), 0.9)
    astray = ScoredPoint("", "tail", (950.0, 750.0), (-50.0, 9000.0), 0.1)
    (shown,) = draw_frames(tmp_path, (ScoredFrame("large.png", (point, astray)),))
    pixels = np.asarray(Image.open(io.BytesIO(shown.jpeg)).convert("L"))
    assert (pixels > 128).mean() > 0.05  # of the whole frame it is 0.3 %
    assert max(shown.width, shown.height) == 560
    assert shown.alt == "Test frame, 2 labelled points, mean error 4225.9 px."


def test_labels_outside_of_a_frame_leave_it_whole(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1500)).save(tmp_path / "large.png")
    outside = ScoredPoint("", "nose", (9000.0, 9000.0), None, None)
    (shown,) = draw_frames(tmp_path, (ScoredFrame("large.png", (outside,)),))
    assert (shown.width, shown.height) == (560, 420)
