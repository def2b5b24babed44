"""A guarded function runs only as people approved it, and once, however its program ends."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.client import ApprovalRules, KeptLogin, LedgerClient, keep, requires_approval
from ledger.client.guard import Guarded
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedError,
    RefusedError,
    UnavailableError,
)
from ledger.jose import SigningKey
from tests.integration.conftest import Join
from tests.support.actor import Actor
from tests.support.check import head
from tests.support.clients import approve, login_of
from tests.support.server import Server

Deploy = Callable[..., Guarded[[str, str], str]]


def policy(actor: Actor, **members: Any) -> dict[str, Any]:
    return {"threshold": 1, "of": [f"user:{actor.user}"], "creatorMaySign": False} | members


@pytest.fixture
def login(server: Server, join: Join) -> KeptLogin:
    key = SigningKey.generate()
    return login_of(join("Robot", role="creator", key=key), server, key)


@pytest.fixture
def ran() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def deploy(login: KeptLogin, carol: Actor, tmp_path: Path, ran: list[tuple[str, str]]) -> Deploy:
    def guarded(**rules: Any) -> Guarded[[str, str], str]:
        members: dict[str, Any] = {"policy": policy(carol), "within_s": 0} | rules

        @requires_approval(login, tmp_path / "calls", ApprovalRules(**members), action="deploy")
        def run(service: str, version: str) -> str:
            ran.append((service, version))
            if version == "broken":
                raise RuntimeError("the deployment failed")
            return f"{service} {version}"

        return run

    return guarded


def shown(login: KeptLogin, statement_id: str) -> Any:
    with LedgerClient(login) as client:
        return client.statement(statement_id)


def test_a_call_waits_runs_once_as_approved_and_not_a_second_time(
    deploy: Deploy, carol: Actor, login: KeptLogin, tmp_path: Path, ran: list[tuple[str, str]]
) -> None:
    run = deploy()
    with pytest.raises(UnavailableError, match="approval_pending"):
        run("web", "1.4.2")
    asked = run.propose("web", "1.4.2")  # the same call, and the same statement
    with LedgerClient(login) as client:
        said = json.loads(json.loads(client.document(asked.id))["content"])
    assert said == {"action": "deploy", "arguments": {"service": "web", "version": "1.4.2"}}
    assert ran == []
    approve(carol, asked.id)
    assert run("web", "1.4.2") == "web 1.4.2"
    (use,) = shown(login, asked.id).uses
    assert use.outcome == "done"
    assert [each.name for each in (tmp_path / "calls").iterdir()] == [f"{asked.id}.begun"]
    with pytest.raises(UnavailableError, match="approval_pending"):
        run("web", "1.4.2")  # it asks anew
    with pytest.raises(ConflictError, match="used_up"):
        run.under(asked.id)("web", "1.4.2")
    assert ran == [("web", "1.4.2")]


def test_a_changed_argument_and_another_function_are_refused_and_use_nothing(
    deploy: Deploy, carol: Actor, login: KeptLogin, tmp_path: Path, ran: list[tuple[str, str]]
) -> None:
    run = deploy()
    asked = run.propose("web", "1.4.2")
    approve(carol, asked.id)
    for arguments in (("web", "1.4.3"), ("Web", "1.4.2"), ("web", "1.4.2 ")):
        with pytest.raises(RefusedError, match="arguments_differ"):
            run.under(asked.id)(*arguments)
    other = requires_approval(
        login, tmp_path / "calls", ApprovalRules(policy=policy(carol)), action="delete"
    )(lambda service, version: ran.append((service, version)))
    with pytest.raises(RefusedError, match="arguments_differ"):
        other.under(asked.id)("web", "1.4.2")
    assert shown(login, asked.id).uses == ()
    assert run.under(asked.id)("web", "1.4.2") == "web 1.4.2"
    assert ran == [("web", "1.4.2")]


def test_a_policy_other_than_the_programs_own_requirement_is_refused(
    deploy: Deploy, carol: Actor, bob: Actor, login: KeptLogin, ran: list[tuple[str, str]]
) -> None:
    asked = deploy(policy=policy(bob)).propose("web", "1.4.2")
    approve(bob, asked.id)
    with pytest.raises(RefusedError, match="approval_unproven"):
        deploy().under(asked.id)("web", "1.4.2")
    with pytest.raises(RefusedError, match="policy_own"):
        deploy(policy=policy(carol, creatorMaySign=True)).propose("web", "1.4.2")
    # The program drafts a policy that its own key meets, approves it, and still does not run.
    with LedgerClient(login) as client:
        own = {"threshold": 1, "of": [f"user:{login.user}"]}
        content = json.loads(client.document(asked.id))["content"]
        usable = {"by": [f"user:{login.user}"], "times": 1}
        drafted = client.draft(content, title="Run deploy", policy=own, usable=usable)
        client.approve(drafted.statement_id, drafted.sha256)
    for rules in (own, policy(carol)):
        with pytest.raises(RefusedError, match="policy_own"):
            deploy(policy=rules).under(drafted.statement_id)("web", "1.4.2")
    assert ran == []


def test_a_statement_that_another_person_drafted_is_no_leave_to_run(
    deploy: Deploy,
    server: Server,
    join: Join,
    carol: Actor,
    login: KeptLogin,
    ran: list[tuple[str, str]],
) -> None:
    asked = deploy().propose("web", "1.4.2")
    key = SigningKey.generate()
    friend = login_of(join("Friend", role="creator", key=key), server, key)
    with LedgerClient(login) as client:
        content = json.loads(client.document(asked.id))["content"]
    usable = {"by": [f"user:{login.user}"], "times": 1}
    with LedgerClient(friend) as client:
        drafted = client.draft(content, title="Run deploy", policy=policy(carol), usable=usable)
    approve(carol, drafted.statement_id)
    with pytest.raises(RefusedError, match="approval_unproven"):
        deploy().under(drafted.statement_id)("web", "1.4.2")
    assert ran == []


@pytest.mark.parametrize(
    "more", [{"veto": ["role:investor"]}, {"expiresAt": "2030-01-01T00:00:00.000Z"}]
)
def test_what_evidence_cannot_show_is_not_required_in_silence(
    deploy: Deploy, carol: Actor, more: dict[str, Any], ran: list[tuple[str, str]]
) -> None:
    with pytest.raises(MalformedError, match="policy_invalid"):
        deploy(policy=policy(carol, **more)).propose("web", "1.4.2")
    assert ran == []


def test_without_known_log_keys_nothing_runs(
    deploy: Deploy, carol: Actor, login: KeptLogin, tmp_path: Path, ran: list[tuple[str, str]]
) -> None:
    asked = deploy().propose("web", "1.4.2")
    approve(carol, asked.id)
    members = {name: getattr(login, name) for name in login.__struct_fields__}
    unknown = KeptLogin(**(members | {"log_keys": ()}))
    rules = ApprovalRules(policy=policy(carol))
    guarded = requires_approval(unknown, tmp_path / "calls", rules, action="deploy")
    with pytest.raises(RefusedError, match="approval_unproven"):
        guarded(lambda service, version: ran.append((service, version))).under(asked.id)(
            "web", "1.4.2"
        )
    assert ran == []


def test_a_rejected_call_is_refused_and_asked_anew(
    deploy: Deploy, carol: Actor, ran: list[tuple[str, str]]
) -> None:
    run = deploy()
    asked = run.propose("web", "2.0")
    reason = carol.act(
        "reject", statementId=asked.id, sha256=asked.sha256, reason="Not on a Friday."
    )
    assert carol.client.post(f"/api/statements/{asked.id}/reject", json={"act": reason}).is_success
    with pytest.raises(RefusedError, match="approval_refused"):
        run("web", "2.0")
    assert run.propose("web", "2.0").id != asked.id
    assert ran == []


def test_an_error_of_the_function_leaves_the_outcome_unknown_and_is_not_repeated(
    deploy: Deploy, carol: Actor, login: KeptLogin, ran: list[tuple[str, str]]
) -> None:
    run = deploy()
    asked = run.propose("web", "broken")
    approve(carol, asked.id)
    with pytest.raises(RuntimeError, match="the deployment failed"):
        run("web", "broken")
    (use,) = shown(login, asked.id).uses
    assert use.outcome == "unknown"
    with pytest.raises(UnavailableError, match="approval_pending"):
        run("web", "broken")
    assert ran == [("web", "broken")]


@pytest.mark.parametrize(
    "argument", [1.5, b"x", {1: "a"}, {"é": 1}, float("nan"), "\ud800", 2**53 + 1]
)
def test_arguments_that_are_no_plain_json_are_refused_before_anything_is_asked(
    server: Server, deploy: Deploy, argument: Any
) -> None:
    before = head(server)
    with pytest.raises(MalformedError, match="argument_invalid"):
        deploy()("web", argument)
    with pytest.raises(TypeError):
        deploy()("web")  # type: ignore[call-arg]  # as the function itself would
    assert head(server) == before


def test_a_report_that_the_ledger_did_not_take_is_made_by_the_next_run(
    deploy: Deploy, carol: Actor, login: KeptLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = deploy()
    asked = run.propose("web", "1.4.2")
    approve(carol, asked.id)

    def down(*_: object) -> None:
        raise UnavailableError("peer_unreachable", "down")

    with monkeypatch.context() as patch:
        patch.setattr(LedgerClient, "report", down)
        assert run("web", "1.4.2") == "web 1.4.2"
    assert [each.outcome for each in shown(login, asked.id).uses] == [None]
    with pytest.raises(UnavailableError, match="approval_pending"):
        run("web", "1.4.2")
    assert [each.outcome for each in shown(login, asked.id).uses] == ["done"]


@pytest.mark.parametrize("junk", [b"", b"{}", b"\xff", b"[" * 9000])
def test_damaged_files_of_a_call_stop_it(
    deploy: Deploy, carol: Actor, tmp_path: Path, junk: bytes, ran: list[tuple[str, str]]
) -> None:
    run = deploy()
    asked = run.propose("web", "1.4.2")
    approve(carol, asked.id)
    (kept,) = (tmp_path / "calls").glob("*.json")
    whole = kept.read_bytes()
    kept.write_bytes(junk)
    with pytest.raises(LedgerError):
        run("web", "1.4.2")
    kept.write_bytes(whole)
    (tmp_path / "calls" / f"{asked.id}.use.json").write_bytes(junk)
    with pytest.raises(LedgerError):
        run("web", "1.4.2")
    assert ran == []


def test_the_lines_of_the_page_run(
    carol: Actor,
    login: KeptLogin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(tmp_path / "login.json", login)
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[3] / "docs/how-to/let-an-agent-act.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    wait = LedgerClient.wait

    def approved_meanwhile(client: LedgerClient, statement_id: str, **more: Any) -> Any:
        approve(carol, statement_id)
        return wait(client, statement_id, **more)

    monkeypatch.setattr(LedgerClient, "wait", approved_meanwhile)
    exec(compile(code, "page", "exec"), {"__name__": "page"})  # noqa: S102  # our own page
    assert capsys.readouterr().out == "deployed web 1.4.2\n"
