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


#: Paths in pose_cfg.yaml by which DeepLabCut's TensorFlow engine reads or writes a file, or by
#: which its networks and labels would no longer be those of the project.
DANGEROUS_WITH_TENSORFLOW = (
    "all_joints_names",
    "dataset",
    "dataset_type",
    "init_weights",
    "log_dir",
    "metadataset",
    "net_type",
    "num_joints",
    "project_path",
    "pseudo_label",
    "scoremap_dir",
    "snapshot_prefix",
    "video_path",
    "",
)


@pytest.mark.parametrize("path", DANGEROUS_WITH_TENSORFLOW)
@pytest.mark.parametrize("value", [1, "/etc/passwd", True, [[0.1, 5]]])
def test_what_names_a_file_is_refused_with_tensorflow(path: str, value: object) -> None:
    assert not is_allowed_setting(path, value, "tensorflow")


@given(path=st.sampled_from(allowed_settings("tensorflow")), value=NOT_PLAIN)
def test_no_text_passes_with_tensorflow_but_the_named_choices(path: str, value: object) -> None:
    is_choice = path in ("crop_sampling", "optimizer")
    assert not is_allowed_setting(path, value, "tensorflow") or is_choice


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("optimizer", "adam"),
        ("crop_sampling", "keypoints"),
        ("crop_size", [96, 128]),
        ("global_scale", 1.0),
        ("multi_step", [[0.005, 10], [1e-5, 20]]),
        ("contrast.clahe", True),
        ("convolution.emboss.alpha", [0.0, 1.0]),
        ("symmetric_pairs", [[0, 1]]),
        ("rotation", False),
        ("save_iters", 500),
    ],
)
def test_settings_of_tensorflow_pass_with_it_alone(path: str, value: object) -> None:
    assert is_allowed_setting(path, value, "tensorflow")
    assert not is_allowed_setting(path, value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("optimizer", "rmsprop"),
        ("batch_size", 0),
        ("display_iters", 1.5),
        ("crop_size", [96]),
        ("crop_size", [96, -1]),
        ("crop_size", [True, 96]),
        ("multi_step", []),
        ("multi_step", [[0.005, 10], [0.001, 10]]),
        ("multi_step", [[0.005, 0]]),
        ("multi_step", [[0.0, 10]]),
        ("multi_step", [["0.005", 10]]),
        ("multi_step", [[[0.005], 10]]),
        ("multi_step", [[0.005, 10, 20]]),
        ("multi_step", [[float("nan"), 10]]),
        ("multi_step", [[0.005, 10**9]]),
        ("multi_step", 5),
    ],
)
def test_values_that_tensorflow_can_not_train_with_are_refused(path: str, value: object) -> None:
    assert not is_allowed_setting(path, value, "tensorflow")


def test_lists_without_end_are_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert not is_allowed_setting("data.train.affine", endless)
    assert not is_allowed_setting("data.train.affine", [1] * 101)
