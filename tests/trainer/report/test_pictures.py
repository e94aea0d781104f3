"""Worst frames as the page shows them: an image that Pillow chokes on costs its picture only."""

from pathlib import Path

from PIL import Image

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint
from dlc_batch_trainer.report.pictures import draw_frames

POINTS = (ScoredPoint("", "nose", (1.0, 2.0), (2.0, 3.0), 0.9),)


def test_an_image_that_can_not_be_drawn_is_left_out(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "damaged.png").write_bytes(data.replace(b"IDAT", b"I\0AT"))
    Image.new("RGB", (1, 2000)).save(tmp_path / "line.png")
    names = ("damaged.png", "line.png", "missing.png", "whole.png")
    drawn = draw_frames(tmp_path, tuple(ScoredFrame(name, POINTS) for name in names))
    assert [picture.frame.image for picture in drawn][-1] == "whole.png"
    assert "damaged.png" not in [picture.frame.image for picture in drawn]
