"""Faults and oddities of label tables."""

from __future__ import annotations

from tests.corpus.case import Native, case
from tests.corpus.drafts import (
    FRAMES,
    VIDEOS,
    Draft,
    image_of,
    multi,
    single,
    table_of,
    to_csv,
)

FIRST, SECOND = (table_of(video) for video in VIDEOS)
FOLDER = f"labeled-data/{VIDEOS[0]}"


def _raises(kind: str, says: str, at: str = "convert") -> Native:
    return Native(raises=kind, says=says, at=at)


@case(single, mended="scorer")
def table_of_another_scorer(draft: Draft) -> None:
    draft.replace(FIRST, ",ada", ",bob")


@case(single, ("label-table-lost", FOLDER), native=Native(frames=30, of=60))
def table_with_another_scorer_in_its_name(draft: Draft) -> None:
    draft.files[FIRST.replace("_ada", "_bob")] = draft.files.pop(FIRST)


@case(
    single,
    ("label-scorer", "labeled-data/"),
    native=Native(frames=0, of=60, says="No data was found"),
)
def every_table_of_another_scorer(draft: Draft) -> None:
    draft.set(scorer="bob")


@case(
    single,
    ("label-table-lost", FOLDER),
    native=_raises("HDF5ExtError", "", "create"),
)
def table_saved_as_h5_only(draft: Draft) -> None:
    del draft.files[FIRST]
    draft.files[FIRST.replace(".csv", ".h5")] = b"\x89HDF\r\n\x1a\n"


@case(
    single,
    ("no-labels", "labeled-data/"),
    native=_raises("FileNotFoundError", "labeled-data", "create"),
)
def nothing_labelled(draft: Draft) -> None:
    for path in [path for path in draft.files if path.startswith("labeled-data/")]:
        del draft.files[path]


@case(
    single,
    ("too-few-labels", "labeled-data/"),
    ("video-without-labels", "config.yaml"),
    ("frames-not-labelled", "right-cam"),
    native=_raises("FileNotFoundError", "pytorch_config.yaml", "load"),
)
def one_labelled_frame(draft: Draft) -> None:
    draft.write_rows(draft.rows()[:4])
    del draft.files[SECOND]


@case(single, ("few-frames", ""))
def ten_labelled_frames(draft: Draft) -> None:
    for video in VIDEOS:
        draft.write_rows(draft.rows(video)[:8], video)


@case(
    single,
    ("label-table-headers", FIRST),
    native=_raises("ValueError", "dimensions", "create"),
)
def table_without_the_row_coords(draft: Draft) -> None:
    rows = draft.rows()
    draft.write_rows(rows[:2] + rows[3:])


@case(single, ("label-table-headers", FIRST), native=_raises("KeyError", "scorer"))
def table_that_begins_with_its_body_parts(draft: Draft) -> None:
    draft.write_rows(draft.rows()[1:])


@case(
    single,
    ("label-table-csv", FIRST),
    native=_raises("IndexError", "out of range"),
)
def empty_table(draft: Draft) -> None:
    draft.files[FIRST] = b""


@case(single, ("label-table-csv", FIRST), native=_raises("ParserError", "index"))
def table_saved_by_a_german_spreadsheet(draft: Draft) -> None:
    draft.files[FIRST] = (
        to_csv(draft.rows(), comma=";").replace(b".", b",").replace(b",png", b".png")
    )


@case(
    single,
    ("text-encoding", FIRST),
    native=_raises("UnicodeDecodeError", "codec"),
)
def table_in_utf_16(draft: Draft) -> None:
    draft.files[FIRST] = draft.files[FIRST].decode().encode("utf-16")


@case(single)
def table_with_a_byte_order_mark(draft: Draft) -> None:
    draft.files[FIRST] = b"\xef\xbb\xbf" + draft.files[FIRST]


@case(single)
def table_with_line_ends_of_windows(draft: Draft) -> None:
    draft.files[FIRST] = to_csv(draft.rows(), line_end="\r\n")


@case(single, mended=FIRST)
def table_with_backslashes(draft: Draft) -> None:
    draft.replace(FIRST, f"{FOLDER}/", FOLDER.replace("/", "\\") + "\\")


@case(single)
def table_with_its_index_in_three_columns(draft: Draft) -> None:
    rows = draft.rows()
    head = [[row[0], "", "", *row[1:]] for row in rows[:3]]
    draft.write_rows(head + [[*row[0].split("/"), *row[1:]] for row in rows[3:]])


@case(
    single,
    ("label-index", FIRST),
    native=_raises("TypeError", "PathLike", "create"),
)
def table_that_names_images_in_two_ways(draft: Draft) -> None:
    rows = draft.rows()
    head = [[row[0], "", "", *row[1:]] for row in rows[:3]]
    body = [[*row[0].split("/"), *row[1:]] for row in rows[3:-1]]
    draft.write_rows([*head, *body, [rows[-1][0], "", "", *rows[-1][1:]]])


@case(single, mended=FIRST, native=_raises("FileNotFoundError", "old-name", ""))
def table_of_a_copied_folder(draft: Draft) -> None:
    draft.replace(FIRST, f"{FOLDER}/", "labeled-data/old-name/")


@case(single, native=_raises("IndexError", "out of range"))
def table_with_bare_file_names(draft: Draft) -> None:
    draft.replace(FIRST, f"{FOLDER}/", "")


@case(single, native=_raises("FileNotFoundError", "home/ada", ""))
def table_with_whole_paths(draft: Draft) -> None:
    draft.replace(FIRST, f"{FOLDER}/", f"/home/ada/reach/{FOLDER}/")


@case(
    single,
    ("label-number", FIRST),
    native=_raises("TypeError", "isnan", "create"),
)
def word_in_place_of_a_coordinate(draft: Draft) -> None:
    draft.change_cells(lambda row, column, old: "left" if (row, column) == (3, 2) else old)


@case(
    single,
    ("label-number", FIRST),
    native=_raises("TypeError", "isnan", "create"),
)
def coordinates_with_decimal_commas(draft: Draft) -> None:
    draft.change_cells(lambda _row, _column, old: old.replace(".", ","))


@case(single, ("label-number", FIRST), native=Native(points=239, of=240))
def infinite_coordinate(draft: Draft) -> None:
    draft.change_cells(lambda row, column, old: "inf" if (row, column) == (3, 2) else old)


@case(
    single,
    ("label-table-columns", FIRST),
    native=_raises("ParserError", "Expected 9 fields"),
)
def row_that_is_too_long(draft: Draft) -> None:
    rows = draft.rows()
    rows[9].append("7")
    draft.write_rows(rows)


@case(single, ("label-half", FIRST), native=Native(points=237, of=240))
def row_that_is_cut_off(draft: Draft) -> None:
    rows = draft.rows()
    rows[9] = rows[9][:4]
    draft.write_rows(rows)


@case(single, ("label-half", FIRST), native=Native(points=239, of=240))
def point_without_its_y(draft: Draft) -> None:
    draft.change_cells(lambda row, column, old: "" if (row, column) == (3, 3) else old)


@case(single, ("label-row-twice", FIRST), native=Native(frames=61, of=60))
def frame_labelled_twice(draft: Draft) -> None:
    rows = draft.rows()
    rows.append([rows[5][0], *rows[6][1:]])
    draft.write_rows(rows)


@case(
    single,
    ("label-column-twice", FIRST),
    native=_raises("ValueError", "dimensions", "create"),
)
def body_part_twice_in_a_table(draft: Draft) -> None:
    draft.write_rows([[*row, *row[1:3]] for row in draft.rows()])


@case(single)
def columns_of_a_table_in_another_order(draft: Draft) -> None:
    draft.write_rows([[row[0], *row[5:7], *row[1:5], *row[7:]] for row in draft.rows()])


@case(single, ("label-table-columns", FIRST), native=Native(loaded=232, of=240))
def y_before_x(draft: Draft) -> None:
    rows = draft.rows()
    rows[2] = ["coords", *["y", "x"] * 4]
    draft.write_rows(rows)


@case(single)
def table_with_likelihoods(draft: Draft) -> None:
    rows = draft.rows()
    more = [["ada"], ["snout"], ["likelihood"], *[["1.0"] for _ in rows[3:]]]
    draft.write_rows([row[:3] + one + row[3:] for row, one in zip(rows, more, strict=True)])


@case(single)
def body_part_missing_in_one_table(draft: Draft) -> None:
    draft.write_rows([row[:7] for row in draft.rows()])


@case(single, ("bodypart-never-labelled", ""), native=Native(points=180, of=240))
def body_part_never_labelled(draft: Draft) -> None:
    for video in VIDEOS:
        draft.change_cells(lambda _row, column, old: "" if column >= 6 else old, video)


@case(single, ("bodypart-rarely-labelled", ""))
def body_part_rarely_labelled(draft: Draft) -> None:
    for video in VIDEOS:
        draft.change_cells(lambda row, column, old: "" if column >= 6 and row else old, video)


@case(single, native=Native(frames=59, of=60))
def frames_without_a_label(draft: Draft) -> None:
    draft.change_cells(lambda row, _column, old: "" if row < 5 else old)


@case(single, ("label-outside-image", FIRST), native=Native(loaded=236, of=240))
def labels_outside_the_image(draft: Draft) -> None:
    draft.change_cells(lambda row, _column, old: "900.5" if row == 7 else old)


@case(single, ("label-outside-image", FIRST), native=Native(loaded=236, of=240))
def labels_left_of_the_image(draft: Draft) -> None:
    draft.change_cells(lambda row, _column, old: f"-{old}" if row == 7 else old)


@case(single, ("left-right-swapped", FIRST))
def left_and_right_swapped_in_a_frame(draft: Draft) -> None:
    rows = draft.rows()
    rows[9][3:7] = rows[9][5:7] + rows[9][3:5]
    draft.write_rows(rows)


@case(single, ("rows-nearly-same", FIRST))
def frames_that_are_nearly_alike(draft: Draft) -> None:
    rows = draft.rows()
    for number in range(4, 30):
        rows[number][1:] = [f"{float(cell) + 0.01:.4f}" for cell in rows[number - 1][1:]]
    draft.write_rows(rows)


@case(single, ("few-frames", "labeled-data/"), ("one-video", "labeled-data/"))
def all_frames_of_one_video(draft: Draft) -> None:
    for path in [path for path in draft.files if VIDEOS[1] in path]:
        del draft.files[path]
    draft.set(video_sets={f"/videos/{VIDEOS[0]}.mp4": {"crop": "0, 160, 0, 128"}})


@case(
    multi, ("label-individuals-row", FIRST), native=_raises("AssertionError", "nlevels", "create")
)
def table_of_one_animal_among_tables_of_two(draft: Draft) -> None:
    draft.files[FIRST] = single().files[FIRST]


@case(
    single, ("label-individuals-row", FIRST), native=_raises("AssertionError", "nlevels", "create")
)
def table_of_two_animals_among_tables_of_one(draft: Draft) -> None:
    draft.files[FIRST] = multi().files[FIRST]


@case(multi)
def second_animal_never_labelled(draft: Draft) -> None:
    for video in VIDEOS:
        draft.change_cells(lambda _row, column, old: "" if column >= 8 else old, video, headers=4)


@case(
    single,
    ("image-missing", FIRST),
    ("rows-nearly-same", FIRST),
    native=_raises("FileNotFoundError", "img030", ""),
)
def labels_of_another_video_in_the_table(draft: Draft) -> None:
    draft.write_rows([*draft.rows(), [image_of(FRAMES), *draft.rows()[-1][1:]]])
