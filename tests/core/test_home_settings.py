"""What a check takes of the settings of a shuffle made at home, with either engine."""

from __future__ import annotations

import pytest

from dlc_batch_core.home_settings import parse_home_settings

NAMES = {"all_joints_names": ["snout"]}


@pytest.mark.parametrize(
    ("config", "net_type", "batch_size"),
    [
        ({"net_type": "resnet_50", "train_settings": {"batch_size": 8}}, "resnet_50", 8),
        ({"net_type": "resnet_50", "method": "td"}, "top_down_resnet_50", None),
        ({**NAMES, "net_type": "resnet_101", "batch_size": 2}, "resnet_101", 2),
        ({**NAMES, "net_type": "resnet_50", "multi_stage": True}, "dlcrnet_ms5", None),
        ({**NAMES, "net_type": "resnet_152", "multi_stage": True}, "dlcr152_ms5", None),
        ({**NAMES, "net_type": "resnet_50", "multi_stage": "yes"}, "resnet_50", None),
        ({**NAMES, "net_type": ["resnet_50"], "batch_size": "8"}, None, None),
    ],
)
def test_net_type_and_batch(
    config: dict[str, object], net_type: str | None, batch_size: int | None
) -> None:
    found = parse_home_settings(config, "somewhere")
    assert (found.net_type, found.batch_size) == (net_type, batch_size)
