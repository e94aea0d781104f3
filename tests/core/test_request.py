"""dlc-batch.yaml: defaults, and every problem told with a remedy."""

import dataclasses
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.request import FIELDS, Request, parse_request


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ProjectError) as caught:
        parse_request(text, "mouse/dlc-batch.yaml")
    return caught.value.problems


def test_an_empty_file_asks_for_the_defaults() -> None:
    assert parse_request("") == parse_request("# nothing\n") == Request()


def test_the_schema_is_the_request() -> None:
    assert [each.name for each in FIELDS] == [each.name for each in dataclasses.fields(Request)]


@pytest.mark.parametrize("field", FIELDS, ids=lambda each: each.name)
def test_each_example_is_accepted(field: object) -> None:
    parse_request(f"{field.name}: {field.example}")  # type: ignore[attr-defined]


def test_values_are_taken() -> None:
    text = "epochs: 7\nshuffles: [3]\nbatch_size: auto\noverrides: {data.train.hflip: true}\n"
    request = parse_request(text)
    assert request == Request(epochs=7, shuffles=(3,), overrides={"data.train.hflip": True})


def test_the_nearest_setting_is_named() -> None:
    (problem,) = problems_of("epoch: 10")
    assert problem.where == "mouse/dlc-batch.yaml"
    assert "`epoch`" in problem.what
    assert problem.remedy == "Did you mean `epochs`?"


def test_far_off_keys_are_answered_with_the_list() -> None:
    (problem,) = problems_of("zzzzzz: 10")
    assert all(field.name in problem.remedy for field in FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        "epochs: 0",
        "epochs: -1",
        "epochs: 1.5",
        "epochs: true",
        "epochs: ten",
        "epochs: 0x" + "f" * 9000,
        "shuffles: 1",
        "shuffles: []",
        "shuffles: [0]",
        "shuffles: [1, 1]",
        "shuffles: [true]",
        "batch_size: 0",
        "net_type: ../../etc/passwd",
        "net_type: [resnet_50]",
        "engine: theano",
        "evaluate: 1",
        "seed: false",
        "seed: -1",
        "weights: https://example.org/evil.pt",
        "time_limit_hours: .nan",
        "time_limit_hours: 1000",
        "overrides: 1",
        "overrides: {1: 2}",
        "overrides: {model.backbone.type: evil}",
        "overrides: {data.train.hflip: words}",
        "overrides: {data.train: {hflip: true}}",
    ],
)
def test_wrong_values_are_refused_with_a_place_and_a_remedy(text: str) -> None:
    for problem in problems_of(text):
        assert problem.where
        assert problem.remedy
        assert len(problem.what) < 500


def test_all_problems_are_told_at_once() -> None:
    codes = [each.code for each in problems_of("epoch: 1\nseed: -1\noverrides: {a.b: 1}\n")]
    assert sorted(codes) == ["request-override", "request-unknown-key", "request-value"]


def test_a_key_without_end_is_cut() -> None:
    (problem,) = problems_of("k" * 100_000 + ": 1")
    assert len(problem.what) < 200


@given(
    st.dictionaries(
        st.one_of(st.sampled_from([each.name for each in FIELDS]), st.text()),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
            lambda each: st.one_of(st.lists(each), st.dictionaries(st.text(), each)),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_any_settings_are_taken_or_refused(values: dict[str, object]) -> None:
    text = io.StringIO()
    YAML(typ="safe", pure=True).dump(values, text)
    try:
        request = parse_request(text.getvalue())
    except ProjectError:
        return
    assert Request.from_dict(request.to_dict()) == request


def test_a_later_version_may_add_fields() -> None:
    later = {**Request(epochs=3).to_dict(), "of_a_later_version": 1}
    assert Request.from_dict(later) == Request(epochs=3)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("data.train.crop_samplin.width", "Did you mean `data.train.crop_sampling.width`?"),
        ("data.train.affine.rotatoin", "Did you mean `data.train.affine.rotation`?"),
        ("detector.data.train.affine.scale", "Did you mean `detector.data.train.affine.scaling`?"),
        ("data.inference.resize.heigth", "Did you mean `data.inference.resize.height`?"),
        ("data.train.motion_blur.p", "Did you mean `data.train.motion_blur`?"),
        ("data.train.affine.rotation.deeper", "Did you mean `data.train.affine.rotation`?"),
        ("train_setting.epochs", "`train_settings.epochs`"),
        ("evil.batch_size", "docs/request.md"),
    ],
)
def test_a_mistyped_override_is_refused_with_the_nearest_one(path: str, hint: str) -> None:
    with pytest.raises(ProjectError) as caught:
        parse_request(f"overrides: {{{path}: 3}}")
    (problem,) = caught.value.problems
    assert problem.code == "request-override"
    assert hint in problem.remedy


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("runner.optimizer.type: adamw", "takes one of AdamW, Adam, SGD, RMSprop."),
        ("data.train.crop_sampling.method: [hybrid]", "takes one of uniform, keypoints"),
        ("data.train.affine.rotation: much", "takes a number, true, false, or a list"),
        ("data.train.affine.scaling: [[[[1]]]]", "nested 3 deep at most"),
        ("data.train.affine: {rotation: 30}", "below it by a dotted path of its own"),
        ("train_settings.epochs: 0", "takes a whole number from 1."),
        ("runner.optimizer.params.lr: 1e-4x", "takes a number"),
        ("crop_size: [96]", "takes a list of two whole numbers"),
        ("multi_step: 5", "such as [[0.005, 10000], [0.001, 200000]]"),
        ("optimizer: Adam", "takes one of sgd, adam."),
    ],
)
def test_a_value_that_an_override_does_not_take_is_refused_with_what_it_takes(
    override: str, hint: str
) -> None:
    (problem,) = problems_of(f"overrides: {{{override}}}")
    assert problem.code == "request-override"
    assert "is not accepted" in problem.what
    assert hint in problem.remedy
    path = override.partition(":")[0]
    assert f"`{path}` takes" in problem.remedy or "dotted path" in problem.remedy


@pytest.mark.parametrize(
    "override",
    [
        "data.train.affine.rotation: 30",
        "data.train.affine.p: 0.5",
        "data.train.hflip.symmetries: [[0, 1]]",
        "data.train.motion_blur: false",
        "data.train.crop_sampling.method: hybrid",
        "data.inference.top_down_crop.margin: 4",
        "detector.data.train.affine.scaling: [0.5, 1.25]",
        "runner.optimizer.params.weight_decay: 0.1",
    ],
)
def test_what_deeplabcut_reads_may_be_overridden(override: str) -> None:
    path, _, _ = override.partition(":")
    assert path in parse_request(f"overrides: {{{override}}}").overrides
