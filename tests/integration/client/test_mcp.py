"""`ledger mcp` against the SDK's own client: an agent acts once on what people approved."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from ledger.cli.main import main
from ledger.client import KeptLogin, LedgerClient, keep
from ledger.client.agent_tools import AgentTools
from ledger.errors import ConflictError, LedgerError, MalformedError, RefusedError
from ledger.jose import SigningKey
from ledger.tlog.vkeys import parse_vkey
from ledger.verify.bundle import verify
from tests.integration.conftest import Join
from tests.support.actor import Actor
from tests.support.check import head
from tests.support.clients import approve, login_of
from tests.support.server import Server

CONTENT = {"service": "web", "version": "1.4.2"}
Call = Callable[..., Awaitable[Any]]


def policy(actor: Actor, **members: Any) -> dict[str, Any]:
    return {"threshold": 1, "of": [f"user:{actor.user}"], "creatorMaySign": False} | members


@pytest.fixture
def login(server: Server, join: Join) -> KeptLogin:
    key = SigningKey.generate()
    return login_of(join("Agent", role="creator", key=key), server, key)


def talk(
    login: KeptLogin, directory: Path, said: Callable[[Call], Awaitable[None]], rules: Any
) -> None:
    """Run `ledger mcp` in a process of its own, and talk to it by the SDK's client."""
    keep(directory / "login.json", login)
    arguments = ["-m", "ledger", "mcp", "--login", str(directory / "login.json")]
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    server = StdioServerParameters(
        command=sys.executable, args=[*arguments, "--policy", json.dumps(rules)], env=environment
    )

    async def run() -> None:
        async with Client(server) as client:
            names = [each.name for each in (await client.list_tools()).tools]
            assert names == [
                "list_types",
                "propose",
                "wait",
                "fetch_evidence",
                "use_once",
                "report_outcome",
            ]

            async def call(tool: str, **arguments: Any) -> Any:
                answer = await client.call_tool(tool, arguments)
                (block,) = answer.content
                text = getattr(block, "text", "")
                return text if answer.is_error else json.loads(text)

            await said(call)

    asyncio.run(asyncio.wait_for(run(), timeout=90))


def test_an_agent_proposes_waits_and_acts_once_on_what_a_person_signed(
    carol: Actor, login: KeptLogin, tmp_path: Path
) -> None:
    async def said(call: Call) -> None:
        asked = await call("propose", title="Deploy web 1.4.2", content=CONTENT)
        assert (asked["status"], asked["page"]) == (
            "pending",
            f"{login.address}/statements/{asked['statement']}",
        )
        about = {"statement": asked["statement"], "sha256": asked["sha256"]}
        assert (await call("wait", **about, within_seconds=0))["status"] == "pending"
        assert "approval_unproven" in await call("use_once", **about)
        await asyncio.to_thread(approve, carol, asked["statement"])
        assert (await call("wait", **about))["status"] == "approved"
        other = {"statement": asked["statement"], "sha256": "0" * 64}
        assert "document_differs" in await call("use_once", **other)
        used = await call("use_once", **about)
        assert json.loads(used["content"]) == CONTENT
        assert (used["approvers"], used["file"]) == ([carol.name], str(bundle(used)))
        assert "outcome_unknown" in await call("use_once", **about)
        assert await call("report_outcome", **about, outcome="done") == {"recorded": True}
        assert "used_up" in await call("use_once", **about)
        assert "Input should be" in await call("report_outcome", **about, outcome="perhaps")

    def bundle(used: Any) -> Path:
        return tmp_path / "calls" / f"{used['statement']}.zip"

    talk(login, tmp_path, said, policy(carol))
    (kept,) = (tmp_path / "calls").glob("*.zip")
    keys = [parse_vkey(each) for each in login.log_keys]
    assert verify(kept.read_bytes(), expected_keys=keys, now_ms=0).verdict == "verified"


# --- the tools themselves ------------------------------------------------------------------------


def test_an_agent_chooses_no_policy_and_none_that_its_own_key_meets(
    server: Server, carol: Actor, login: KeptLogin, tmp_path: Path
) -> None:
    before = head(server)
    with pytest.raises(MalformedError, match="policy_missing"):
        AgentTools(login, tmp_path).propose("Deploy", CONTENT, None)
    with pytest.raises(RefusedError, match="policy_own"):
        AgentTools(login, tmp_path, policy(carol, creatorMaySign=True))
    with pytest.raises(MalformedError):
        AgentTools(login, tmp_path, {"threshold": 0})
    with pytest.raises(LedgerError, match="type_unknown"):
        AgentTools(login, tmp_path, policy(carol)).propose("Deploy", CONTENT, "no-such-type")
    assert head(server) == before


def test_an_approval_under_another_policy_is_no_leave_to_act(
    carol: Actor, bob: Actor, login: KeptLogin, tmp_path: Path
) -> None:
    asked = AgentTools(login, tmp_path, policy(bob)).propose("Deploy", CONTENT, None)
    approve(bob, asked.statement)
    tools = AgentTools(login, tmp_path, policy(carol))
    for act in (tools.use_once, tools.evidence):
        with pytest.raises(RefusedError, match="approval_unproven"):
            act(asked.statement, asked.sha256)
    with pytest.raises(MalformedError, match="policy_missing"):
        AgentTools(login, tmp_path).use_once(asked.statement, asked.sha256)
    with LedgerClient(login) as client:
        assert client.statement(asked.statement).uses == ()


def test_an_agent_killed_before_it_got_its_leave_gets_it_by_the_same_nonce(
    server: Server, carol: Actor, login: KeptLogin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = AgentTools(login, tmp_path, policy(carol))
    asked = tools.propose("Deploy", CONTENT, None)
    approve(carol, asked.statement)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ledger.client.kept_use.keep_use", die)
        with pytest.raises(KeyboardInterrupt):
            tools.use_once(asked.statement, asked.sha256)
    before = head(server)
    assert tools.use_once(asked.statement, asked.sha256).sha256 == asked.sha256
    assert head(server) == before
    with pytest.raises(ConflictError, match="outcome_unknown"):
        tools.use_once(asked.statement, asked.sha256)
    tools.report(asked.statement, asked.sha256, "unknown", "The agent was killed.")
    with pytest.raises(ConflictError, match="outcome_known"):
        tools.report(asked.statement, asked.sha256, "done", None)


@pytest.mark.parametrize("statement", ["..", "../../etc/passwd", "2c3a4b5e", "", "a?b#c"])
def test_what_is_no_statement_is_refused_and_makes_no_file(
    carol: Actor, login: KeptLogin, tmp_path: Path, statement: str
) -> None:
    tools = AgentTools(login, tmp_path / "calls", policy(carol))
    for digest in ("0" * 64, "junk"):
        with pytest.raises(LedgerError):
            tools.use_once(statement, digest)
    assert not (tmp_path / "calls").exists()


def test_without_the_package_the_command_says_what_to_install(
    login: KeptLogin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    keep(tmp_path / "login.json", login)
    monkeypatch.delitem(sys.modules, "ledger.cli.mcp_server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert main(["mcp", "--login", str(tmp_path / "login.json")]) == 2
    assert "approval-ledger[mcp]" in capsys.readouterr().err
