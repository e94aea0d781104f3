"""Worst frames as the page shows them: an image that Pillow chokes on costs its picture only."""

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
