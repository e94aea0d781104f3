"""DeepLabCut's own settings that a lab may set: the allow-lists of pytorch_config.yaml and of the
TensorFlow engine's pose_cfg.yaml.

A setting is named by its dotted path. Only numbers, switches and a few named choices pass, so
that no setting can name a file, a class to import or an address.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

#: What is done to frames before they are trained on: the fields of DeepLabCut 3.0.2's
#: DataTransformationConfig (pose_estimation_pytorch/config/data.py). A test compares them.
TRANSFORMS = (
    "affine",
    "auto_padding",
    "collate",
    "covering",
    "crop_sampling",
    "elastic_transform",
    "gaussian_noise",
    "grayscale",
    "hflip",
    "hist_eq",
    "longest_max_size",
    "motion_blur",
    "normalize_images",
    "random_bbox_transform",
    "resize",
    "scale_to_unit_range",
    "top_down_crop",
)
#: What DeepLabCut reads below a transform, where it is a number, a switch or a list of them. Of
#: the other transforms it reads only whether they are on, and passes over what else stands there.
#: (Its data/transforms.py, data/collate.py and data/dlcloader.py; a test compares them.)
BELOW_TRANSFORMS = {
    "affine": ("p", "rotation", "scaling", "translation"),
    "auto_padding": (
        "border_mask_value",
        "border_value",
        "min_height",
        "min_width",
        "pad_height_divisor",
        "pad_width_divisor",
    ),
    "collate": (
        "max_ratio",
        "max_scale",
        "max_shift",
        "max_short_side",
        "max_size",
        "min_scale",
        "min_short_side",
        "multiple_of",
        "scales",
        "seed",
        "to_square",
    ),
    "crop_sampling": ("height", "max_shift", "method", "width"),
    "hflip": ("p", "symmetries"),
    "random_bbox_transform": ("p", "scale_factor", "scale_prob", "shift_factor", "shift_prob"),
    "resize": ("height", "keep_ratio", "width"),
    "top_down_crop": ("crop_with_context", "height", "margin", "width"),
}
_DATA = ("data.train", "data.inference", "detector.data.train")
#: Patterns over the whole dotted path; `*` is one part, `**` the rest.
_NUMERIC = (
    *(f"{part}.{name}{rest}" for part in _DATA for name in TRANSFORMS for rest in ("", ".**")),
    "data.bbox_margin",
    "train_settings.batch_size",
    "train_settings.dataloader_workers",
    "train_settings.dataloader_pin_memory",
    "train_settings.display_iters",
    "train_settings.epochs",
    "train_settings.seed",
    "runner.eval_interval",
    "runner.optimizer.params.*",
    "runner.scheduler.params.*",
    "runner.snapshots.max_snapshots",
    "runner.snapshots.save_epochs",
    "detector.train_settings.batch_size",
    "detector.train_settings.epochs",
    "detector.runner.optimizer.params.*",
)
_CHOICES = {
    "runner.optimizer.type": ("AdamW", "Adam", "SGD", "RMSprop"),
    "runner.scheduler.type": ("LRListScheduler", "CosineAnnealingLR", "StepLR"),
    "data.train.crop_sampling.method": ("uniform", "keypoints", "density", "hybrid"),
}
#: pose_cfg.yaml's; those that are not in DeepLabCut 3.0.2's own are read by its loaders
#: (pose_estimation_tensorflow/datasets/) and networks.
_TENSORFLOW_NUMERIC = (
    "alpha_r",
    "apply_prob",
    "batch_size",
    *(f"contrast.{name}" for name in ("clahe", "gamma", "histeq", "linear", "log", "sigmoid")),
    *(
        f"contrast.{name}ratio"
        for name in ("clahe", "gamma", "histeq", "linear", "log", "sigmoid")
    ),
    *(f"convolution.{name}" for name in ("edge", "emboss", "sharpen")),
    *(f"convolution.{name}.alpha" for name in ("edge", "emboss", "sharpen")),
    *(f"convolution.{name}ratio" for name in ("edge", "emboss", "sharpen")),
    "convolution.emboss.strength",
    "convolution.sharpen.lightness",
    "covering",
    "crop_by",
    "cropratio",
    "decay_steps",
    "display_iters",
    "elastic_transform",
    "fliplr",
    "gaussian_noise",
    "global_scale",
    "grayscale",
    "hist_eq",
    "intermediate_supervision",
    "intermediate_supervision_layer",
    "locref_huber_loss",
    "locref_loss_weight",
    "lr_init",
    "max_input_size",
    "max_shift",
    "min_input_size",
    "mirror",
    "motion_blur",
    "motion_blur_params.angle",
    "motion_blur_params.k",
    "pafwidth",
    "pairwise_huber_loss",
    "pairwise_loss_weight",
    "pos_dist_thresh",
    "rotateratio",
    "rotation",
    "rotratio",
    "save_iters",
    "scale_jitter_lo",
    "scale_jitter_up",
    "symmetric_pairs",
    "weigh_only_present_joints",
    "weight_decay",
)
_TENSORFLOW_CHOICES = {
    "crop_sampling": ("uniform", "keypoints", "density", "hybrid"),
    "optimizer": ("sgd", "adam"),
}
#: Sizes in pixels, width and height.
_TENSORFLOW_PAIRS = ("crop_size",)
#: [[learning rate, last iteration that has it], ...].
_TENSORFLOW_SCHEDULES = ("multi_step",)
_MOST_ITERATIONS = 10_000_000  # ten times DeepLabCut's own schedule
#: Whole numbers from 1: with none of them there is no training.
_COUNTS = (
    ".batch_size",
    ".epochs",
    ".eval_interval",
    ".max_snapshots",
    ".save_epochs",
    ".decay_steps",
    ".display_iters",
    ".save_iters",
)
#: Deeper or longer values stand in no setting of DeepLabCut's.
_MAX_DEPTH, _MAX_LENGTH = 3, 100


@functools.cache  # each when it is needed: all of them would double the start of a check
def _expression(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*\*", r".+").replace(r"\*", r"[^.]+")
    return re.compile(escaped)


@dataclass(frozen=True)
class _AllowList:
    """The settings of one engine that may be set."""

    numeric: tuple[str, ...]  # patterns
    choices: Mapping[str, tuple[str, ...]]
    pairs: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()

    @property
    def patterns(self) -> tuple[str, ...]:
        return tuple(sorted({*self.numeric, *self.choices, *self.pairs, *self.schedules}))

    def has(self, path: str) -> bool:
        is_named = path in self.choices or path in self.pairs or path in self.schedules
        return is_named or any(_expression(each).fullmatch(path) for each in self.numeric)

    def accepts(self, path: str, value: object) -> bool:
        if path in self.choices:
            return value in self.choices[path]
        if path in self.pairs:
            return isinstance(value, list) and len(value) == 2 and all(map(_is_count, value))
        if path in self.schedules:
            return _is_schedule(value)
        if not self.has(path):
            return False
        if f".{path}".endswith(_COUNTS):
            return _is_count(value)
        return _is_plain(value)

    def expects(self, path: str) -> str:
        if path in self.choices:
            return f"one of {', '.join(self.choices[path])}"
        if path in self.pairs:
            return "a list of two whole numbers from 1, width and height"
        if path in self.schedules:
            return (
                "a list of learning rates, each with the last iteration that has it, such as"
                " [[0.005, 10000], [0.001, 200000]]"
            )
        if f".{path}".endswith(_COUNTS):
            return "a whole number from 1"
        return (
            f"a number, true, false, or a list of them, of {_MAX_LENGTH} at most and nested"
            f" {_MAX_DEPTH} deep at most"
        )


_LISTS = {
    "pytorch": _AllowList(_NUMERIC, _CHOICES),
    "tensorflow": _AllowList(
        _TENSORFLOW_NUMERIC, _TENSORFLOW_CHOICES, _TENSORFLOW_PAIRS, _TENSORFLOW_SCHEDULES
    ),
}
_OF_TRANSFORMS = [f"{part}.{name}" for part in _DATA for name in TRANSFORMS]
_BELOW = [
    f"{part}.{name}.{key}"
    for part in _DATA
    for name, keys in BELOW_TRANSFORMS.items()
    for key in keys
]

ENGINES = tuple(_LISTS)


def allowed_settings(engine: str = "pytorch") -> tuple[str, ...]:
    """Return the patterns of the allow-list, for the documentation."""
    return _LISTS[engine].patterns


def nearest_setting(path: str, engine: str = "pytorch") -> str | None:
    """Return the setting that a mistyped path most likely means."""
    plain = [pattern for pattern in allowed_settings(engine) if "*" not in pattern]
    if engine == "pytorch":
        plain += _BELOW
    near = difflib.get_close_matches(path, plain, n=1, cutoff=0.7)
    return near[0] if near else None


def is_allowed_path(path: str, engine: str = "pytorch") -> bool:
    """Whether a lab may set the setting of this dotted path."""
    return _LISTS[engine].has(path)


def is_allowed_setting(path: str, value: object, engine: str = "pytorch") -> bool:
    """Whether a lab may set this setting to this value."""
    return _LISTS[engine].accepts(path, value)


def is_read(path: str) -> bool:
    """Whether DeepLabCut reads an allowed setting: not all that may lie below a transform.

    A file made at home may hold more, which does no harm; an override that nothing reads is a
    slip of the keyboard.
    """
    return path in _BELOW or not any(path.startswith(f"{each}.") for each in _OF_TRANSFORMS)


def is_override(path: str, value: object, engine: str = "pytorch") -> bool:
    """Whether a request may set this setting to this value."""
    return is_read(path) and is_allowed_setting(path, value, engine)


def expected_value(path: str, engine: str = "pytorch") -> str:
    """Return, in words, the values that an allowed setting takes."""
    return _LISTS[engine].expects(path)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_schedule(value: object) -> bool:
    """Whether it is DeepLabCut's multi_step: rates, each with a last iteration beyond the last."""
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_LENGTH:
        return False
    last = 0
    for step in value:
        if not isinstance(step, list) or len(step) != 2 or not _is_count(step[1]):
            return False
        is_rate = _is_plain(step[0]) and isinstance(step[0], int | float) and step[0] > 0
        if isinstance(step[0], bool) or not is_rate or not last < step[1] <= _MOST_ITERATIONS:
            return False
        last = step[1]
    return True


def _is_plain(value: object, depth: int = 0) -> bool:
    if isinstance(value, list | tuple):
        fits = depth < _MAX_DEPTH and len(value) <= _MAX_LENGTH
        return fits and all(_is_plain(each, depth + 1) for each in value)
    is_finite = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return value is None or isinstance(value, bool) or is_finite
