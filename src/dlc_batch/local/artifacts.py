"""The functions' zips, made from the same sources as `sam build` makes them, and their Python.

An artifact is named by a digest of all that goes into it, so a second `up` builds nothing.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from dlc_batch.local.cloud import LocalCloudError

# The runtime in template.yaml. Another Python does where this one is missing: our functions are
# pure Python.
RUNTIME = "3.13"
_REQUIREMENTS = "requirements.txt"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the oldest a zip can hold: equal sources, equal bytes
_PIP = ("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
_LEFT_OUT = ("__pycache__", ".git", ".pytest_cache", ".mypy_cache")

Progress = Callable[[str], None]


def function_python(build: Path, progress: Progress) -> Path:
    """A Python with boto3 and nothing else, as Lambda's runtime has: a dependency missing from a
    function's requirements.txt shows here, not first in the cloud."""
    base = _base_python()
    version = _output([base, "-c", "import platform; print(platform.python_version())"])
    folder = build / f"lambda-runtime-{version}"
    python = folder / "bin" / "python"
    done = folder / "complete"
    with _alone(build):
        if done.is_file():
            return python
        progress(f"making a Python {version} with boto3 for the functions")
        shutil.rmtree(folder, ignore_errors=True)
        _run([base, "-m", "venv", str(folder)], "make a Python environment for the functions")
        _run([str(python), *_PIP, "boto3"], "install boto3 for the functions")
        done.touch()
    return python


@contextlib.contextmanager
def _alone(build: Path) -> Iterator[None]:
    """Homes may share their build directory: what one of them builds, the others wait for."""
    build.mkdir(exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _base_python() -> str:
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{RUNTIME}*/bin/python{RUNTIME}"))
    for candidate in (shutil.which(f"python{RUNTIME}"), *map(str, pyenv)):
        # A pyenv shim is on PATH also where its version is not switched on.
        if candidate and RUNTIME in _output([candidate, "--version"]):
            return candidate
    return sys.executable


class ArtifactBuilder:
    """Makes the zips of functions and layers into `build`; `python` is that of the functions."""

    def __init__(self, build: Path, python: Path, progress: Progress) -> None:
        self._build = build
        self._python = python
        self._progress = progress

    def function(self, source: Path, *, built: bool) -> Path:
        """The zip of a CodeUri folder; `built` when `sam build` made it and it is complete."""
        return self._artifact(source, "", built)

    def layer(self, source: Path, *, built: bool) -> Path:
        """The zip of a ContentUri folder: its content under `python/`, unless `built`."""
        return self._artifact(source, "" if built else "python/", built)

    def _artifact(self, source: Path, prefix: str, built: bool) -> Path:
        if not source.is_dir():
            raise LocalCloudError(f"{source} is not a folder: the template names it as code")
        digest = _digest(source, f"{prefix} {built} {self._python.parent.parent.name}")
        artifact = self._build / f"{source.name}-{digest}.zip"
        if not artifact.is_file():
            self._progress(f"building {source.name}")
            with tempfile.TemporaryDirectory(dir=self._build) as folder:
                dependencies = Path(folder) / "dependencies"
                dependencies.mkdir()
                if not built:
                    self._install(source, dependencies)
                made = Path(folder) / "artifact.zip"
                _zip(made, prefix, [dependencies, source])
                made.replace(artifact)
        return artifact

    def _install(self, source: Path, target: Path) -> None:
        requirements = source / _REQUIREMENTS
        if not requirements.is_file() or not _named_requirements(requirements):
            return
        command = [
            str(self._python),
            *_PIP,
            "--requirement",
            _REQUIREMENTS,
            "--target",
            str(target),
        ]
        _run(command, f"install {requirements}", cwd=source)


def _named_requirements(file: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if file.is_file() and not any(part in _LEFT_OUT for part in name.parts):
            yield name.as_posix(), file


def _digest(source: Path, made_for: str) -> str:
    digest = hashlib.sha256(made_for.encode())
    for name, file in _files(source):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()[:16]


def _zip(target: Path, prefix: str, folders: list[Path]) -> None:
    entries = {name: file for folder in folders for name, file in _files(folder)}  # the last wins
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(entries.items()):
            entry = zipfile.ZipInfo(prefix + name, _ZIP_TIME)
            entry.external_attr = (0o755 if os.access(file, os.X_OK) else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()


def _run(command: list[str], purpose: str, cwd: Path | None = None) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(  # noqa: S603 - a Python that we found or made
        command, capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip()[-600:]
        raise LocalCloudError(
            f"Cannot {purpose}: {last}\nIt needs the network the first time; try again."
        )
