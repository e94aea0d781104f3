"""Faults and oddities of the labelled images, and of where they lie."""

from __future__ import annotations

from tests.corpus.case import Native, case
from tests.corpus.drafts import (
    FRAMES,
    VIDEOS,
    Draft,
    image_of,
    png,
    single,
    table_of,
    tensorflow,
)

FIRST = table_of(VIDEOS[0])
IMAGE = image_of(4)


def _fails(kind: str, says: str = "") -> Native:
    return Native(raises=kind, says=says)


@case(single, ("image-missing", FIRST), native=_fails("FileNotFoundError", "img004"))
def image_missing(draft: Draft) -> None:
    del draft.files[IMAGE]


@case(single, ("image-case", FIRST), native=_fails("FileNotFoundError", "img004"))
def image_in_capitals(draft: Draft) -> None:
    draft.files[IMAGE.replace(".png", ".PNG")] = draft.files.pop(IMAGE)


@case(
    single,
    ("image-case", "labeled-data/left-cam/"),
    native=_fails("FileNotFoundError"),
)
def folder_of_another_case(draft: Draft) -> None:
    for number in range(FRAMES):
        path = image_of(number)
        draft.files[path.replace("left-cam", "Left-Cam")] = draft.files.pop(path)


@case(
    single,
    ("image-unreadable", IMAGE),
    native=_fails("UnidentifiedImageError", "img004"),
)
def image_of_no_bytes(draft: Draft) -> None:
    draft.files[IMAGE] = b""


@case(
    single,
    ("image-unreadable", IMAGE),
    native=_fails("UnidentifiedImageError", "img004"),
)
def image_that_is_text(draft: Draft) -> None:
    draft.files[IMAGE] = b"<html>The file has moved.</html>"


@case(single, ("image-unreadable", IMAGE), native=_fails("OSError", "Truncated"))
def image_cut_off_in_its_header(draft: Draft) -> None:
    draft.files[IMAGE] = draft.files[IMAGE][:20]


@case(single, native=_fails("RuntimeError", "equal size"))
def images_of_two_sizes(draft: Draft) -> None:
    for number in range(0, FRAMES, 2):
        draft.files[image_of(number)] = png(192, 144, number)


@case(single, ("no-images", f"labeled-data/{VIDEOS[0]}/"), native=_fails("FileNotFoundError"))
def no_image_at_all(draft: Draft) -> None:
    for number in range(FRAMES):
        del draft.files[image_of(number)]


@case(tensorflow, ("image-size-tensorflow", ""))
def images_too_large_for_tensorflow(draft: Draft) -> None:
    for path in [path for path in draft.files if path.endswith(".png")]:
        draft.files[path] = png(2400, 2000)


@case(
    tensorflow,
    ("image-size-tensorflow", ""),
    ("label-outside-image", FIRST),
    ("label-outside-image", table_of(VIDEOS[1])),
)
def images_too_small_for_tensorflow(draft: Draft) -> None:
    for path in [path for path in draft.files if path.endswith(".png")]:
        draft.files[path] = png(60, 60)


@case(single)
def images_that_no_row_labels(draft: Draft) -> None:
    for number in range(FRAMES, FRAMES + 5):
        draft.files[image_of(number)] = png(seed=number)


@case(single)
def folder_with_a_space_and_an_umlaut(draft: Draft) -> None:
    new = "Käfig 2"
    for path in [path for path in draft.files if VIDEOS[0] in path]:
        data = draft.files.pop(path).replace(VIDEOS[0].encode(), new.encode())
        draft.files[path.replace(VIDEOS[0], new)] = data
    draft.set(
        video_sets={
            key: {"crop": "0, 160, 0, 128"} for key in [f"/v/{new}.mp4", f"/v/{VIDEOS[1]}.mp4"]
        }
    )


@case(single)
def folder_with_a_dot_in_its_name(draft: Draft) -> None:
    new = "mouse.2019-11-01"
    for path in [path for path in draft.files if VIDEOS[0] in path]:
        data = draft.files.pop(path).replace(VIDEOS[0].encode(), new.encode())
        draft.files[path.replace(VIDEOS[0], new)] = data
    draft.set(
        video_sets={
            key: {"crop": "0, 160, 0, 128"} for key in [f"/v/{new}.mp4", f"/v/{VIDEOS[1]}.mp4"]
        }
    )
