"""docs/how-to/use-from-a-program.md: its lines run against a real server, in the page's order."""

import re
from pathlib import Path
from typing import Any

import pytest

from ledger import clock
from ledger.jose import SigningKey
from tests.integration.conftest import Join
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.check import wait_for
from tests.support.server import Server

PAGE = (Path(__file__).parents[3] / "docs/how-to/use-from-a-program.md").read_text()


def test_a_program_signs_in_approves_and_follows_as_the_page_says(
    server: Server, alice: Actor, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    # The first to close is the first in the inbox, before what others left on the shared server.
    soon = clock.to_text(now_ms() + 3_600_000)
    drafted = alice.draft(policy=policy_of(1, robot, expiresAt=soon))
    wait_for(server, drafted.answer["position"])
    (tmp_path / "key.pem").write_bytes(key.to_pem())
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    assert 'ADDRESS = "http://localhost:8000"' in code
    names: dict[str, Any] = {}
    exec(compile(code.replace("http://localhost:8000", server.origin), "page", "exec"), names)  # noqa: S102  # our own page
    assert names["me"]["id"] == robot.user
    assert names["statement"] == drafted.id
    assert (names["shown"]["status"], names["answer"]["approvals"]) == ("approved", 1)
