"""The template as SAM CLI sees it: the source, translated, and built."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
#: The functions' runtime: `sam build` wants its Python on PATH.
RUNTIME = "python3.13"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _sam() -> str:
    sam = shutil.which(
        "sam", path=os.pathsep.join([str(ROOT / ".venv-sam/bin"), os.environ["PATH"]])
    )
    if sam is None:
        pytest.skip("SAM CLI is not installed: `make test` installs it into .venv-sam")
    return sam


def runtime_first() -> str:
    """PATH with the functions' runtime on it."""
    return os.pathsep.join([str(runtime_folder()), os.environ["PATH"]])


def runtime_folder() -> Path:
    pyenv = sorted(Path.home().glob(f".pyenv/versions/3.13*/bin/{RUNTIME}"))
    for candidate in (shutil.which(RUNTIME), *pyenv):
        if candidate and _works(str(candidate)):
            return Path(candidate).parent
    pytest.skip(f"`sam build` needs {RUNTIME}, the functions' runtime, on PATH")


def _works(python: str) -> bool:
    # a pyenv shim is on PATH also where its version is not switched on
    return subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0


def translate(changed: str = "") -> dict[str, Any]:
    """The template as CloudFormation sees it after the SAM transform; the code of the resource
    `changed` has another place in S3, as it has when its content changes."""
    template = yaml_parse(TEMPLATE.read_text())
    for name, resource in template["Resources"].items():
        for code in ("CodeUri", "ContentUri"):
            if code in resource.get("Properties", {}):
                place = "changed" if name == changed else "artifact"
                resource["Properties"][code] = f"s3://bucket/{place}.zip"
    session = boto3.Session(region_name="us-east-1")
    done: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(template, {})
    return done


@pytest.fixture(scope="session")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `translate` gives, in a file."""
    file = tmp_path_factory.mktemp("translated") / "template.json"
    file.write_text(json.dumps(translate()))
    return file


@pytest.fixture(scope="session")
def stack_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that a deployment reads, for builds to leave their traces in."""
    folder = tmp_path_factory.mktemp("checkout")
    for file in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / file, folder)
    for source in ("functions", "core", "trainer_image", "requirements"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / source, folder / source, ignore=ignored)
    return folder


@pytest.fixture(scope="session")
def run_sam(stack_sources: Path) -> Run:
    """Runs `sam ...` where the sources are, and shows its output where it fails."""
    sam = _sam()

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        own = {"AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0", **environment}
        done = subprocess.run(
            [sam, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=stack_sources,
            env={**os.environ, **own},
        )
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        return done

    return run


@pytest.fixture(scope="session")
def built(run_sam: Run, stack_sources: Path) -> Path:
    """What `sam build` makes: the template with its artifacts beside it."""
    assert run_sam("build", PATH=runtime_first()).returncode == 0
    return stack_sources / ".aws-sam" / "build"
