"""What the documentation says is so."""

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner
from samtranslator.yaml_helper import yaml_parse

from dlc_batch.cli import cli
from dlc_batch_core.prices import AS_OF, PRICES, hourly

ROOT = Path(__file__).resolve().parents[2]
#: Options of every command.
EVERYWHERE = {"-h", "--help"}
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["request.md", "cli.md", "problems.md", "parameters.md"])
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
def test_every_command_of_ours_takes_the_options_it_is_shown_with(page: Path) -> None:
    for line in re.findall(r"^dlc-batch .*$", _blocks(page), re.MULTILINE):
        command, options = _command_of(shlex.split(line, comments=True)[1:])
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        for option in options:
            assert option.partition("=")[0] in known | EVERYWHERE, f"{page.name}: {line}"


def _command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words name, and the options among them, the group's own left out."""
    found: click.Command = cli
    context = cli.make_context("dlc-batch", [], resilient_parsing=True)
    of_group = {name for each in cli.params for name in each.opts}
    while isinstance(found, click.Group) and words:
        word = words.pop(0)
        if word in of_group:
            words.pop(0)
        elif word not in ("|", "...") and (inner := found.get_command(context, word)):
            found = inner
        else:
            break
    return found, [word for word in words if word.startswith("-")]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file, and to a heading of it."""
    for link in re.findall(r"\]\((?!http|mailto)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in _anchors(target), f"{page.name}: {link}"


def _anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub names them in links."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower() for title in titles]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


def test_the_index_names_every_page_once() -> None:
    index = ROOT / "docs" / "README.md"
    named = re.findall(r"^\d+\. \[.+\]\(([a-z-]+\.md)\)$", index.read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(p.name for p in ROOT.glob("docs/*.md") if p != index)


def test_the_prices_of_the_page_are_those_of_the_table() -> None:
    page = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9.]+)` \| ([0-9.]+) \| ([0-9.]+) \|$", page, re.MULTILINE)
    assert rows == [
        (name, f"{hourly(price, 'on-demand'):.2f}", f"{hourly(price, 'spot'):.2f}")
        for name, price in PRICES.items()
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"about {rows[0][2]} $ an hour on Spot and {rows[0][1]} $ On-Demand" in readme
    assert AS_OF.split(",")[0] in page


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_make_target_and_parameter_in_the_documentation_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", _code(page)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    known = template["Parameters"].keys() | template["Outputs"].keys()
    for name in re.findall(r"OutputKey=='(\w+)'", page.read_text(encoding="utf-8")):
        assert name in known, f"{page.name}: {name}"


def test_the_table_of_variables_has_those_that_the_client_reads() -> None:
    page = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(DLC_BATCH_[A-Z_]+)` \|", page, re.MULTILINE)
    sources = [*ROOT.glob("src/**/*.py"), *ROOT.glob("core/**/*.py")]
    named = [
        name
        for source in sources
        for name in re.findall(r"\bDLC_BATCH_[A-Z][A-Z_]*\b", source.read_text(encoding="utf-8"))
    ]
    assert sorted(table) == sorted(set(named))


def _blocks(page: Path) -> str:
    """What is to be typed, a command a line."""
    text = page.read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)).replace(
        "\\\n", ""
    )


def _code(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    pieces = re.findall(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", text, re.DOTALL)
    return "\n".join("".join(each) for each in pieces)
