"""DeepLabCut's own settings that a lab may set: the allow-list of pytorch_config.yaml.

A setting is named by its dotted path. Only numbers, switches and a few named choices pass, so
that no setting can name a file, a class to import or an address.
"""

from __future__ import annotations

import difflib
import math
import re

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
#: Patterns over the whole dotted path; `*` is one part, `**` the rest.
_NUMERIC = (
    *(
        f"{part}.{name}{rest}"
        for part in ("data.train", "data.inference", "detector.data.train")
        for name in TRANSFORMS
        for rest in ("", ".**")
    ),
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
#: Whole numbers from 1: with none of them there is no training.
_COUNTS = (".batch_size", ".epochs", ".eval_interval", ".max_snapshots", ".save_epochs")
#: Deeper or longer values stand in no setting of DeepLabCut's.
_MAX_DEPTH, _MAX_LENGTH = 3, 100


def _expression(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*\*", r".+").replace(r"\*", r"[^.]+")
    return re.compile(escaped)


_EXPRESSIONS = tuple(_expression(pattern) for pattern in _NUMERIC)


def allowed_settings() -> tuple[str, ...]:
    """Return the patterns of the allow-list, for the documentation."""
    return tuple(sorted({*_NUMERIC, *_CHOICES}))


def nearest_setting(path: str) -> str | None:
    """Return the setting that a mistyped path most likely means, without what lies below it."""
    plain = [pattern for pattern in allowed_settings() if "*" not in pattern]
    near = difflib.get_close_matches(path, plain, n=1, cutoff=0.7)
    return near[0] if near else None


def is_allowed_path(path: str) -> bool:
    """Whether a lab may set the setting of this dotted path."""
    return path in _CHOICES or any(each.fullmatch(path) for each in _EXPRESSIONS)


def is_allowed_setting(path: str, value: object) -> bool:
    """Whether a lab may set this setting to this value."""
    if path in _CHOICES:
        return value in _CHOICES[path]
    if not is_allowed_path(path):
        return False
    if path.endswith(_COUNTS):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return _is_plain(value)


def _is_plain(value: object, depth: int = 0) -> bool:
    if isinstance(value, list | tuple):
        fits = depth < _MAX_DEPTH and len(value) <= _MAX_LENGTH
        return fits and all(_is_plain(each, depth + 1) for each in value)
    is_finite = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return value is None or isinstance(value, bool) or is_finite
