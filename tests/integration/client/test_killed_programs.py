"""A guarded program that is killed: it runs once, or a person has to find out."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.main import main
from ledger.client import (
    ApprovalRules,
    KeptLogin,
    LedgerClient,
    keep,
    requires_approval,
)
from ledger.client.guard import Guarded
from ledger.errors import ConflictError, UnavailableError
from ledger.jose import SigningKey
from tests.integration.conftest import Join
from tests.support.actor import Actor
from tests.support.check import head
from tests.support.clients import approve, login_of
from tests.support.server import Server

PROGRAM = """
import os, signal, sys
from functools import partial
from pathlib import Path
from ledger.client import ApprovalRules, kept, requires_approval
from ledger.system import private_files

here, dies_at = Path(sys.argv[1]), sys.argv[2]
rules = ApprovalRules(policy={policy}, within_s=0)

@requires_approval(kept(here / "login.json"), here / "calls", rules, action="deploy")
def deploy(service, version):
    with (here / "ran").open("a") as file:
        file.write(f"{{service}} {{version}}\\n")
    if dies_at == "running":
        die()

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def create(path, content, kept=private_files.create):
    return die() if path.suffix == f".{{dies_at}}" else kept(path, content)

if dies_at == "used":  # the ledger has the use, the program not yet its receipt
    private_files.replace = die
if dies_at == "begun":  # the program has its receipt, and did not begin
    private_files.create = create
deploy("web", "1.4.2")
"""


def run_program(directory: Path, actor: Actor, dies_at: str) -> int:
    program = PROGRAM.format(policy=policy(actor))
    done = subprocess.run(
        [sys.executable, "-c", program, str(directory), dies_at],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.fixture
def login(server: Server, join: Join) -> KeptLogin:
    key = SigningKey.generate()
    return login_of(join("Robot", role="creator", key=key), server, key)


def deploy_of(login: KeptLogin, directory: Path, actor: Actor) -> Guarded[[str, str], None]:
    """Return the same guarded function as the program has, in this process."""
    rules = ApprovalRules(policy=policy(actor), within_s=0)

    @requires_approval(login, directory / "calls", rules, action="deploy")
    def deploy(service: str, version: str) -> None:
        raise AssertionError

    return deploy


def policy(actor: Actor) -> dict[str, Any]:
    return {"threshold": 1, "of": [f"user:{actor.user}"], "creatorMaySign": False}


def uses(login: KeptLogin, statement_id: str) -> list[str | None]:
    with LedgerClient(login) as client:
        return [each.outcome for each in client.statement(statement_id).uses]


@pytest.mark.parametrize("dies_at", ["used", "begun"])
def test_a_program_killed_between_use_and_run_finds_its_use_again_and_runs_once(
    carol: Actor, login: KeptLogin, server: Server, tmp_path: Path, dies_at: str
) -> None:
    keep(tmp_path / "login.json", login)
    asked = deploy_of(login, tmp_path, carol).propose("web", "1.4.2")
    approve(carol, asked.id)
    assert run_program(tmp_path, carol, dies_at) == -signal.SIGKILL
    assert uses(login, asked.id) == [None]
    assert not (tmp_path / "ran").exists()
    before = head(server)
    assert run_program(tmp_path, carol, "never") == 0
    assert (tmp_path / "ran").read_text() == "web 1.4.2\n"
    assert head(server) == before + 1  # the outcome; no second use
    assert uses(login, asked.id) == ["done"]


def test_a_program_killed_while_it_ran_does_not_run_again_until_somebody_reports(
    carol: Actor, login: KeptLogin, tmp_path: Path
) -> None:
    keep(tmp_path / "login.json", login)
    run = deploy_of(login, tmp_path, carol)
    asked = run.propose("web", "1.4.2")
    approve(carol, asked.id)
    assert run_program(tmp_path, carol, "running") == -signal.SIGKILL
    for again in (run, run.under(asked.id)):
        with pytest.raises(ConflictError, match="outcome_unknown"):
            again("web", "1.4.2")
    use = tmp_path / "calls" / f"{asked.id}.use.json"
    arguments = ["outcome", str(use), "done", "--login", str(tmp_path / "login.json")]
    assert main(arguments) == 0
    with pytest.raises(UnavailableError, match="approval_pending"):
        run("web", "1.4.2")  # a new approval
    assert (tmp_path / "ran").read_text() == "web 1.4.2\n"
