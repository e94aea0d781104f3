"""The split of the labelled frames."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.errors import LabError
from dlc_batch_trainer.split import Split, draw_split

FRACTIONS = st.integers(1, 99).map(lambda percent: percent / 100)
SEEDS = st.integers(0, 2**32 - 1)
PROJECTS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 40)), min_size=2, max_size=120, unique=True
).map(lambda frames: sorted(f"labeled-data/v{v}/img{n}.png" for v, n in frames))


def frames_of(video: str, numbers: Sequence[int]) -> list[str]:
    return [f"labeled-data/{video}/img{number:04}.png" for number in numbers]


def unlike_videos(count: int, frames: int) -> list[str]:
    """Videos whose frames were picked at random, as DeepLabCut's kmeans does."""
    pick = random.Random(count * frames)
    videos = ((f"mouse{v}", sorted(pick.sample(range(9000), frames))) for v in range(count))
    return [image for name, numbers in videos for image in frames_of(name, numbers)]


def names(images: Sequence[str], rows: Sequence[int]) -> list[str]:
    return [images[row] for row in rows]


def videos_of(images: Sequence[str]) -> set[str]:
    return {image.split("/")[1] for image in images}


@given(PROJECTS, FRACTIONS, SEEDS, st.integers(1, 999))
def test_every_frame_is_on_one_side(
    images: list[str], fraction: float, seed: int, shuffle: int
) -> None:
    split = draw_split(images, fraction, seed, shuffle)
    assert sorted(split.train + split.test) == list(range(len(images)))
    assert split.train
    assert split.test
    assert list(split.train) == sorted(split.train)
    assert split == draw_split(images, fraction, seed, shuffle)


@given(PROJECTS, FRACTIONS, SEEDS, st.randoms())
def test_does_not_depend_on_the_order_of_rows(
    images: list[str], fraction: float, seed: int, chance: random.Random
) -> None:
    mixed = chance.sample(images, len(images))
    one, other = (draw_split(rows, fraction, seed, 1) for rows in (images, mixed))
    assert set(names(images, one.test)) == set(names(mixed, other.test))


@given(PROJECTS, FRACTIONS)
def test_padded_lists_have_the_fraction(images: list[str], fraction: float) -> None:
    split = draw_split(images, fraction, 0, 1)
    train, test = split.padded()
    # DeepLabCut's own arithmetic, by which it names folders and looks up the fraction
    assert round(len(train) / (len(train) + len(test)), 2) == fraction
    assert [row for row in train if row != -1] == list(split.train)
    assert [row for row in test if row != -1] == list(split.test)


def test_another_seed_or_shuffle_is_another_split() -> None:
    images = frames_of("v", range(100))
    tests = {draw_split(images, 0.8, seed, shuffle).test for seed in (0, 1) for shuffle in (1, 2)}
    assert len(tests) == 4


def test_is_the_same_for_ever() -> None:
    """Written down: a run of last year must be repeatable with the program of this year."""
    assert draw_split(frames_of("v", range(10)), 0.8, 7, 1).test == (1, 6)


def test_keeps_the_labs_fraction() -> None:
    assert len(draw_split(frames_of("v", range(116)), 0.95, 0, 1).train) == 110
    assert len(draw_split(frames_of("v", range(100)), 0.29, 0, 1).train) == 29  # not 28


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 0.955])
def test_refuses_fractions_that_name_no_folder(fraction: float) -> None:
    with pytest.raises(LabError, match="train fraction"):
        draw_split(frames_of("v", range(10)), fraction, 0, 1)


@pytest.mark.parametrize(("count", "fraction"), [(3, 0.8), (5, 0.8), (5, 0.95), (20, 0.95)])
@pytest.mark.parametrize("seed", range(5))
def test_several_videos_are_drawn_whole(count: int, fraction: float, seed: int) -> None:
    images = unlike_videos(count, 20)
    split = draw_split(images, fraction, seed, 1)
    assert split.method == "videos"
    assert not videos_of(names(images, split.train)) & videos_of(names(images, split.test))
    wanted = len(images) * (1 - fraction)
    assert abs(len(split.test) - wanted) <= max(10, 20 - wanted)  # half a video, or one at least
    assert f"of {count} videos" in split.note


def test_videos_numbered_alike_are_drawn_whole_too_if_too_many_for_cameras() -> None:
    images = [image for v in range(6) for image in frames_of(f"v{v}", range(10))]
    split = draw_split(images, 0.8, 0, 1)
    assert split.method == "videos"
    assert len(videos_of(names(images, split.test))) == 1


def test_recordings_keep_their_views_together() -> None:
    recordings = [unlike_videos(1, n) for n in (20, 21, 22, 23)]
    images = [
        image.replace("mouse0", f"run{r}-{view}")
        for r, frames in enumerate(recordings)
        for view in ("left", "right")
        for image in frames
    ]
    split = draw_split(images, 0.75, 3, 1)
    assert split.method == "videos"
    (one, other) = sorted(videos_of(names(images, split.test)))
    assert (one.endswith("-left"), other.endswith("-right")) == (True, True)
    assert one.split("-")[0] == other.split("-")[0]


@pytest.mark.parametrize("cameras", [2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_views_of_one_recording_share_stretches(cameras: int, seed: int) -> None:
    numbers = [5 * n for n in range(50)]
    images = [image for c in range(cameras) for image in frames_of(f"walk-camera-{c}", numbers)]
    split = draw_split(images, 0.8, seed, 1)
    assert split.method == "stretch"
    test = names(images, split.test)
    assert len(test) == 10 * cameras
    instants = sorted({image.split("/")[2] for image in test})
    assert len(instants) == 10, "an instant stands on both sides"
    assert len(videos_of(test)) == cameras
    for half in (range(25), range(25, 50)):
        places = [n for n in half if f"img{numbers[n]:04}.png" in instants]
        assert places == list(range(places[0], places[0] + 5))


@pytest.mark.parametrize("sizes", [(50, 50), (3, 90), (2, 3, 200), (30, 30, 30)])
def test_few_or_unequal_videos_give_stretches_of_the_wanted_length(sizes: Sequence[int]) -> None:
    images = [
        image
        for v, size in enumerate(sizes)
        for image in frames_of(f"v{v}", range(v, v + 1000 * size, 1000))
    ]
    split = draw_split(images, 0.9, 1, 1)
    assert split.method == "stretch"
    assert len(split.test) == len(images) - int(0.9 * len(images))
    assert borders(images, split) <= 2 * round(len(split.test) / 5)


def borders(images: Sequence[str], split: Split) -> int:
    """Pairs of neighbours in a video of which one trains and one scores."""
    sides = [(image.split("/")[1], row in set(split.test)) for row, image in enumerate(images)]
    pairs = itertools.pairwise(sides)
    return sum(a[0] == b[0] and a[1] != b[1] for a, b in pairs)


def test_one_video_is_drawn_frame_by_frame_and_says_so() -> None:
    split = draw_split(frames_of("v", range(116)), 0.95, 0, 1)
    assert split.method == "random"
    assert "neighbours" in split.note


def test_more_frames_leave_most_of_the_test_side_where_it_was() -> None:
    few, more = frames_of("v", range(100)), frames_of("v", range(120))
    before = set(names(few, draw_split(few, 0.9, 0, 1).test))
    after = set(names(more, draw_split(more, 0.9, 0, 1).test))
    assert len(before - after) <= 3


def test_frames_without_a_label_stand_on_neither_side() -> None:
    images = [f"labeled-data/v{video}/img{n:02}.png" for video in range(5) for n in range(10)]
    unlabelled = frozenset(image for image in images if "/v3/" in image or image.endswith("7.png"))
    for seed in range(6):
        split = draw_split(images, 0.8, seed, 1, unlabelled)
        used = {images[row] for row in (*split.train, *split.test)}
        assert used == set(images) - unlabelled
        assert split.test
        assert not set(split.train) & set(split.test)


def test_a_project_with_hardly_a_label_is_refused() -> None:
    images = [f"labeled-data/v/img{n}.png" for n in range(5)]
    with pytest.raises(LabError, match="Only 1 of the 5 frames"):
        draw_split(images, 0.8, 0, 1, frozenset(images[1:]))
