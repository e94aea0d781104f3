"""What the documentation says is so."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from samtranslator.yaml_helper import yaml_parse

from dlc_batch.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["request.md", "cli.md", "problems.md"])
def test_generated_pages_are_up_to_date(page: str) -> None:
    written = (ROOT / "docs" / page).read_text(encoding="utf-8")

    assert written == _generator().PAGES[page](), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_of_ours_in_the_documentation_exists(page: Path) -> None:
    named = re.findall(r"dlc-batch ((?:local )?[a-z]+)(?=[ `\n]|$)", _code(page))
    for command in set(named):
        result = CliRunner().invoke(cli, [*command.split(), "--help"])
        assert result.exit_code == 0, f"{page.name}: dlc-batch {command}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!http|#|mailto)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_make_target_and_parameter_in_the_documentation_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", _code(page)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    known = template["Parameters"].keys() | template["Outputs"].keys()
    for name in re.findall(r"OutputKey=='(\w+)'", page.read_text(encoding="utf-8")):
        assert name in known, f"{page.name}: {name}"


def _code(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    pieces = re.findall(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", text, re.DOTALL)
    return "\n".join("".join(each) for each in pieces)
