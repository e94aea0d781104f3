"""What `pip install` brings: the wheel has every file of the packages, the console's pages too."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "dlc_batch": ROOT / "src",
    "dlc_batch_core": ROOT / "core",
    "dlc_batch_cameras": ROOT / "trainer_image",
}
CONSOLE = ROOT / "src" / "dlc_batch" / "console"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as pip does. What builds it is got by pip where it is not there; offline, we skip."""
    folder = tmp_path_factory.mktemp("wheel")
    is_there = importlib.util.find_spec("hatchling") is not None
    options = ["--no-deps", "--disable-pip-version-check", "--quiet", "--wheel-dir", folder]
    isolation = ["--no-build-isolation"] if is_there else []
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, *isolation, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    if not is_there and "hatchling" in built.stderr:
        pytest.skip("no wheel can be built: pip can't get hatchling, such as without a network")
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


def files_of(package: str) -> set[str]:
    root = PACKAGES[package]
    files = (path for path in (root / package).rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in files if path.suffix != ".pyc"}


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == {file for package in PACKAGES for file in files_of(package)}
    for folder in ("templates", "static"):
        names = {
            f"dlc_batch/console/{folder}/{each.name}" for each in (CONSOLE / folder).iterdir()
        }
        assert names
        assert names <= held


PAGES = """
import sys
import dlc_batch.console
from flask import Flask
app = Flask("dlc_batch.console.app")
assert sys.argv[1] in app.root_path, app.root_path
print(*sorted(app.jinja_env.list_templates()))
"""


def test_the_consoles_pages_are_found_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv[1])\n{PAGES}", tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split() == sorted(each.name for each in (CONSOLE / "templates").iterdir())
