"""What goes to the cloud is locked: every package with its hashes, in the version asked for."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .conftest import ROOT

#: Each lock, and the list of what it is made for, as in the Makefile.
LOCKS = {
    "core/requirements.txt": "core/requirements.in",
    "requirements/lambda.txt": "requirements/lambda.in",
    "requirements/tools.txt": "requirements/tools.in",
    "requirements/trainer-pytorch.txt": "trainer_image/requirements.txt",
    "requirements/trainer-tensorflow.txt": "requirements/tensorflow.txt",
}


def lines_of(file: str) -> list[str]:
    """The requirements of a file, each on one line, without comments."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    return [line for line in re.sub(r"(?m)\s*#.*$", "", text).splitlines() if line.strip()]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_its_version_and_hashes(lock: str) -> None:
    for line in lines_of(lock):
        assert re.fullmatch(
            r"[\w.\[\],-]+==\S+( ;[^-]*)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", line
        ), line


@pytest.mark.parametrize(("lock", "wanted"), LOCKS.items())
def test_a_lock_holds_what_is_asked_for(lock: str, wanted: str) -> None:
    locked = [Requirement(line.partition("--hash")[0].strip()) for line in lines_of(lock)]
    versions = {canonicalize_name(each.name): str(each.specifier)[2:] for each in locked}
    for line in lines_of(wanted):
        each = Requirement(line)
        assert each.specifier.contains(versions[canonicalize_name(each.name)]), line


def test_the_makefile_writes_each_lock() -> None:
    made = re.findall(r"--output-file (\S+)", Path(ROOT / "Makefile").read_text())
    assert set(made) == LOCKS.keys()
