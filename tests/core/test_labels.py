"""Label tables from the field: read without losing a label, written back in one form."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.labels import MAX_CELLS, Column, LabelTable, parse_labels

WHERE = "labeled-data/v/CollectedData_me.csv"
HEAD = "scorer,me,me,me,me\nbodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\n"
PLAIN = (
    HEAD + "labeled-data/v/img1.png,1.50,2,250.05599999999998,4e1\nlabeled-data/v/img2.png,,,5,6\n"
)
SEVERAL = (
    "scorer,me,me,me,me,me,me\nindividuals,a,a,b,b,single,single\n"
    "bodyparts,nose,nose,nose,nose,door,door\ncoords,x,y,x,y,x,y\n"
    "labeled-data/v/img1.png,1,2,3,4,5,6\n"
)


def read(text: str) -> LabelTable:
    return parse_labels(text, WHERE, "v")


def codes_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ProjectError) as caught:
        read(text)
    return [(each.code, each.where.removeprefix(WHERE)) for each in caught.value.problems]


def test_a_table_is_read() -> None:
    table = read(PLAIN)
    assert (table.scorer, table.folder, table.individuals) == ("me", "v", ())
    assert table.columns == (Column("", "nose"), Column("", "tail"))
    assert [row.image for row in table.rows] == [f"labeled-data/v/img{n}.png" for n in (1, 2)]
    assert table.rows[0].points == ((1.5, 2.0), (250.05599999999998, 40.0))
    assert table.rows[1].points == (None, (5.0, 6.0))
    assert [row.line for row in table.rows] == [4, 5]


@pytest.mark.parametrize("text", [PLAIN, SEVERAL])
def test_a_table_in_present_form_comes_back_as_it_was(text: str) -> None:
    table = read(text)
    assert table.to_csv() == text
    assert table.mended == ()


def test_several_animals_and_what_is_of_none_of_them() -> None:
    table = read(SEVERAL)
    assert table.individuals == ("a", "b")
    assert [column.individual for column in table.columns] == ["a", "b", "single"]


def spread(text: str) -> str:
    """The index in three columns, as older versions wrote it."""
    rows = list(csv.reader(io.StringIO(text)))
    index = [row[0].split("/") if "/" in row[0] else [row[0], "", ""] for row in rows]
    return "".join(",".join([*i, *row[1:]]) + "\n" for i, row in zip(index, rows, strict=True))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (PLAIN.replace("/", "\\"), "paths"),
        (PLAIN.replace("labeled-data/v", r"C:\lab\labeled-data\v"), "paths"),
        (PLAIN.replace("labeled-data/v/", ""), "paths"),
        (PLAIN.replace("labeled-data/v", "labeled-data/old"), "folder old"),
        (PLAIN.replace("me", "someone"), "scorer"),
        (spread(PLAIN), ""),  # DeepLabCut writes that itself
        (PLAIN.replace("coords", "\n,,,,\ncoords"), "without a cell"),
        (PLAIN + "labeled-data/v/img1.png,1.50,2,250.05599999999998,4e1\n", "twice"),
        (PLAIN.replace(",,,5,6", ",nan,NaN,5,6"), ""),
        (PLAIN.replace("\n", "\r\n"), ""),
        ("\ufeff" + PLAIN, ""),
        (PLAIN.replace(",", " , "), ""),
    ],
)
def test_what_is_mended_gives_the_same_bytes_and_is_told(text: str, word: str) -> None:
    table = read(text)
    assert table.to_csv() == PLAIN
    assert word in " ".join(table.mended)
    assert bool(table.mended) == bool(word)


def test_cells_left_out_at_the_end_of_a_row_are_empty_and_told() -> None:
    table = read(PLAIN.replace("2,250.05599999999998,4e1", "2"))
    assert table.rows[0].points == ((1.5, 2.0), None)
    assert "rows 4" in table.mended[0]


def test_columns_of_likelihoods_are_left_out_wherever_they_stand() -> None:
    text = "scorer,me,me,me\nbodyparts,a,a,a\ncoords,x,likelihood,y\nlabeled-data/v/i.png,1,.9,2\n"
    assert read(text).rows[0].points == ((1.0, 2.0),)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "label-table-csv", ""),
        (PLAIN.replace(",", ";"), "label-table-csv", ""),
        ("not,a,table\n", "label-table-headers", ", row 1"),
        (PLAIN.replace("coords,x,y,x,y\n", ""), "label-table-headers", ", row 1"),
        (PLAIN.replace("x,y,x,y", "x,y,x"), "label-table-columns", ""),
        (PLAIN.replace("x,y,x,y", "y,x,x,y"), "label-table-columns", ""),
        (PLAIN.replace("nose,nose,tail", "nose,tail,tail"), "label-table-columns", ""),
        (PLAIN.replace("nose,nose", ","), "label-table-columns", ""),
        (PLAIN.replace("4e1", "4e1,7"), "label-table-columns", ", row 4"),
        (PLAIN.replace("tail", "nose"), "label-column-twice", ""),
        (PLAIN.replace("4e1", "left"), "label-number", ", row 4"),
        (PLAIN.replace("4e1", "inf"), "label-number", ", row 4"),
        (PLAIN.replace("4e1", "1e999"), "label-number", ", row 4"),
        (PLAIN.replace("4e1", "4_0"), "label-number", ", row 4"),
        (PLAIN.replace("4e1", '"4,1"'), "label-number", ", row 4"),
        (PLAIN.replace("5,6", "5,"), "label-half", ", row 5"),
        (PLAIN.replace("v/img2", "w/img2"), "label-index", ""),
        (PLAIN.replace("labeled-data/v/img2.png", ""), "label-index", ", row 5"),
        (PLAIN + "labeled-data,v,img3.png,1,2\n", "label-index", ", row 6"),
        (PLAIN.replace("img2", "img1"), "label-row-twice", ", row 5"),
        (HEAD + "\n" * 500_000 + "x", "labels-too-large", ""),
        (HEAD + "," * (MAX_CELLS + 1), "labels-too-large", ""),
    ],
)
def test_what_cannot_be_told_is_a_problem(text: str, code: str, place: str) -> None:
    assert codes_of(text) == [(code, place)]


def test_all_faults_are_told_each_once() -> None:
    found = codes_of(PLAIN.replace("4e1", "left").replace("1.50", "right").replace("5,6", "5,"))
    assert found == [("label-number", ", row 4"), ("label-half", ", row 5")]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300), st.integers(0, 200))
def test_any_text_gives_a_table_or_problems(text: str, place: int) -> None:
    for each in (text, PLAIN[:place] + text + PLAIN[place:]):
        try:
            table = read(each)
        except ProjectError as error:
            found = error.problems
        else:
            found = ()
            assert read(table.to_csv()).to_csv() == table.to_csv()
        assert all(each.where.startswith(WHERE) and each.remedy for each in found)


@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=4, max_size=4))
def test_numbers_keep_their_digits(numbers: list[float]) -> None:
    written = ",".join(map(repr, numbers))
    table = read(f"{HEAD}labeled-data/v/i.png,{written}\n")
    assert table.to_csv().endswith(f",{written}\n")
    assert [each for point in table.rows[0].points for each in point or ()] == numbers
