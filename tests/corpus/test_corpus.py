"""The check finds in each project of the corpus what is wrong with it, and nothing besides."""

import io

import pytest
from tests.corpus import CASES, Case
from tests.corpus.openfield_cases import OPENFIELD, openfield

from dlc_batch_core.catalogue import CATALOGUE
from dlc_batch_core.check import check_upload
from dlc_batch_core.problems import Severity
from dlc_batch_core.ranged_file import RangedFile

NAME = "reach.zip"


def require_data(case: Case) -> None:
    if case.base is openfield and not OPENFIELD.is_dir():
        pytest.skip(f"NOT TESTED: the openfield project is not at {OPENFIELD}")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_check_says_what_is_wrong(case: Case) -> None:
    require_data(case)

    found = check_upload(io.BytesIO(case.zipped()), NAME)

    said = [(each.code, each.where) for each in found.problems]
    expected = sorted(case.problems)
    assert sorted(code for code, _ in said) == [code for code, _ in expected], found.problems
    for (code, where), (_, part) in zip(sorted(said), expected, strict=True):
        assert part in where, f"{code} is said to be at {where}"
    errors = {p.code for p in found.problems if p.severity is Severity.ERROR}
    assert found.is_trainable == (not errors)
    assert any(case.mended in sentence for sentence in (*found.mended, "")), found.mended


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_check_says_the_same_from_afar(case: Case) -> None:
    """By ranges of a remote object; all images' heads are read only where they are at hand."""
    require_data(case)
    data = case.zipped()

    near = check_upload(io.BytesIO(data), NAME)
    remote = RangedFile(lambda start, end: data[start:end], len(data), NAME)
    far = check_upload(remote, NAME)  # type: ignore[arg-type]  # a RawIOBase reads

    of_heads = ("image-", "label-outside-image", "calibration-sizes", "calibration-unreadable")
    kept = [p for p in near.problems if not p.code.startswith(of_heads)]
    assert [p for p in far.problems if not p.code.startswith(of_heads)] == kept
    assert far.mended == near.mended


@pytest.mark.parametrize("name", ["of_one_animal", "of_two_animals", "for_tensorflow"])
def test_a_good_project_is_left_as_it_is(name: str) -> None:
    found = check_upload(io.BytesIO(CASES[f"good_project_{name}"].zipped()), NAME)
    assert found.mended == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_problem_expected_is_in_the_catalogue(case: Case) -> None:
    assert {code for code, _ in case.problems} <= set(CATALOGUE)


def test_the_corpus_is_large_enough() -> None:
    broken = [case for case in CASES.values() if case.problems or case.mended]
    assert len(broken) >= 60
    assert sum(case.native is not None for case in CASES.values()) >= 25
