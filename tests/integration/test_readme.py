"""README.md: what its first screen shows is what the commands print, and its sample runs."""

import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.actor import Actor, Drafted
from tests.support.server import Server

README = (Path(__file__).parents[2] / "README.md").read_text()
# What differs from one ledger or machine to the next.
OWN = (
    (r"(?m)^(ledger +)\S+$", r"\1…"),
    (r"(?m)^(root +)[0-9a-f]{64}$", r"\1…"),
    (r"(?m)^(checkpoints +)\d+", r"\1…"),
    (r"(?m)^(tiles +)\d+", r"\1…"),
    (r"(?m)^(took +)[\d.]+ s in \d+", r"\1…"),
)


class Story(NamedTuple):
    """What the page tells: the ledger, Alice, her statement, and its page."""

    server: Server
    alice: Actor
    drafted: Drafted
    page: str


@pytest.fixture
def story(start_server: Callable[..., Server]) -> Story:
    """The story of the page: Alice drafts and signs, and Bob signs."""
    server = start_server()
    with server.client() as hers, server.client() as his:
        alice = Actor(hers, "Alice", server.origin).register("creator")
        bob = Actor(his, "Bob", server.origin).register("investor")
        drafted = alice.draft()
        alice.approve(drafted)
        last = bob.approve(drafted).json()
        assert last["status"] == "approved"
        # The proof is there once the entry is under a checkpoint.
        assert hers.get(f"/log/entries/{last['leafIndex']}/proof").status_code == 200
        assert hers.get(f"/api/inbox?minPosition={last['position']}").status_code == 200
        page = hers.get(f"/statements/{drafted.id}").text
    return Story(server, alice, drafted, page)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def masked(text: str) -> str:
    for pattern, words in OWN:
        text = re.sub(pattern, words, text)
    return text


def test_the_audit_on_the_first_screen_is_what_the_command_prints(
    story: Story,
) -> None:
    server = story.server
    (shown,) = [block for block in blocks("console") if "ledger audit" in block]
    command, _, expected = shown.partition("\n")
    assert command == "$ .venv/bin/ledger audit"
    done = subprocess.run(
        [sys.executable, "-m", "ledger", "audit"],
        cwd=server.data.parent,
        env=server.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert masked(done.stdout) == masked(expected)


def test_the_sample_checks_the_approval_that_the_page_shows(
    story: Story,
) -> None:
    page = unescape(story.page)
    (copied, *_) = re.findall(r"Signature as received</dt><dd><code[^>]*>([^<]+)</code>", page)
    (code,) = blocks("python")
    for words, ours in (('"eyJ…"', repr(copied)), ("http://localhost:8000", story.server.origin)):
        assert words in code
        code = code.replace(words, ours)
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102  # our own page
    document = names["document"]
    assert isinstance(document, dict)
    assert (document["statementId"], document["creator"]) == (story.drafted.id, story.alice.user)


def test_a_first_start_says_what_the_page_says(story: Story) -> None:
    server = story.server
    (shown,) = [block for block in blocks("console") if "make run" in block]
    line = shown.splitlines()[-1].replace("http://localhost:8000", server.origin)
    pattern = re.escape(line).replace("…", r"\S*")
    assert re.search(rf"(?m)^{pattern}$", server.output), server.output
