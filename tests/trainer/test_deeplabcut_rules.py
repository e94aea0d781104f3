"""What the core holds of DeepLabCut's rules, compared with DeepLabCut itself."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dlc_batch_core.config_rules import KNOWN_KEYS
from dlc_batch_core.mending import mend_config
from dlc_batch_core.networks import CONDITIONAL, PYTORCH, TENSORFLOW, is_top_down
from dlc_batch_core.settings import BELOW_TRANSFORMS, TRANSFORMS

ASK = """
import contextlib, inspect, io, json, os, re, sys
os.environ["DLClight"] = "True"
with contextlib.redirect_stdout(io.StringIO()):
    from deeplabcut.core.config import ProjectConfig
    from deeplabcut.pose_estimation_pytorch.config.data import DataTransformationConfig
    from deeplabcut.pose_estimation_pytorch.config.enums import NetType, _LEGACY_NET_TYPE_ALIASES
    from deeplabcut.pose_estimation_pytorch.config.utils import (
        is_model_cond_top_down, is_model_top_down)
    from deeplabcut.utils.auxfun_models import MODELTYPE_FILEPATH_MAP
    from deeplabcut.pose_estimation_pytorch.data import collate, dlcloader, transforms
class Read(dict):  # notes which of its keys are asked for
    def __init__(self, *args):
        super().__init__(*args)
        self.keys_read = set()
    def get(self, key, default=None):
        self.keys_read.add(key)
        return super().get(key, default)
    def __getitem__(self, key):
        self.keys_read.add(key)
        return super().__getitem__(key)
    def __contains__(self, key):
        self.keys_read.add(key)
        return super().__contains__(key)
def keys_below(name, **needed):
    below = Read(needed)
    transforms.build_transforms({name: below})
    return sorted(below.keys_read)
def arguments(function):
    kinds = (inspect.Parameter.VAR_KEYWORD,)
    found = inspect.signature(function).parameters.items()
    return {name for name, each in found if each.kind not in kinds}
SIZE = {"height": 8, "width": 8}
below = {
    "affine": keys_below("affine", p=0.5),
    "auto_padding": sorted(arguments(transforms.build_auto_padding)),
    "collate": sorted(set().union(*(
        arguments(each) for each in (collate.ResizeCollate, collate.ResizeFromDataSizeCollate,
        collate.ResizeFromListCollate)))),
    "crop_sampling": keys_below("crop_sampling", **SIZE, max_shift=0.1, method="hybrid"),
    "hflip": keys_below("hflip", p=0.5, symmetries=[[0, 1]]),
    "random_bbox_transform": keys_below("random_bbox_transform", p=0.5),
    "resize": keys_below("resize", **SIZE),
    "top_down_crop": sorted(set(re.findall(
        'crop_cfg[.]get[(]"([a-z_]+)"', inspect.getsource(dlcloader)))),
}
for name in DataTransformationConfig.model_fields:  # of the rest nothing is read
    if name not in below and name != "longest_max_size":
        assert keys_below(name, p=0.5) == [], name
def refusal(config):
    try:
        ProjectConfig.from_dict(config)
    except ValueError as error:
        return str(error)
names = NetType.available_aliases()
print(json.dumps({
    "keys": sorted(ProjectConfig.model_fields),
    "transforms": sorted(DataTransformationConfig.model_fields),
    "below": below,
    "pytorch": sorted([*names, *_LEGACY_NET_TYPE_ALIASES]),
    "top_down": [name for name in names if is_model_top_down(name)],
    "conditional": [name for name in names if is_model_cond_top_down(name)],
    "tensorflow": sorted(MODELTYPE_FILEPATH_MAP),
    "refusals": [refusal(each) for each in json.load(sys.stdin)],
}))
"""
GOOD = {
    "Task": "t",
    "scorer": "s",
    "date": "d",
    "bodyparts": ["a", "b"],
    "TrainingFraction": [0.95],
    "iteration": 0,
    "project_path": "/lab",
}
#: One of each kind for each key: whatever the rules let pass, DeepLabCut must take.
ODD = [None, "", "word", "1", -3, 0, 1, 0.5, 2.5, True, [], ["a"], ["a", "b"], [["a", "b"]],
       [["a", "a"]], [1, 2], {}, {"a": {"b": "c"}}, {"a": 1}]  # fmt: skip
NEEDED = {"Task", "scorer", "date", "bodyparts", "TrainingFraction", "multianimalproject",
          "iteration", "default_net_type", "engine"}  # fmt: skip


def odd_configs() -> list[dict[str, object]]:
    changes = [{key: value} for key in sorted(KNOWN_KEYS - NEEDED) for value in ODD]
    changes += [{"x1": 0, "x2": 5, "y1": 3, "y2": 3}, {"start": 1, "stop": 0}, {"x1": 4}]
    mended = [mend_config(GOOD | change, ["v"], {}).config for change in changes]
    return [{**each, "project_path": "/lab"} for each in mended]


@pytest.fixture(scope="module")
def deeplabcut() -> dict[str, list[str]]:
    command = [sys.executable, "-W", "ignore", "-c", ASK]
    asked = json.dumps(odd_configs())
    done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_keys_of_config_yaml_are_deeplabcuts(deeplabcut: dict[str, list[str]]) -> None:
    assert sorted(KNOWN_KEYS) == deeplabcut["keys"]


def test_the_networks_are_deeplabcuts(deeplabcut: dict[str, list[str]]) -> None:
    assert sorted(PYTORCH) == deeplabcut["pytorch"]
    assert sorted(filter(is_top_down, PYTORCH)) == sorted(deeplabcut["top_down"])
    assert sorted(CONDITIONAL) == sorted(deeplabcut["conditional"])


def test_the_networks_of_tensorflow_are_deeplabcuts(deeplabcut: dict[str, list[str]]) -> None:
    multi_animal = {"dlcrnet_ms5", "dlcr101_ms5", "dlcr152_ms5"}  # which are built on resnets
    assert sorted(TENSORFLOW - multi_animal) == deeplabcut["tensorflow"]


def test_whatever_the_rules_let_pass_deeplabcut_takes(deeplabcut: dict[str, list[str]]) -> None:
    refused = zip(odd_configs(), deeplabcut["refusals"], strict=True)
    assert [(config, why) for config, why in refused if why] == []


def test_the_transforms_that_a_lab_may_set_are_deeplabcuts(
    deeplabcut: dict[str, list[str]],
) -> None:
    assert sorted(TRANSFORMS) == deeplabcut["transforms"]


def test_what_a_lab_may_set_below_a_transform_is_what_deeplabcut_reads(
    deeplabcut: dict[str, dict[str, list[str]]],
) -> None:
    words = {"border_mode", "position"}  # which no override can be
    read = {name: sorted(set(keys) - words) for name, keys in deeplabcut["below"].items()}
    assert {name: list(keys) for name, keys in BELOW_TRANSFORMS.items()} == read
