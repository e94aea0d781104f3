"""The allow-list of DeepLabCut's own settings: none can name a file, a class or an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.settings import allowed_settings, is_allowed_path, is_allowed_setting

#: Paths in pytorch_config.yaml by which DeepLabCut reads a file, imports a class or calls out.
DANGEROUS = (
    "model.backbone.type",
    "model.backbone.pretrained",
    "model.heads.bodypart.type",
    "runner.type",
    "runner.device",
    "runner.snapshots.path",
    "resume_training_from",
    "train_settings.weight_init.snapshot_path",
    "train_settings.weight_init.dataset",
    "metadata.project_path",
    "metadata.pose_config_path",
    "logger.type",
    "logger.project_name",
    "data.colormode",
    "data.train",
    "",
)
PATHS = st.one_of(
    st.sampled_from(
        [path.replace("**", "hflip.p").replace("*", "lr") for path in allowed_settings()]
    ),
    st.sampled_from(DANGEROUS),
    st.text(),
)
NOT_PLAIN = st.one_of(
    st.text(),
    st.binary(),
    st.dictionaries(st.text(), st.integers()),
    st.lists(st.text(), min_size=1),
)
CHOICES = {
    "runner.optimizer.type": "AdamW",
    "runner.scheduler.type": "LRListScheduler",
    "data.train.crop_sampling.method": "hybrid",
}


@pytest.mark.parametrize("path", DANGEROUS)
@pytest.mark.parametrize("value", [1, "os.system", True])
def test_what_can_run_code_is_refused(path: str, value: object) -> None:
    assert not is_allowed_setting(path, value)


@given(path=PATHS, value=NOT_PLAIN)
def test_no_text_passes_but_the_named_choices(path: str, value: object) -> None:
    assert not is_allowed_setting(path, value) or path in CHOICES


@pytest.mark.parametrize(("path", "value"), CHOICES.items())
def test_choices_pass_and_other_words_do_not(path: str, value: str) -> None:
    assert is_allowed_setting(path, value)
    assert not is_allowed_setting(path, f"{value}.evil")
    assert not is_allowed_setting(path, [value])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.train.crop_sampling.width", 128),
        ("data.train.affine.rotation", [-30, 30]),
        ("data.train.hflip", True),
        ("train_settings.batch_size", 4),
        ("runner.optimizer.params.lr", 1e-4),
        ("runner.scheduler.params.lr_list", [[1e-4], [1e-5]]),
        ("detector.train_settings.epochs", 10),
    ],
)
def test_numbers_switches_and_lists_of_them_pass(path: str, value: object) -> None:
    assert is_allowed_setting(path, value)


def test_dots_are_dots_and_a_star_is_one_part() -> None:
    assert not is_allowed_path("train_settingsXbatch_size")
    assert not is_allowed_path("runner.optimizer.params.lr.deeper")
    assert not is_allowed_path("train_settings.batch_size\n")
    assert not is_allowed_path("prefix.data.train.hflip")


def test_lists_without_end_are_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert not is_allowed_setting("data.train.affine", endless)
    assert not is_allowed_setting("data.train.affine", [1] * 101)
