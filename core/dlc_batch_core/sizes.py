"""Sizes of images, width and height in pixels."""

from __future__ import annotations

from dlc_batch_core.image_header import Size

#: A scaled video has a whole number of pixels, often an even one, so its form is not quite that
#: of its source; a crop changes it by more (our choice).
_SAME_FORM = 0.01


def have_one_form(one: Size, other: Size) -> bool:
    """Whether the sides of two images stand to each other alike: one may be the other, scaled."""
    across, down = one[0] * other[1], one[1] * other[0]
    return abs(across - down) <= _SAME_FORM * min(across, down)
