"""Baking pretrained weights into the image: fetched once, found offline from then on."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlc_batch_core.networks import (
    BY_ENGINE,
    PYTORCH,
    as_trained_at_home_with_tensorflow,
    is_conditional,
    is_top_down,
)
from dlc_batch_trainer.bake import DEFAULT_NETS

from .weights_source import make_hub_files, packed, serve

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"  # a closed port
OWN, TIMMS = "DeepLabCut/DeepLabCut-Backbones/cspnext_s.pt", "timm/resnet50_gn.a1h_in1k"
ADDRESS = "http://download.tensorflow.org/models/resnet_v1_50_2016_08_28.tar.gz"
OF_OLD = {"dlcrnet_ms5"}  # an older name of another network
#: Tells which weights files networks begin from; of an older name, those of what it means today.
NEEDED = """
import json, sys
from deeplabcut.pose_estimation_pytorch.config.enums import NetType
from dlc_batch_trainer import bake
from dlc_batch_trainer.tensorflow import weights

def pytorch(net):
    kind, is_top_down = NetType.from_alias(net)
    return sorted(bake.needed(kind.alias(top_down=is_top_down)))

def tensorflow(net):
    return [weights.weights_path(net).relative_to(weights.weights_folder()).as_posix()]

engine, *nets = sys.argv[1:]
print(json.dumps({net: globals()[engine](net) for net in nets}))
"""


@dataclass(frozen=True)
class Image:
    """The folders of an image that is being built."""

    folder: Path

    def bake(
        self, *arguments: str, python: str = sys.executable, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the program as the Dockerfile does, without any way to the internet."""
        program = ("-m", "dlc_batch_trainer.bake", "--record", str(self.record))
        return self.run(python, *program, *arguments, **more)

    def run(self, python: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "HF_HOME": str(self.folder / "huggingface"),
            "TORCH_HOME": str(self.folder / "torch"),
            "MPLCONFIGDIR": str(self.folder / "matplotlib"),
            "DLC_BATCH_TF_WEIGHTS": str(self.folder / "tensorflow"),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "trainer_image"), str(ROOT / "core")]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HF_ENDPOINT": NOWHERE,
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.run(
            [python, "-W", "ignore", *arguments],
            env={**own, **more},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    @property
    def record(self) -> Path:
        return self.folder / "weights.json"


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the hub."""
    folder = tmp_path_factory.mktemp("hub")
    make_hub_files(folder)
    return folder


@pytest.fixture
def hub(files: Path) -> Iterator[str]:
    with serve(files) as address:
        yield address


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_is_baked_is_recorded_and_found_offline(image: Image, hub: str, files: Path) -> None:
    done = image.bake("cspnext_s", "resnet_50", HF_ENDPOINT=hub)
    assert done.returncode == 0, done.stderr
    record = json.loads(image.record.read_text())
    safetensors = files / TIMMS / "model.safetensors"
    assert record["engine"] == "pytorch"
    assert record["nets"] == {
        "cspnext_s": [{"name": "cspnext_s.pt", "sha256": sha256((files / OWN).read_bytes())}],
        "resnet_50": [
            {"name": f"{TIMMS}/model.safetensors", "sha256": sha256(safetensors.read_bytes())}
        ],
    }
    image.record.unlink()
    again = image.bake("resnet_50", "cspnext_s", HF_ENDPOINT=NOWHERE)
    assert again.returncode == 0, again.stderr
    assert json.loads(image.record.read_text()) == record


def assert_told(
    done: subprocess.CompletedProcess[str], image: Image, code: int, *words: str
) -> None:
    told = done.stderr.splitlines()[-1]
    assert done.returncode == code, done.stderr
    assert not [word for word in words if word not in told], told
    assert "Traceback" not in done.stderr
    assert not image.record.exists()


def test_a_hub_out_of_reach_is_told_in_a_sentence(image: Image) -> None:
    done = image.bake("cspnext_s")
    assert_told(done, image, 1, "cspnext_s", NOWHERE, "Build the image where")


@pytest.mark.parametrize("net", ["hrnet_w18", "cspnext_m"])
def test_weights_that_the_hub_has_not_or_broken_are_told(net: str, image: Image, hub: str) -> None:
    assert_told(image.bake(net, HF_ENDPOINT=hub), image, 1, net, "leave the network out")


def test_a_detector_that_cannot_be_had_is_told(image: Image, hub: str) -> None:
    """torchvision's lie elsewhere; a proxy that is not there keeps this from asking outside."""
    proxied = {"HTTPS_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1"}
    done = image.bake("rtmpose_s", HF_ENDPOINT=hub, **proxied)
    assert_told(done, image, 1, "rtmpose_s", "leave the network out")


@pytest.mark.parametrize(
    ("arguments", "net"),
    [
        (["resnet_49"], "resnet_49"),
        (["ctd_coam_w32"], "ctd_coam_w32"),
        (["--engine", "tensorflow", "cspnext_s"], "cspnext_s"),
    ],
)
def test_a_network_without_weights_is_wrong_use(
    arguments: list[str], net: str, image: Image
) -> None:
    assert_told(image.bake(*arguments), image, 2, net)


@pytest.mark.parametrize("engine", ["pytorch", "tensorflow"])
def test_what_is_baked_by_default_exists(engine: str) -> None:
    assert set(DEFAULT_NETS[engine]) <= BY_ENGINE[engine]


@pytest.mark.parametrize("engine", ["pytorch", "tensorflow"])
def test_every_network_on_offer_begins_from_weights_that_are_baked(
    engine: str, image: Image
) -> None:
    offered = [net for net in sorted(BY_ENGINE[engine]) if not is_conditional(net)]
    backbones = {net: net for net in offered}
    if engine == "tensorflow":
        baked = DEFAULT_NETS[engine]
        backbones |= {as_trained_at_home_with_tensorflow(net, True): net for net in baked}
    needed = files_needed(image, engine, set(backbones.values()))
    there = {file for net in DEFAULT_NETS[engine] for file in needed[net]}
    lacking = {net for net in offered if not there.issuperset(needed[backbones[net]])}
    assert not lacking


def files_needed(image: Image, engine: str, nets: set[str]) -> dict[str, list[str]]:
    """The weights files that each network begins from."""
    done = image.run(sys.executable, "-c", NEEDED, engine, *sorted(nets))
    assert done.returncode == 0, done.stderr
    needed: dict[str, list[str]] = json.loads(done.stdout)
    return needed


def test_the_documentation_names_the_weights_files_and_who_begins_from_them(image: Image) -> None:
    page = (ROOT / "docs" / "image.md").read_text()
    rows = re.findall(r"^\| `(\S+)` \| [\d,]+ \| [\d,]+ \| (.+) \|$", page, re.MULTILINE)
    told = {file: set(re.findall(r"`(\w+)`", nets)) for file, nets in rows}
    nets = {net for net in PYTORCH if not is_conditional(net)} - OF_OLD
    begin: dict[str, set[str]] = {}
    for net, files in files_needed(image, "pytorch", nets).items():
        for file in files:
            begin.setdefault(file, set()).add(net)
    for detector in [file for file, named in told.items() if not named]:
        told[detector] = {net for net in nets if is_top_down(net)}
    assert told == begin


@pytest.mark.long
def test_tensorflows_weights_are_baked_where_the_trainer_looks(
    image: Image, files: Path, tensorflow_python: Path
) -> None:
    content = b"the weights, for all that the download cares"
    archive = packed("resnet_v1_50.ckpt", content)
    python = str(tensorflow_python)
    with serve(files, {ADDRESS: archive}) as proxy:
        arguments = ("--engine", "tensorflow", "resnet_50")
        done = image.bake(*arguments, python=python, http_proxy=proxy)
    assert done.returncode == 0, done.stderr
    (baked,) = json.loads(image.record.read_text())["nets"]["resnet_50"]
    assert baked == {"name": "resnet_v1_50.ckpt", "sha256": sha256(content)}
    assert (image.folder / "tensorflow" / "resnet_v1_50.ckpt").read_bytes() == content
    image.record.unlink()
    assert image.bake(*arguments, python=python, http_proxy=NOWHERE).returncode == 0
    missing = image.bake("--engine", "tensorflow", "resnet_101", python=python, http_proxy=NOWHERE)
    image.record.unlink()
    assert_told(missing, image, 1, "resnet_101", "leave the network out")
