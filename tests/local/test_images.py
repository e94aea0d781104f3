"""What is run for an image: the trainers of this checkout, each with the Python of its engine."""

import sys

import pytest

from dlc_batch.local.home import checkout
from dlc_batch.local.images import ImageError, Images
from dlc_batch.local.settings import TENSORFLOW_IMAGE, TRAINER_IMAGE, clean_environment


def launch(image, environment, commands=None):
    images = Images(commands or {}, clean_environment(environment))
    return images.launch({"image": image}, ["--lab"], {}, "n")


def test_the_trainer_is_run_by_this_python():
    assert launch(TRAINER_IMAGE, {}).argv == [sys.executable, "-m", "dlc_batch_trainer", "--lab"]


def test_the_trainer_for_tensorflow_is_run_by_the_python_that_is_named():
    named = launch(TENSORFLOW_IMAGE, {"DLC_BATCH_TF_PYTHON": "/bin/sh"})
    assert named.argv == ["/bin/sh", "-m", "dlc_batch_trainer", "--lab"]
    assert str(checkout() / "trainer_image") in named.environment["PYTHONPATH"].split(":")


def test_a_command_of_choice_stands_for_it_too():
    assert launch(TENSORFLOW_IMAGE, {}, {TENSORFLOW_IMAGE: ["mine"]}).argv == ["mine", "--lab"]


def test_without_its_environment_it_says_what_is_missing_and_what_to_do(tmp_path):
    missing = tmp_path / "bin" / "python"
    with pytest.raises(ImageError) as failed:
        launch(TENSORFLOW_IMAGE, {"DLC_BATCH_TF_PYTHON": str(missing)})
    for word in ("CannotPullContainerError", str(missing), "requirements/tensorflow.txt"):
        assert word in str(failed.value)
