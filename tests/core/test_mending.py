"""config.yaml from the field, mended by rule; what is ambiguous is left for the lab."""

import copy
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.config_rules import COSMETIC, KNOWN_KEYS, MULTI
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.mending import mend_config, mend_settings, stems_of
from dlc_batch_core.project import Project, parse_project

GOOD: dict[str, object] = {
    "Task": "reach",
    "scorer": "Ann",
    "date": "Jan1",
    "multianimalproject": False,
    "bodyparts": ["paw", "nose"],
    "TrainingFraction": [0.95],
    "iteration": 0,
    "default_net_type": "resnet_50",
    "engine": "pytorch",
    "video_sets": {"/lab/videos/v.mp4": {"crop": "0, 640, 0, 480"}},
}
SEVERAL = GOOD | {
    "multianimalproject": True,
    "bodyparts": MULTI,
    "multianimalbodyparts": ["nose"],
    "individuals": ["a", "b"],
    "uniquebodyparts": ["door"],
    "identity": True,
}


def parse(config: dict[str, object]) -> Project:
    return parse_project(config, "config.yaml")


def codes_of(config: dict[str, object]) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        parse(config)
    return [each.code for each in caught.value.problems]


@pytest.mark.parametrize("config", [GOOD, SEVERAL])
def test_good_settings_are_left_alone(config: dict[str, object]) -> None:
    before = copy.deepcopy(config)
    mended = mend_settings(config)
    assert mended.notes == ()
    assert mended.config == config == before


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ({"Task": 7}, "Task", "7"),
        ({"date": 20250101}, "date", "20250101"),
        ({"engine": "PyTorch"}, "engine", "pytorch"),
        ({"engine": "torch"}, "engine", "pytorch"),
        ({"engine": "TF"}, "engine", "tensorflow"),
        ({"multianimalproject": "no"}, "multianimalproject", False),
        ({"multianimalproject": 0}, "multianimalproject", False),
        ({"bodyparts": [1, " nose "]}, "bodyparts", ["1", "nose"]),
        ({"TrainingFraction": 0.8}, "TrainingFraction", [0.8]),
        ({"TrainingFraction": ["0.8"]}, "TrainingFraction", [0.8]),
        ({"iteration": "2"}, "iteration", 2),
        ({"iteration": 3.0}, "iteration", 3),
        (SEVERAL | {"bodyparts": ["nose"]}, "bodyparts", MULTI),
        (SEVERAL | {"identity": None, "with_identity": True}, "identity", True),
    ],
)
def test_wrong_types_are_mended_and_told(
    change: dict[str, object], key: str, value: object
) -> None:
    mended = mend_settings(GOOD | change)
    assert mended.config[key] == value
    assert f"`{key}`" in " ".join(mended.notes)
    parse(GOOD | change)


@pytest.mark.parametrize(
    "change",
    [
        {"bboxes_pcutoff": 0.6},
        {"video_sets_original": {}},
        {"dotsize": "large"},
        {"pcutoff": 40},
        {"skeleton": [["paw"]]},
        {"batch_size": 0},
        {"config_version": 7},
        {"SuperAnimalConversionTables": {"mouse": [1]}},
        {"start": 0.9, "stop": 0.1},
        {"x1": 5},
        {"x1": 5, "x2": 5, "y1": 0, "y2": 1},
        {"cropping": True},
    ],
)
def test_what_deeplabcut_refuses_and_training_does_without_is_left_out(
    change: dict[str, object],
) -> None:
    mended = mend_settings(GOOD | change)
    assert mended.config == GOOD
    assert any(f"`{key}`" in note for key in change for note in mended.notes)


@pytest.mark.parametrize("key", ["skeleton", "x1", "identity", "default_augmenter"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_setting_is_none(key: str, value: object) -> None:
    mended = mend_settings(GOOD | {key: value})
    assert (mended.config, mended.notes) == (GOOD, ())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Task": {"a": 1}}, "config-value"),
        ({"Task": "../../etc"}, "config-name"),
        ({"scorer": "Ann/Bob"}, "config-name"),
        ({"date": ".."}, "config-name"),
        ({"bodyparts": []}, "config-bodyparts"),
        ({"bodyparts": ["a", "a"]}, "config-bodyparts"),
        ({"bodyparts": ["a", " a"]}, "config-bodyparts"),
        ({"bodyparts": MULTI}, "config-multi-animal"),
        ({"multianimalproject": "maybe"}, "config-value"),
        (SEVERAL | {"bodyparts": ["a"]}, "config-multi-animal"),
        (SEVERAL | {"individuals": []}, "config-individuals"),
        (SEVERAL | {"individuals": ["a", "a"]}, "config-individuals"),
        (SEVERAL | {"individuals": ["single"]}, "config-individuals"),
        (SEVERAL | {"individuals": ["the single one"]}, "config-individuals"),
        (SEVERAL | {"uniquebodyparts": ["nose"]}, "config-bodyparts"),
        (SEVERAL | {"identity": "perhaps"}, "config-value"),
        ({"TrainingFraction": [0.955]}, "config-training-fraction"),
        ({"TrainingFraction": [1]}, "config-training-fraction"),
        ({"TrainingFraction": [0.95, "all"]}, "config-training-fraction"),
        ({"iteration": -1}, "config-value"),
        ({"num_cameras": 2}, "project-3d"),
    ],
)
def test_what_is_ambiguous_is_a_problem(change: dict[str, object], code: str) -> None:
    assert codes_of(GOOD | change) == [code]


def test_a_project_of_several_animals_is_read() -> None:
    project = parse(SEVERAL)
    assert project.is_multi_animal
    assert project.has_identity
    assert project.body_parts == ("nose",)
    assert (project.individuals, project.unique_parts) == (("a", "b"), ("door",))


def test_where_the_project_lay_is_no_matter() -> None:
    assert mend_settings(GOOD | {"project_path": "/home/ann/reach"}).notes == ()
    mended = mend_settings(GOOD | {"project_path": r"C:\lab\reach"})
    assert mended.config == GOOD
    assert "`project_path`" in mended.notes[0]


def test_videos_are_those_that_are_labelled() -> None:
    config = GOOD | {
        "video_sets": {
            r"C:\lab\m1.avi": {"crop": "1, 2, 3, 4"},
            "/home/lab/m2.mp4": {"crop": "0, 9, 0, 9; import os"},
            "/home/lab/never.mp4": None,
        }
    }
    mended = mend_config(config, ["m1", "m2", "m.3"], {"m2": (64, 48)})
    assert mended.config["video_sets"] == {
        "videos/m1.mp4": {"crop": "1, 2, 3, 4"},
        "videos/m2.mp4": {"crop": "0, 64, 0, 48"},
        "videos/m.3.mp4": {"crop": "0, 0, 0, 0"},
    }
    notes = " ".join(mended.notes)
    for word in ("m.3", "never", "Windows"):
        assert word in notes
    assert stems_of(mended.config) == ("m1", "m2", "m.3")
    assert mend_config(mended.config, ["m1", "m2", "m.3"], {}).notes == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(KNOWN_KEYS)) | st.text(max_size=8), VALUES))
def test_any_settings_are_mended_once_and_for_all(change: dict[str, object]) -> None:
    mended = mend_settings(GOOD | change)
    again = mend_settings(mended.config)
    assert (again.config, again.notes) == (mended.config, ())
    assert mended.config.keys() <= KNOWN_KEYS
    assert all(COSMETIC[key](value) for key, value in mended.config.items() if key in COSMETIC)
    try:
        parse(GOOD | change)
    except ProjectError as error:
        assert error.problems  # noqa: PT017  # either way is right
    names = mend_config(GOOD | change, ["v"], {}).config["video_sets"]
    assert isinstance(names, dict)
    assert [PureWindowsPath(name).stem for name in names] == ["v"]
