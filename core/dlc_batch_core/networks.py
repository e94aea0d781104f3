"""The networks that DeepLabCut 3.0.2 knows, by engine. A test compares them with DeepLabCut's.

PyTorch's are `NetType.available_aliases()` of pose_estimation_pytorch/config/enums.py and the
name of older projects; TensorFlow's are `MODELTYPE_FILEPATH_MAP` of utils/auxfun_models.py and
what create_multianimaltraining_dataset takes.
"""

from __future__ import annotations

BACKBONES = (
    "cspnext_m",
    "cspnext_s",
    "cspnext_x",
    "hrnet_w18",
    "hrnet_w32",
    "hrnet_w48",
    "resnet_101",
    "resnet_50",
)
#: Networks of their own that crop to each animal first, as `method: TD` of their files has it.
TOP_DOWN = ("animaltokenpose_base", "rtmpose_m", "rtmpose_s", "rtmpose_x")
#: Refine what another shuffle found: they need its number, and no request names one.
CONDITIONAL = (
    "ctd_coam_w32",
    "ctd_coam_w48",
    "ctd_coam_w48_human",
    "ctd_prenet_hrnet_w32",
    "ctd_prenet_hrnet_w48",
    "ctd_prenet_rtmpose_m",
    "ctd_prenet_rtmpose_s",
    "ctd_prenet_rtmpose_x",
    "ctd_prenet_rtmpose_x_human",
)
#: For several animals, from the whole frame.
BOTTOM_UP = (
    "dekr_w18",
    "dekr_w32",
    "dekr_w48",
    "dlcrnet_stride16_ms5",
    "dlcrnet_stride32_ms5",
)
_OF_OLD = ("dlcrnet_ms5",)
_TOP_DOWN_PREFIX = "top_down_"
#: TensorFlow's for several animals; its files have the backbone's name, and `multi_stage: true`.
_MULTI_STAGE = {
    "resnet_50": "dlcrnet_ms5",
    "resnet_101": "dlcr101_ms5",
    "resnet_152": "dlcr152_ms5",
}

PYTORCH = frozenset({
    *BACKBONES,
    *(_TOP_DOWN_PREFIX + each for each in BACKBONES),
    *TOP_DOWN,
    *CONDITIONAL,
    *BOTTOM_UP,
    *_OF_OLD,
})  # fmt: skip
TENSORFLOW = frozenset({
    *(f"resnet_{depth}" for depth in (50, 101, 152)),
    *(f"mobilenet_v2_{width}" for width in ("1.0", "0.75", "0.5", "0.35")),
    *(f"efficientnet-b{number}" for number in range(7)),
    *_MULTI_STAGE.values(),
})  # fmt: skip
BY_ENGINE = {"pytorch": PYTORCH, "tensorflow": TENSORFLOW}


def is_top_down(net_type: str) -> bool:
    """Whether the network is given one animal at a time."""
    return net_type in TOP_DOWN or net_type.startswith(_TOP_DOWN_PREFIX)


def is_for_several_animals(net_type: str) -> bool:
    """Whether TensorFlow trains the network with several animals only."""
    return net_type in _MULTI_STAGE.values()


def is_conditional(net_type: str) -> bool:
    """Whether the network needs the predictions of another."""
    return net_type in CONDITIONAL


def as_trained_at_home(net_type: str, method: str) -> str:
    """Return the name for create_training_dataset of a shuffle's `net_type` and `method`."""
    # only a plain backbone is trained both ways; DeepLabCut ignores the prefix on others
    is_prefixed = method.lower() == "td" and net_type in BACKBONES
    return _TOP_DOWN_PREFIX + net_type if is_prefixed else net_type


def as_trained_at_home_with_tensorflow(net_type: str, is_multi_stage: bool) -> str:
    """Return the name for create_training_dataset of pose_cfg.yaml's net_type and multi_stage."""
    return _MULTI_STAGE.get(net_type, net_type) if is_multi_stage else net_type
