"""Programs that act for people of the tests: logins, and commands that run with them."""

from pathlib import Path

import pytest

from ledger.cli.main import main
from ledger.client import KeptLogin, keep
from ledger.client.connection import ledger_at
from ledger.jose import SigningKey
from tests.support.actor import Actor
from tests.support.server import Server


def login_of(actor: Actor, server: Server, key: SigningKey) -> KeptLogin:
    """Return the login of a person's key, with the log keys that the ledger announces."""
    return KeptLogin(
        address=server.origin,
        ledger=actor.ledger,
        user=actor.user,
        key=key.to_pem().decode(),
        log_keys=tuple(each.vkey for each in ledger_at(server.origin).log_keys),
    )


class Terminal:
    """Commands of `ledger` with one login, in this process."""

    def __init__(self, login: KeptLogin, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._path = path
        self._capsys = capsys
        keep(path, login)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit code, and what it printed."""
        code = main([*arguments, "--login", str(self._path)])
        return code, self._capsys.readouterr().out


def approve(actor: Actor, statement_id: str) -> None:
    """Approve a statement as a person does who reads it in a browser."""
    document = actor.client.get(f"/api/statements/{statement_id}/document").text
    assert actor.post_sign(statement_id, actor.approval(document)).status_code == 201
