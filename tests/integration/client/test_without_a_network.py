"""Approve on a machine without a network or a clock, as docs/how-to/sign-in-a-terminal.md says."""

import json
import re
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ledger import clock
from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.jose import SigningKey
from tests.integration.conftest import NO_LIMIT, refuses_at
from tests.integration.http.company import Company
from tests.support.actor import Actor, now_ms
from tests.support.check import check_ledger, wait_for
from tests.support.clients import Terminal, login_of
from tests.support.server import Server
from tests.support.type_definitions import POLICY, define, definition, stated

PAGE = (Path(__file__).parents[3] / "docs/how-to/sign-in-a-terminal.md").read_text()
(COMMAND,) = re.findall(r"\$ (ledger jws sign --approval --at .*) > approval.jws", PAGE)
HOUR_MS = 3_600_000
WEEK = definition(freshness=7 * 24 * HOUR_MS)
CONTENT = '{"amount":"100"}'


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    server = Server(tmp_path / "data", LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    found = Company(server)
    try:
        yield found
        check_ledger(server)
    finally:
        for client in found.clients:
            client.close()
        server.stop()


def signed_at(time_ms: int, capsys: pytest.CaptureFixture[str]) -> str:
    """Sign with the command of the page, at another time; return the approval."""
    words = shlex.split(COMMAND)
    words[words.index("--at") + 1] = clock.to_text(time_ms)
    assert main(words[1:]) == ExitCode.DONE
    return capsys.readouterr().out.strip()


def test_an_approval_of_six_days_ago_is_carried_taken_and_warned_of(
    company: Company,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server, key = company.server, SigningKey.generate()
    cal = company.person("Cal").register("creator")
    clients = server.client()
    company.clients.append(clients)
    robot = Actor(clients, "Robot", server.origin, key=key).register("investor")
    assert company.ada.change(define(WEEK)).json()["status"] == "approved"
    six_days_ago = now_ms() - 6 * 24 * HOUR_MS
    made = {"type": stated(WEEK), "createdAt": clock.to_text(six_days_ago)}
    drafted, kept = (cal.draft(content=CONTENT, policy=POLICY, **made) for _ in range(2))
    untyped = cal.draft(policy=POLICY)
    wait_for(server, untyped.answer["position"])
    monkeypatch.chdir(tmp_path)
    Path("key.pem").write_bytes(key.to_pem())
    run = Terminal(login_of(robot, server, key), tmp_path / "login.json", capsys).run
    # Pages and the terminal say that the approval can be sent so long.
    assert "accepted up to 10,080 minutes after it was signed" in run("show", drafted.id)[1]
    assert "accepted up to 7 days after" in cal.client.get(f"/statements/{drafted.id}").text
    assert 'id="fresh"' not in cal.client.get(f"/statements/{untyped.id}").text
    assert "up to 7 days after it was made" in cal.client.get("/types").text
    # Signed at a time that a person typed, and carried: of a type it is taken, else it is not.
    Path("document.json").write_text(untyped.document)
    stale = signed_at(six_days_ago, capsys)
    refuses_at(server, lambda: robot.post_sign(untyped.id, stale), 422, "iat_stale")
    Path("document.json").write_text(drafted.document)
    for wrong in (now_ms() - 8 * 24 * HOUR_MS, now_ms() + HOUR_MS):
        send_it = partial(robot.post_sign, drafted.id, signed_at(wrong, capsys))
        refuses_at(server, send_it, 422, "iat_stale")
    Path("approval.jws").write_text(signed_at(six_days_ago, capsys))
    send = ("sign", drafted.id, "--digest", drafted.sha256, "--jws", "approval.jws")
    assert "The statement is approved." in run(*send)[1]
    # A signer who changed their mind decides again, and the older approval is worth nothing.
    Path("document.json").write_text(kept.document)
    held = signed_at(six_days_ago, capsys)
    assert robot.reject(kept).status_code == 201
    refuses_at(server, lambda: robot.post_sign(kept.id, held), 422, "out_of_order")
    assert json.loads(kept.document)["type"] == stated(WEEK)


def test_the_time_of_signing_is_for_an_approval_and_has_one_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key.pem").write_bytes(SigningKey.generate().to_pem())
    (tmp_path / "document.json").write_text("{}")
    sign = ["jws", "sign", "--key", str(tmp_path / "key.pem"), str(tmp_path / "document.json")]
    assert main([*sign, "--at", "2026-11-29T10:00Z"]) == ExitCode.USAGE
    assert "--at is for --approval" in capsys.readouterr().err
    document = '{"content":"{}"}'
    (tmp_path / "document.json").write_text(document)
    assert main([*sign, "--approval", "--at", "yesterday"]) == ExitCode.INVALID
