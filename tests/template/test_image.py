"""The trainer's Dockerfile names what there is, and bakes with what it has copied by then. What
`sam build` makes carries all of it to where the image is built."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from samtranslator.yaml_helper import yaml_parse

from dlc_batch_trainer.bake import DEFAULT_NETS

from .conftest import ROOT, Run, runtime_first

TEXT = (ROOT / "trainer_image" / "Dockerfile").read_text()
#: The module of the image function that knows the image's sources.
SOURCES = runpy.run_path(str(ROOT / "functions" / "image" / "image_sources.py"))
#: Instructions in their order, each on one line.
INSTRUCTIONS = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", TEXT)).splitlines()


def copied(instructions: list[str]) -> list[tuple[str, str]]:
    """Source and target of each COPY."""
    words = [line.split()[1:] for line in instructions if line.startswith("COPY ")]
    return [(source, each[-1]) for each in words for source in each[:-1]]


@pytest.mark.parametrize("source", sorted({source for source, _ in copied(INSTRUCTIONS)}))
def test_what_is_copied_exists(source: str) -> None:
    assert (ROOT / source).exists()


def test_each_engine_has_its_lock() -> None:
    targets = {
        target + Path(source).name if target.endswith("/") else target
        for source, target in copied(INSTRUCTIONS)
    }
    for engine in DEFAULT_NETS:
        assert f"/tmp/requirements/trainer-{engine}.txt" in targets


def test_every_argument_is_declared_and_used() -> None:
    declared = re.findall(r"^ARG (\w+)", TEXT, re.MULTILINE)
    assert set(declared) == {"BASE", "ENGINE", "NETS", "HF_ENDPOINT"}
    assert {name for name in declared if f"${{{name}}}" in TEXT} == set(declared)


def test_other_networks_install_no_packages_anew() -> None:
    """An argument is part of the key of each layer after it."""
    (nets,) = (n for n, line in enumerate(INSTRUCTIONS) if line.startswith("ARG NETS"))
    (bake,) = (n for n, line in enumerate(INSTRUCTIONS) if "dlc_batch_trainer.bake" in line)
    assert all(line.startswith("ARG ") for line in INSTRUCTIONS[nets:bake])


def test_baking_needs_no_more_than_is_copied_before_it(tmp_path: Path) -> None:
    (bake,) = (n for n, line in enumerate(INSTRUCTIONS) if "dlc_batch_trainer.bake" in line)
    place = "/opt/dlc-batch/"
    for source, target in copied(INSTRUCTIONS[:bake]):
        if target.startswith(place):
            folder = tmp_path / target.removeprefix(place)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, folder)
    # a package of an earlier path hides the whole of a later one
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "DLClight": "True"}
    code = (
        "import dlc_batch_trainer.bake, dlc_batch_trainer.tensorflow.weights as weights;"
        "print(weights.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path) in done.stdout


@pytest.mark.parametrize("source", sorted({source for source, _ in copied(INSTRUCTIONS)}))
def test_docker_is_given_what_is_copied(source: str) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert any(
        PurePosixPath(source).match(p) or f"{source}/".startswith(f"{p}/") for p in patterns
    )


def test_all_that_is_copied_travels_to_the_build() -> None:
    carried = {*SOURCES["PLACES"]}
    for source, _ in copied(INSTRUCTIONS):
        assert carried & {source, *map(str, PurePosixPath(source).parents)}, source
    assert "trainer_image/Dockerfile" in carried


def unpacked(built: Path, target: Path) -> Path:
    """Unpack the image function's layers as Lambda does: all into one folder."""
    template = yaml_parse((built / "template.yaml").read_text())
    resources = template["Resources"]
    layers = [
        *template["Globals"]["Function"]["Layers"],
        *resources["ImageFunction"]["Properties"]["Layers"],
    ]
    for layer in layers:
        folder = built / resources[layer["Ref"]]["Properties"]["ContentUri"]
        for each in folder.iterdir():
            assert not (target / each.name).exists(), f"two layers have {each.name}"
            copy = shutil.copytree if each.is_dir() else shutil.copy
            copy(each, target / each.name)
    return target


def test_the_image_function_finds_the_checkouts_sources_in_its_layers(
    built: Path, tmp_path: Path
) -> None:
    found = SOURCES["read_sources"](unpacked(built, tmp_path))
    assert found == {path: (ROOT / path).read_bytes() for path in found}
    for source, _ in copied(INSTRUCTIONS):
        wanted = {
            path.relative_to(ROOT).as_posix()
            for path in ([ROOT / source] if "." in source else (ROOT / source).rglob("*.py"))
        }
        assert wanted <= found.keys()


@pytest.mark.parametrize(
    "source", ["core/dlc_batch_core/errors.py", "trainer_image/dlc_batch_trainer/errors.py"]
)
def test_a_cached_build_sees_an_edit(
    source: str, built: Path, run_sam: Run, stack_sources: Path, tmp_path: Path
) -> None:
    file = stack_sources / source
    text = file.read_text()
    try:
        file.write_text(f"{text}# edited\n")
        assert run_sam("build", PATH=runtime_first()).returncode == 0
        found = SOURCES["read_sources"](unpacked(built, tmp_path))
        assert found[source].endswith(b"# edited\n")
    finally:
        file.write_text(text)
        assert run_sam("build", PATH=runtime_first()).returncode == 0
