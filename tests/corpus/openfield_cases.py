"""A lab's real project, DeepLabCut's own example, and what labs do to such."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.corpus.case import case
from tests.corpus.drafts import Draft, to_csv

OPENFIELD = Path(__file__).resolve().parents[3] / "shared/data/openfield-Pranav-2018-10-30"
TABLE = "labeled-data/m4s1/CollectedData_Pranav.csv"

#: One video is all there is; and in one frame the ears do lie the other way round.
ALWAYS = (("one-video", "labeled-data/"), ("left-right-swapped", TABLE + ", row 106"))


def openfield() -> Draft:
    """The project, but for its video."""
    paths = (path for path in OPENFIELD.rglob("*") if path.is_file() and path.suffix != ".mp4")
    return Draft({path.relative_to(OPENFIELD).as_posix(): path.read_bytes() for path in paths})


@case(openfield, *ALWAYS)
def openfield_as_it_is_published(_: Draft) -> None:
    pass


@case(openfield, ("image-missing", TABLE), *ALWAYS)
def openfield_whose_frames_were_tidied_up(draft: Draft) -> None:
    for number in (3, 27, 83):
        del draft.files[f"labeled-data/m4s1/img{number:04d}.png"]


@case(openfield, *ALWAYS, mended="video_sets_original")
def openfield_opened_by_an_older_version(draft: Draft) -> None:
    draft.files["config.yaml"] += b"video_sets_original:\nengine_version: 2\n"


@case(openfield, ("label-scorer", "labeled-data/"))
def openfield_of_a_lab_that_renamed_its_scorer(draft: Draft) -> None:
    draft.replace("config.yaml", "scorer: Pranav", "scorer: Nina")


@case(openfield, ("label-outside-image", TABLE), *ALWAYS)
def openfield_labelled_at_twice_the_size(draft: Draft) -> None:
    rows = list(csv.reader(io.StringIO(draft.files[TABLE].decode())))
    for row in rows[3:]:
        row[1:] = [str(2 * float(cell)) for cell in row[1:]]
    draft.files[TABLE] = to_csv(rows)


@case(openfield, *ALWAYS, mended=TABLE)
def openfield_labelled_on_windows(draft: Draft) -> None:
    draft.replace(TABLE, "labeled-data/m4s1/", "labeled-data\\m4s1\\")
    draft.replace(TABLE, "\n", "\r\n")


@case(
    openfield,
    ("bodypart-not-in-tables", "config.yaml"),
    ("bodypart-not-in-config", "config.yaml"),
    *ALWAYS,
)
def openfield_with_a_renamed_body_part(draft: Draft) -> None:
    draft.replace("config.yaml", "- tailbase", "- tail_base")
