"""A body that was changed is in no bundle, also where its entry was changed to fit."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.cli.main import main
from ledger.domain.entry import entry_hash
from tests.support.actor import Actor
from tests.support.server import Server
from tests.support.states import without_triggers

MODES = ("statement", "redacted", "full")


def damaged(ledger: Path, copy: Path) -> str:
    """Copy a ledger, change one byte of a draft's body, and return the statement's id."""
    shutil.copytree(ledger, copy)
    with closing(sqlite3.connect(copy / "log.sqlite")) as db, without_triggers(db):
        query = "SELECT stream, pos, data FROM ev JOIN body USING(pos) WHERE tag = ? LIMIT 1"
        stream, position, body = db.execute(query, ("statement-drafted.v1",)).fetchone()
        at = body.rindex(b'"act":"') + 10
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        db.execute("UPDATE body SET data = ? WHERE pos = ?", (changed, position))
    return str(UUID(bytes=stream))


def retitled(log: Path) -> str:
    """Change the title of a draft, with all that is public about it, and return its id."""
    with closing(sqlite3.connect(log)) as db, without_triggers(db):
        query = (
            "SELECT stream, pos, data, entry FROM ev JOIN body USING(pos)"
            " WHERE tag = 'statement-drafted.v1' AND instr(data, ?) LIMIT 1"
        )
        stream, position, sealed, entry = db.execute(query, (b"Series A",)).fetchone()
        changed = sealed.replace(b"Series A", b"Series B")
        digest, was = (hashlib.sha256(each).hexdigest().encode() for each in (changed, sealed))
        entry = entry.replace(was, digest)
        db.execute("UPDATE body SET data = ? WHERE pos = ?", (changed, position))
        values = (entry, entry_hash(entry), position)
        db.execute("UPDATE ev SET entry = ?, leaf = ? WHERE pos = ?", values)
    return str(UUID(bytes=stream))


@pytest.mark.parametrize("mode", MODES)
def test_a_statement_with_a_changed_body_is_not_exported(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    statement = damaged(ledger, tmp_path / "copy")
    out = tmp_path / "bundle.zip"
    options = ["--format", "bundle", "--mode", mode, "--output", str(out)]
    assert main(["export", statement, *options, "--data", str(tmp_path / "copy")]) == 1
    assert "body_mismatch" in capsys.readouterr().err


@pytest.mark.parametrize("mode", MODES)
def test_a_bundle_that_would_not_verify_is_not_written(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ledger, copy)
    statement = retitled(copy / "log.sqlite")
    out = tmp_path / "bundle.zip"
    options = ["--format", "bundle", "--mode", mode, "--output", str(out)]
    assert main(["export", statement, *options, "--data", str(copy)]) == 1
    assert "bundle_invalid" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.sqlite("it edits the file of the log")
def test_a_server_sends_no_bundle_that_would_not_verify(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    server.start()
    try:
        with server.client() as client:
            alice = Actor(client, "Alice", server.origin).register("creator")
            drafted = alice.draft(title="Series A")
            address = f"/api/statements/{drafted.id}/"
            assert client.get(f"{address}evidence").status_code == 200
            assert retitled(server.data / "log.sqlite") == drafted.id
            for path in ("evidence", "certificate"):
                answer = client.get(address + path)
                assert (answer.status_code, answer.json()["code"]) == (500, "internal")
            assert "bundle_invalid" in server.output
    finally:
        server.stop()
