"""`ledger restore` from before an erasure: refused, or brought back because somebody says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.http.company import Company
from tests.support.actor import Drafted, policy_of
from tests.support.operators import REASON, ledger, lose_log
from tests.support.server import Server

TITLE = "Terms of Ilse"
ORIGIN = "ledger.example/approvals"


@pytest.fixture
def erased(tmp_path: Path) -> Iterator[tuple[Server, Drafted]]:
    """A server that is down, with a backup from before an erasure, and one from after it."""
    server = Server(tmp_path / "data", LEDGER_LOG_ORIGIN=ORIGIN, LEDGER_REGISTRATION="open")
    server.start()
    company = Company(server)
    try:
        cal, bob = company.person("Cal").register("creator"), company.person("Bob")
        bob.register("investor")
        drafted = cal.draft(title=TITLE, policy=policy_of(1, bob))
        assert bob.approve(drafted).status_code == 201
        assert ledger(server, "backup", tmp_path / "before").returncode == 0
        item = {"erase": {"statement": drafted.id, "status": "approved"}}
        assert company.ada.change(item).json()["status"] == "approved"
        assert company.ada.change({"hold": {"name": cal.user}}).json()["status"] == "approved"
        assert ledger(server, "backup", tmp_path / "after").returncode == 0
    finally:
        for client in company.clients:
            client.close()
        server.terminate()
    yield server, drafted
    server.stop()


def test_a_restore_refuses_to_bring_back_what_its_own_log_erased(
    erased: tuple[Server, Drafted], tmp_path: Path
) -> None:
    server, drafted = erased
    restore = ("restore", tmp_path / "before", "--reason", REASON, "--confirm", ORIGIN)
    done = ledger(server, *restore)
    assert (done.returncode, "erasures_return" in done.stderr) == (2, True), done.stderr
    assert f"ERASED AFTER THE BACKUP: the statement {drafted.id} (2 bodies)" in done.stdout
    assert "NOT KNOWN" not in done.stdout
    assert ledger(server, "audit").returncode == 0  # nothing was replaced
    # A backup that continues another one is a part of a log, and not another log.
    assert (
        ledger(server, "backup", tmp_path / "part", "--since", tmp_path / "before").returncode == 0
    )
    part = ledger(server, *restore, "--erased-by", tmp_path / "part")
    assert (part.returncode, "copy_unread" in part.stderr) == (5, True), part.stderr
    assert "a backup that continues another one" in part.stderr


def test_a_newer_backup_says_what_was_erased_when_the_log_is_gone(
    erased: tuple[Server, Drafted], tmp_path: Path
) -> None:
    server, drafted = erased
    lose_log(server)
    restore = ("restore", tmp_path / "before", "--reason", REASON)
    unknown = ledger(server, *restore)
    assert "not_confirmed" in unknown.stderr
    assert "NOT KNOWN: whether something was erased after the backup" in unknown.stdout
    told = ledger(server, *restore, "--confirm", ORIGIN, "--erased-by", tmp_path / "after")
    assert (told.returncode, "erasures_return" in told.stderr) == (2, True), told.stderr
    assert f"the statement {drafted.id} (2 bodies)" in told.stdout
    wrong = ledger(server, *restore, "--confirm", ORIGIN, "--erased-by", tmp_path / "nowhere")
    assert (wrong.returncode, "copy_unread" in wrong.stderr) == (5, True), wrong.stderr
    itself = ledger(server, *restore, "--erased-by", tmp_path / "before")
    assert f"{tmp_path / 'before'} is not newer than the backup" in itself.stdout
    assert "NOT KNOWN" in itself.stdout


def test_with_bring_back_the_statement_can_be_read_and_erased_again(
    erased: tuple[Server, Drafted], tmp_path: Path
) -> None:
    server, drafted = erased
    restore = ("restore", tmp_path / "before", "--reason", REASON, "--confirm", ORIGIN)
    done = ledger(server, *restore, "--bring-back")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "ERASED AFTER THE BACKUP" in done.stdout
    assert "HELD AFTER THE BACKUP: the name of the person" in done.stdout
    assert ledger(server, "audit").returncode == 0
    shown = ledger(server, "ask", "approvals", drafted.id)
    assert TITLE in shown.stdout


def test_a_restore_from_after_the_erasure_brings_nothing_back(
    erased: tuple[Server, Drafted], tmp_path: Path
) -> None:
    server, drafted = erased
    lose_log(server)
    done = ledger(server, "restore", tmp_path / "after", "--reason", REASON, "--confirm", ORIGIN)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert TITLE not in ledger(server, "ask", "events").stdout
    assert drafted.id in ledger(server, "ask", "events").stdout
