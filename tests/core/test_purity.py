"""The core is pure, imports point one way, and its packages run on any computer."""

import ast
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CORE = sorted((ROOT / "core").rglob("*.py"))
SHELLS = {"boto3", "botocore", "dlc_batch", "dlc_batch_trainer", "functions", "app"}


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            yield node.module or ""


def test_there_is_a_core() -> None:
    assert len(CORE) > 15


@pytest.mark.parametrize("file", CORE, ids=lambda file: file.name)
def test_core_imports_no_client_no_environment_and_no_shell(file: Path) -> None:
    modules = set(imports_of(file))
    assert not {module.partition(".")[0] for module in modules} & SHELLS
    assert "os" not in modules


@pytest.mark.parametrize("folder", ["trainer_image", "functions"])
def test_trainer_and_functions_do_not_import_the_client(folder: str) -> None:
    for file in (ROOT / folder).rglob("*.py"):
        assert "dlc_batch" not in {module.partition(".")[0] for module in imports_of(file)}


def test_core_can_be_imported_where_there_is_no_boto3() -> None:
    paths = [file.relative_to(ROOT / "core").with_suffix("") for file in CORE]
    modules = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    block = "import sys; sys.modules.update(dict.fromkeys(['boto3', 'botocore', 'dlc_batch']))"
    code = f"{block}; import {', '.join(modules)}"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "core")


def needed(requirement: Requirement) -> Iterator[importlib.metadata.Distribution]:
    """The installed package of a requirement, and those that it needs."""
    if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
        found = importlib.metadata.distribution(requirement.name)
        yield found
        for each in found.requires or ():
            yield from needed(Requirement(each))


def layer() -> dict[str, importlib.metadata.Distribution]:
    lines = (ROOT / "core/requirements.in").read_text("utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {each.name: each for requirement in wanted for each in needed(requirement)}


def test_the_layer_is_pure_python() -> None:
    # the functions are arm64 in the cloud, and whatever the computer is on the local cloud
    packages = layer()
    assert "ruamel.yaml" in packages
    for name, package in packages.items():
        compiled = [each for each in package.files or () if each.suffix in {".so", ".pyd"}]
        wheel = package.read_text("WHEEL") or ""
        assert (name, compiled) == (name, [])
        assert "-none-any" in wheel, name


def test_the_layer_is_installed_here_as_it_is_locked() -> None:
    lines = (ROOT / "core/requirements.txt").read_text("utf-8").splitlines()
    locked = dict(line.split()[0].split("==") for line in lines if "==" in line)
    assert {canonicalize_name(name) for name in layer()} == locked.keys()
    assert locked == {name: importlib.metadata.version(name) for name in locked}
