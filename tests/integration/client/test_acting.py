"""A program asks for an approval, and acts on it once, by the commands and by the client."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ledger.cli.exit_codes import ExitCode
from ledger.client import LedgerClient, new_nonce
from ledger.client.kept_use import kept_use, use_once
from ledger.domain.policy import Policy
from ledger.errors import ConflictError, NotFoundError, RefusedError
from ledger.jose import SigningKey
from ledger.verify.requirements import Requirements
from tests.integration.conftest import Join
from tests.support.actor import Actor, policy_of
from tests.support.check import head
from tests.support.clients import Terminal, login_of
from tests.support.server import Server


def user(actor: Actor) -> str:
    return f"user:{actor.user}"


def usable_by(actor: Actor) -> dict[str, Any]:
    return {"by": [user(actor)], "times": 1}


@pytest.fixture
def robot(join: Join) -> tuple[Actor, SigningKey]:
    key = SigningKey.generate()
    return join("Robot", role="creator", key=key), key


Robot = tuple[Actor, SigningKey]


def test_a_script_drafts_waits_verifies_uses_once_and_reports(
    server: Server,
    carol: Actor,
    robot: Robot,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    actor, key = robot
    run = Terminal(login_of(actor, server, key), tmp_path / "login.json", capsys).run
    content, kept = tmp_path / "content.json", str(tmp_path / "use.json")
    content.write_text('{"service": "web", "version": "1.4.2"}')
    policy, usable = json.dumps(policy_of(1, carol)), json.dumps(usable_by(actor))
    rules = ("--policy", policy, "--usable", usable)
    code, said = run("draft", str(content), "--title", "Deploy web", *rules, "--json")
    drafted = json.loads(said)
    name, digest = drafted["statementId"], drafted["sha256"]
    assert (code, drafted["status"]) == (ExitCode.DONE, "pending")
    use = ("use", name, "--digest", digest, "--keep", kept)
    assert run(*use)[0] == ExitCode.UNMET  # nobody has approved it
    assert run("wait", name, "--for", "use", "--within", "0")[0] == ExitCode.UNVERIFIABLE
    document = carol.client.get(f"/api/statements/{name}/document").text
    assert carol.post_sign(name, carol.approval(document)).status_code == 201
    assert run("wait", name)[0] == ExitCode.DONE
    fetch = ("evidence", name, "--digest", digest, "--require", policy)
    assert run(*fetch, "--used", "never")[0] == ExitCode.DONE
    assert run("use", name, "--digest", "0" * 64, "--keep", f"{kept}.2")[0] == ExitCode.USAGE
    code, said = run(*use)
    assert (code, "Used, number 1" in said) == (ExitCode.DONE, True)
    before = head(server)
    assert run(*use)[0] == ExitCode.DONE  # the file keeps the receipt
    assert head(server) == before
    assert run("use", name, "--digest", digest, "--keep", f"{kept}.3")[0] == ExitCode.UNMET
    assert run("wait", name, "--for", "outcome", "--within", "0")[0] == ExitCode.UNVERIFIABLE
    assert run("outcome", kept, "done")[0] == ExitCode.DONE
    assert kept_use(Path(kept)).stage == "reported"
    assert run("wait", name, "--for", "outcome")[0] == ExitCode.DONE
    assert run(*fetch, "--used", "never")[0] == ExitCode.UNMET
    file = tmp_path / "evidence.zip"
    assert run(*fetch, "--used", "reconciled", "--output", str(file))[0] == ExitCode.DONE
    assert file.read_bytes().startswith(b"PK")
    assert run(*fetch, "--output", str(file))[0] == ExitCode.USAGE  # no file is replaced


def test_a_program_takes_its_own_statement_and_approval_back(
    server: Server, carol: Actor, robot: Robot
) -> None:
    actor, key = robot
    with LedgerClient(login_of(actor, server, key)) as client:
        policy = {"threshold": 2, "of": [user(actor), user(carol)]}
        drafted = client.draft("{}", title="Deploy", policy=policy)
        assert client.approve(drafted.statement_id, drafted.sha256).approvals == 1
        # In the same second: each decision has a later signed time.
        assert client.retract(drafted.statement_id, drafted.sha256).approvals == 0
        assert client.approve(drafted.statement_id, drafted.sha256).approvals == 1
        withdrawn = client.withdraw(drafted.statement_id, drafted.sha256, "Not needed any more.")
        assert withdrawn.status == "withdrawn"
        assert client.wait_used(drafted.statement_id, within_s=60).uses == ()


def test_a_new_version_names_the_one_that_it_replaces(
    server: Server, carol: Actor, robot: Robot
) -> None:
    actor, key = robot
    with LedgerClient(login_of(actor, server, key)) as client:
        first = client.draft("{}", title="Deploy", policy=policy_of(1, carol))
        second = client.draft(
            '{"version":2}',
            title="Deploy",
            policy=policy_of(1, carol),
            supersedes=first.statement_id,
        )
        assert client.statement(first.statement_id).superseded_by == second.statement_id
        assert client.statement(second.statement_id).supersedes == first.statement_id
        with pytest.raises(NotFoundError, match="type_unknown"):
            client.draft("{}", title="Deploy", type="no-such-type")


def test_a_use_whose_answer_is_lost_is_found_again_by_its_nonce(
    server: Server,
    carol: Actor,
    robot: Robot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actor, key = robot
    path = tmp_path / "use.json"
    with LedgerClient(login_of(actor, server, key)) as client:
        drafted = client.draft(
            "{}", title="Pay", policy=policy_of(1, carol), usable=usable_by(actor)
        )
        about = (drafted.statement_id, drafted.sha256)
        document = client.document(drafted.statement_id).decode()
        carol.post_sign(drafted.statement_id, carol.approval(document))
        with monkeypatch.context() as patch:
            patch.setattr("ledger.client.kept_use.keep_use", _die)
            with pytest.raises(KeyboardInterrupt):
                use_once(client, path, *about)
        assert kept_use(path).receipt is None  # the ledger knows, the program does not
        before = head(server)
        found = use_once(client, path, *about)
        assert (found.stage, head(server)) == ("used", before)
        with pytest.raises(ConflictError, match="used_up"):
            client.use(*about, new_nonce())
        with pytest.raises(ConflictError, match="use_kept"):
            use_once(client, path, str(uuid4()), drafted.sha256)


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_evidence_is_verified_under_the_kept_log_keys_and_of_this_statement_alone(
    server: Server, carol: Actor, robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, key = robot
    login = login_of(actor, server, key)
    with LedgerClient(login) as client:
        mine, other = (
            client.draft("{}", title="Deploy", policy=policy_of(1, carol)) for _ in range(2)
        )
        asked = Requirements(policy=Policy(threshold=1, of=(user(carol),)), digest=mine.sha256)
        _, report = client.verified(mine.statement_id, asked)
        assert report.verdict == "verified"
        assert [each.name for each in report.requirements if not each.met] == ["require"]
        old, of_other = client.evidence(mine.statement_id, new_nonce()), other.statement_id
        evidence = client._client.evidence

        async def of_before(*_: str) -> bytes:
            return old

        async def of_another(_: str, nonce: str) -> bytes:
            return await evidence(of_other, nonce)

        for lie in (of_before, of_another):
            monkeypatch.setattr(client._client, "evidence", lie)
            with pytest.raises(RefusedError, match="evidence_differs"):
                client.verified(mine.statement_id)
    unknown = type(login)(**{**_members(login), "log_keys": ()})
    with LedgerClient(unknown) as client:
        assert client.verified(mine.statement_id)[1].verdict == "consistent"


def _members(login: Any) -> dict[str, Any]:
    return {name: getattr(login, name) for name in login.__struct_fields__}
