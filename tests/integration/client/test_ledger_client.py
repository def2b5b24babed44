"""The client against a real server, and against one that lies."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.client import LedgerClient, keep, kept
from ledger.errors import (
    ForbiddenError,
    NotFoundError,
    RefusedError,
    TooManyError,
    UnauthenticatedError,
    UnavailableError,
)
from ledger.jose import SigningKey
from tests.integration.conftest import Join
from tests.support.actor import Actor, policy_of
from tests.support.check import head, wait_for
from tests.support.clients import Terminal, login_of
from tests.support.server import Server

PAGE = (Path(__file__).parents[3] / "docs/how-to/sign-in-a-terminal.md").read_text()


@contextmanager
def signed_in(actor: Actor, server: Server, key: SigningKey) -> Iterator[LedgerClient]:
    with LedgerClient(login_of(actor, server, key)) as client:
        yield client


def test_a_program_lists_reads_approves_and_waits(server: Server, alice: Actor, join: Join) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    drafted = alice.draft(policy=policy_of(1, robot))
    wait_for(server, drafted.answer["position"])
    with signed_in(robot, server, key) as client:
        listed = next(each for each in client.inbox() if each.id == drafted.id)
        assert (listed.status, listed.needed, listed.sha256) == ("pending", 1, drafted.sha256)
        assert client.document(drafted.id) == drafted.document.encode()
        assert client.wait(drafted.id, within_s=0).status == "pending"
        receipt = client.approve(drafted.id, drafted.sha256)
        assert (receipt.status, receipt.approvals) == ("approved", 1)
        assert client.wait(drafted.id, within_s=30).status == "approved"
        assert drafted.id not in [each.id for each in client.inbox()]
        assert client.evidence(drafted.id).startswith(b"PK")


def test_another_digest_signs_nothing(server: Server, alice: Actor, join: Join) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    drafted = alice.draft(policy=policy_of(1, robot))
    before = head(server)
    with signed_in(robot, server, key) as client:
        with pytest.raises(RefusedError, match="document_differs"):
            client.approve(drafted.id, "0" * 64)
        with pytest.raises(RefusedError):
            client.reject(drafted.id, "0" * 64, "The amount is wrong.")
    assert head(server) == before


def test_a_rejection_carries_its_reason(server: Server, alice: Actor, join: Join) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    drafted = alice.draft(policy=policy_of(1, robot))
    with signed_in(robot, server, key) as client:
        receipt = client.reject(drafted.id, drafted.sha256, "The amount is wrong.")
    assert receipt.status == "rejected"


def test_a_session_that_ended_is_opened_again(server: Server, join: Join) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    with signed_in(robot, server, key) as client:
        client.inbox()
        robot.sign_in_by_key("5f0c1a52-6f4e-4f0a-9a51-6d5a2f1c8f10")
        for session in robot.client.get("/api/sessions").json()["items"]:
            if not session["current"]:
                robot.client.post(f"/api/sessions/{session['id']}/end", json={})
        assert client.inbox() is not None


def test_problems_are_raised_by_their_kind(server: Server, alice: Actor, join: Join) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    drafted = alice.draft(policy=policy_of(1, alice))
    with signed_in(robot, server, key) as client:
        with pytest.raises(NotFoundError):
            client.statement("2c3a4b5e-0000-4000-8000-000000000001")
        with pytest.raises((ForbiddenError, NotFoundError)):
            client.approve(drafted.id, drafted.sha256)
    refused = (UnauthenticatedError, ForbiddenError, RefusedError)
    with signed_in(robot, server, SigningKey.generate()) as client, pytest.raises(refused):
        client.inbox()


def test_the_document_of_another_statement_is_refused(
    server: Server, alice: Actor, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    mine, other = (alice.draft(policy=policy_of(1, robot)) for _ in range(2))
    before = head(server)
    with signed_in(robot, server, key) as client:
        asked = client._client._ask
        read = asked.read
        monkeypatch.setattr(asked, "read", lambda path: read(path.replace(mine.id, other.id)))
        with pytest.raises(RefusedError, match="document_differs"):
            client.approve(mine.id, other.sha256)
    assert head(server) == before


def test_the_commands_decide_with_the_kept_key(
    server: Server, alice: Actor, join: Join, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    drafted = alice.draft(policy=policy_of(1, robot))
    wait_for(server, drafted.answer["position"])
    keep(tmp_path / "login.json", login_of(robot, server, key))

    def run(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--login", str(tmp_path / "login.json")])
        return code, capsys.readouterr().out

    code, listed = run("list")
    assert (code, drafted.id in listed) == (ExitCode.DONE, True)
    code, shown = run("show", drafted.id)
    assert (code, f"SHA-256:  {drafted.sha256}" in shown) == (ExitCode.DONE, True)
    assert json.loads(run("show", drafted.id, "--json")[1])["document"] == drafted.document
    assert run("wait", drafted.id, "--within", "0") == (ExitCode.UNVERIFIABLE, "pending\n")
    assert run("sign", drafted.id, "--digest", "0" * 64) == (ExitCode.USAGE, "")
    code, said = run("sign", drafted.id, "--digest", drafted.sha256)
    assert (code, "The statement is approved." in said) == (ExitCode.DONE, True)
    assert run("wait", drafted.id) == (ExitCode.DONE, "approved\n")
    rejected = alice.draft(policy=policy_of(1, robot))
    reason = ("--reason", "The amount is wrong.")
    assert run("reject", rejected.id, "--digest", rejected.sha256, *reason)[0] == ExitCode.DONE
    assert run("wait", rejected.id) == (ExitCode.UNMET, "rejected\n")
    assert json.loads(run("list", "--status", "approved", "--json")[1])
    assert main(["list", "--login", str(tmp_path / "nowhere.json")]) == ExitCode.USAGE


def test_a_wait_outlasts_a_restart_and_a_quota(
    server: Server, alice: Actor, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    drafted = alice.draft(policy=policy_of(1, robot))
    wait_for(server, drafted.answer["position"])
    errors = [UnavailableError("peer_unreachable", "down"), TooManyError("rate_limited", "slow")]
    monkeypatch.setattr("ledger.client.async_reader._EVERY_S", 0.01)
    with signed_in(robot, server, key) as client:
        client.approve(drafted.id, drafted.sha256)
        ask = client._client.statement

        async def failing(name: str) -> Any:
            if errors:
                raise errors.pop()
            return await ask(name)

        monkeypatch.setattr(client._client, "statement", failing)
        assert client.wait(drafted.id, within_s=60).status == "approved"
        errors.append(UnavailableError("peer_unreachable", "down"))
        with pytest.raises(UnavailableError):
            client.wait(drafted.id, within_s=0)


def test_an_approval_signed_without_a_network_is_carried_and_taken(
    server: Server, alice: Actor, join: Join, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    drafted, other = (alice.draft(policy=policy_of(1, robot)) for _ in range(2))
    wait_for(server, other.answer["position"])
    (tmp_path / "key.pem").write_bytes(key.to_pem())
    document, jws = tmp_path / "document.json", tmp_path / "approval.jws"
    run = Terminal(login_of(robot, server, key), tmp_path / "login.json", capsys).run
    assert run("show", drafted.id, "--output", str(document))[0] == ExitCode.DONE
    assert document.read_bytes() == drafted.document.encode()
    sign = ["jws", "sign", "--approval", "--key", str(tmp_path / "key.pem"), str(document)]
    assert main(sign) == ExitCode.DONE
    jws.write_text(capsys.readouterr().out)
    for more in (["--iat"], ["--kid", "a"], ["--typ", "b"], ["--key", str(tmp_path / "key.pem")]):
        assert main([*sign, *more]) == ExitCode.USAGE
    (tmp_path / "junk").write_text("{}")
    assert main([*sign[:-1], str(tmp_path / "junk")]) == ExitCode.INVALID
    capsys.readouterr()
    send = ("sign", drafted.id, "--digest", drafted.sha256, "--jws")
    before = head(server)
    assert run("sign", other.id, "--digest", other.sha256, "--jws", str(jws))[0] == ExitCode.USAGE
    assert run(*send, str(tmp_path / "junk"))[0] == ExitCode.USAGE
    assert head(server) == before
    assert "The statement is approved." in run(*send, str(jws))[1]


def test_a_login_that_nobody_confirms_leaves_the_earlier_one(
    server: Server, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot = join("Robot")
    path = tmp_path / "login.json"
    earlier = login_of(robot, server, SigningKey.generate())
    keep(path, earlier)
    monkeypatch.setattr("ledger.cli.login.WITHIN_S", 0)
    command = ["login", server.origin, f"{robot.user}.nonce", "--login", str(path)]
    assert main(command) == ExitCode.USAGE  # the file holds a login
    assert main([*command, "--replace"]) == ExitCode.UNMET
    assert kept(path) == earlier
    assert [each.name for each in tmp_path.iterdir()] == ["login.json"]


def test_the_lines_of_the_page_run(
    server: Server, alice: Actor, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SigningKey.generate()
    robot = join("Robot", role="creator", key=key)
    drafted = alice.draft(policy=policy_of(1, robot))
    wait_for(server, drafted.answer["position"])
    keep(tmp_path / "login.json", login_of(robot, server, key))
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    exec(compile(code, "page", "exec"), {})  # noqa: S102  # our own page
    with signed_in(robot, server, key) as client:
        assert client.statement(drafted.id).status == "approved"
