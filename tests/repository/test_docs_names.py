"""All names in README, tutorial and how-to pages exist: controls, commands, targets, pages.

Text in **bold** is what a page of the ledger shows, or the first line of a command's output.
"""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from ledger.cli.main import make_parser as _make_parser
from tests.support.commands_reference import commands

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IDS = [str(path.relative_to(ROOT)) for path in PAGES]
GUIDES = [page for page in PAGES if page.parent.name in ("tutorial", "how-to")]
GUIDES.append(ROOT / "README.md")
WORDS_OF_PAGES = [
    *(ROOT / "web").rglob("*.html"),
    *(ROOT / "web").rglob("*.js"),
    *(ROOT / "web/locale").glob("*.json"),
    *(ROOT / "src/ledger/pages").glob("*.py"),
    ROOT / "src/ledger/audit/result.py",
]
CODE = re.compile(r"`([^`\n]+)`")
LINE = re.compile(r"^ *(?:\$ )?(?:\.venv/bin/)?(ledger [a-z].*?)(?: > .*)?$", re.MULTILINE)
ROUTE = re.compile(
    r"(?:(?:GET|POST) )?"
    r"(/(?:api|log|verify|audit|inbox|healthz|register|\.well-known)[^ ?]*)(?:\?.*)?"
)
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


make_parser = cache(_make_parser)


@cache
def shown() -> str:
    """Return all that pages and reports can show, with tags and line breaks taken out."""
    text = "\n".join(path.read_text() for path in WORDS_OF_PAGES)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


def blocks(path: Path) -> list[str]:
    """Return every command line of ours in the code blocks of a page."""
    found = "\n".join(text for _, _, text in FENCE.findall(path.read_text()))
    return LINE.findall(found)


def spans(path: Path) -> list[str]:
    """Return every command of ours in the sentences of a page."""
    return [each for each in CODE.findall(prose(path)) if re.match(r"ledger [a-z-]", each)]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_every_control_is_on_a_page(path: Path) -> None:
    for control in re.findall(r"\*\*(.+?)\*\*", prose(path)):
        # A number in a sentence of the program is a value there.
        pattern = re.sub(r"\d+", r"(?:\\d+|\\{[^{}]+\\})", re.escape(control))
        assert re.search(pattern, shown()), control


def test_the_tutorial_and_the_readme_name_controls() -> None:
    for name in ("README.md", "docs/tutorial/first-statement.md"):
        assert re.findall(r"\*\*(.+?)\*\*", prose(ROOT / name))


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_command_is_one_of_the_parser(path: Path) -> None:
    known = {name for name, _ in commands(make_parser())}
    groups = {name.rpartition(" ")[0] for name in known} | {"ledger --version"}
    for line in [*blocks(path), *spans(path)]:
        words = line.split()
        assert {" ".join(words[:2]), " ".join(words[:3])} & (known | groups), line


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_command_line_of_a_block_parses(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence may name a command alone; a line of a block has everything that it needs."""
    # The blocks of that page are usage, and test_commands_reference.py compares them.
    lines = [] if path.name == "commands.md" else blocks(path)
    for line in lines:
        try:
            make_parser().parse_args(shlex.split(line)[1:])
        except SystemExit:
            pytest.fail(f"{line}\n{capsys.readouterr().err}")


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_every_option_that_a_guide_names_is_one_of_a_command(path: Path) -> None:
    known = {
        option
        for _, parser in commands(make_parser())
        for action in parser._actions
        for option in action.option_strings
    }
    named = [re.split("[ =]", span)[0] for span in CODE.findall(prose(path)) if span[:2] == "--"]
    assert {*named} - known == set()


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_make_target_is_there(path: Path) -> None:
    targets = {*re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    named = re.findall(r"(?:`|\$ )make ([a-z-]+)", path.read_text())
    assert {*named} - targets == set()


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_setting_that_a_page_names_is_read(path: Path) -> None:
    files = ("settings.py", "system/organisation_settings.py", "system/tls_files.py")
    source = "".join((ROOT / "src/ledger" / each).read_text() for each in files)
    known = {*re.findall(r'"(LEDGER_\w+)"', source)}
    assert {*re.findall(r"\bLEDGER_[A-Z_]+\b", path.read_text())} - known == set()


@cache
def routes() -> frozenset[str]:
    """Return the address of every route, parameters as `{}`."""
    code = "\n".join(source.read_text() for source in (ROOT / "src/ledger").rglob("*.py"))
    return frozenset(re.sub(r"{[^}]*}", "{}", r) for r in re.findall(r'@\w+\(\s*"(/[^"]*)"', code))


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_address_that_a_page_names_is_a_route(path: Path) -> None:
    for span in CODE.findall(prose(path)):
        found = ROUTE.fullmatch(span)
        if found and "<" not in span and "…" not in span:
            address = re.sub(r"{[^}]*}", "{}", found[1])
            prefix = address.rstrip("/") + "/"
            assert address in routes() or any(r.startswith(prefix) for r in routes()), span
