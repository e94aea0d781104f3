"""What the Python API does beside the verbs themselves."""

from dataclasses import replace

import pytest
from tests.client.spoiled_aws import SpoiledAws

import dlc_batch
from dlc_batch import LAB_VARIABLE
from dlc_batch.cloud import Cloud
from dlc_batch.where import Where
from dlc_batch_core.errors import CloudError, LabError


@pytest.mark.parametrize("name", ["x", "", "AWS", 3])
def test_a_cloud_that_there_is_not_is_told(name: object) -> None:
    with pytest.raises(LabError, match="names no cloud") as told:
        dlc_batch.connect(cloud=name)  # type: ignore[arg-type]
    assert told.value.remedy == "It is one of: auto, local, aws."


@pytest.mark.usefixtures("stack")
def test_a_cloud_is_named_by_its_member_too(stack: str) -> None:
    assert dlc_batch.connect(stack, cloud=Where.AWS).name is None


def test_who_named_the_lab_is_not_told_to_name_it(
    scientist: Cloud, spoiled: SpoiledAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by the object that is asked, whatever stands in the environment."""
    with_lab, without = dlc_batch.Lab(scientist), dlc_batch.Lab(replace(scientist, lab=None))
    with spoiled.denied("dynamodb", r"\.(Query|Scan)"):
        monkeypatch.delenv(LAB_VARIABLE, raising=False)
        assert remedy_of(with_lab) == "Ask your admin for the permission."
        monkeypatch.setenv(LAB_VARIABLE, "miller")
        assert f"export {LAB_VARIABLE}=LAB" in remedy_of(without)


def remedy_of(lab: dlc_batch.Lab) -> str:
    with pytest.raises(CloudError, match="AccessDenied") as told:
        lab.runs()
    return told.value.remedy
