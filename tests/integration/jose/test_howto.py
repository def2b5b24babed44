"""docs/how-to/multi-signature.md: every example runs, in the order of the page."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.strangers import Reply, stranger

PAGE = Path(__file__).parents[3] / "docs/how-to/multi-signature.md"
SECTIONS = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section, flags=re.DOTALL)


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, Any]]:
    """The page is one program: what an example defines, later ones use. `url` serves its keys."""
    defined: dict[str, Any] = {}

    def publish(*_: object) -> Reply:
        return Reply(200, json.dumps(defined["keys"]).encode(), "application/json")

    with stranger(publish) as url:
        defined["url"] = url
        yield defined


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.split("\n")[0])
def test_the_examples_of_each_section_run(section: str, names: dict[str, Any]) -> None:
    for code in blocks(section, "python"):
        exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - our own page


def test_every_use_case_has_its_section() -> None:
    titles = [section.split("\n")[0] for section in SECTIONS]
    for words in ("Rotate", "HMAC", "notary", "ML-DSA-65", "M of N", "every signature verifies",
                  "certain signers", "log of every outcome"):  # fmt: skip
        assert any(words in title for title in titles), words


def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    (console,) = blocks(SECTIONS[-1], "console")
    (tmp_path / "terms.json").write_text('{"amount":1}')
    lines = console.splitlines()
    status = 0
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line == "$ echo $?":
            assert following == str(status)
        elif line.startswith("$ ledger "):
            command, _, target = line.removeprefix("$ ledger ").partition(" > ")
            done = subprocess.run(
                [sys.executable, "-m", "ledger", *command.split()],
                cwd=tmp_path,
                capture_output=True,
                timeout=60,
            )
            status = done.returncode
            assert not done.stderr
            if target:
                (tmp_path / target).write_bytes(done.stdout)
