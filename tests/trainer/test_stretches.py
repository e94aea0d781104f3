"""Which test frames are neighbours, as a drawn split leaves them."""

from __future__ import annotations

from dlc_batch_trainer.split import Split, draw_split
from dlc_batch_trainer.stretches import neighbours_of


def _split(train: tuple[int, ...], test: tuple[int, ...], validation: tuple[int, ...]) -> Split:
    return Split(0.8, train, test, "stretch", 0, "", validation)


def test_frames_in_a_row_are_a_stretch_until_another_stands_between() -> None:
    images = [f"labeled-data/v/img{n:03d}.png" for n in (0, 7, 9, 30, 31, 50, 60)]
    found = neighbours_of(_split((2,), (0, 1, 3, 4, 6), (5,)), images)
    names = [found.stretches[images[row]] for row in (0, 1, 3, 4, 6)]
    assert names[0] == names[1]
    assert names[2] == names[3]
    assert len(set(names)) == 3
    assert len(set(found.instants.values())) == 5


def test_frames_without_labels_part_no_stretch() -> None:
    images = [f"labeled-data/v/img{n:03d}.png" for n in range(5)]
    found = neighbours_of(_split((0, 4), (1, 3), ()), images)
    assert len(set(found.stretches.values())) == 1


def test_views_of_an_instant_are_one() -> None:
    cameras = ("left", "right")
    images = [f"labeled-data/{each}/img{n:03d}.png" for each in cameras for n in range(60)]
    split = draw_split(images, 0.8, seed=1, shuffle=1)
    assert split.method == "stretch"
    found = neighbours_of(split, images)
    assert set(found.stretches) == {images[row] for row in split.test}
    assert len(set(found.instants.values())) == len(split.test) / 2
    assert len(set(found.stretches.values())) <= len(split.test) / 2 / 3


def test_recordings_numbered_alike_by_chance_are_not_views() -> None:
    images = [f"labeled-data/v{v}/img{n:03d}.png" for v in range(6) for n in range(3)]
    rows = tuple(range(len(images)))
    found = neighbours_of(_split(rows[1::3], rows[::3], ()), images)
    assert len(set(found.stretches.values())) == 6
