"""`ledger restore` from before erasures: it erases again, or brings back what it is told to."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger.verify.bundle import verify
from tests.integration.http.company import Company
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.operators import REASON, ledger, lose_log
from tests.support.server import Server

TITLE, OTHER = "Terms of Ilse", "Terms of Jonas"
ORIGIN = "ledger.example/approvals"


class Erased(NamedTuple):
    server: Server
    first: Drafted
    second: Drafted
    ada: Actor


@pytest.fixture
def erased(tmp_path: Path) -> Iterator[Erased]:
    """A server that is down, with a backup from before two erasures, and one from after them.

    The change that erases the second statement does more, so it is not recorded again.
    """
    server = Server(tmp_path / "data", LEDGER_LOG_ORIGIN=ORIGIN, LEDGER_REGISTRATION="open")
    server.start()
    company = Company(server)
    try:
        cal, bob = company.person("Cal").register("creator"), company.person("Bob")
        bob.register("investor")
        drafted = [cal.draft(title=each, policy=policy_of(1, bob)) for each in (TITLE, OTHER)]
        for each in drafted:
            assert bob.approve(each).status_code == 201
        assert ledger(server, "backup", tmp_path / "before").returncode == 0
        one, two = ({"erase": {"statement": each.id, "status": "approved"}} for each in drafted)
        hold = {"hold": {"name": cal.user}}
        assert company.ada.change(one).json()["status"] == "approved"
        assert company.ada.change(two, hold).json()["status"] == "approved"
        assert ledger(server, "backup", tmp_path / "after").returncode == 0
    finally:
        for client in company.clients:
            client.close()
        server.terminate()
    first, second = drafted
    yield Erased(server, first, second, company.ada)
    server.stop()


@pytest.mark.sqlite("a restore in place of a file that is there, which says what was erased")
def test_a_restore_refuses_to_bring_back_what_no_late_act_erases(
    erased: Erased, tmp_path: Path
) -> None:
    server, one, two, _ = erased
    restore = ("restore", tmp_path / "before", "--reason", REASON, "--confirm", ORIGIN)
    done = ledger(server, *restore)
    assert (done.returncode, "erasures_return" in done.stderr) == (2, True), done.stderr
    assert "1 statement(s) or name(s)" in done.stderr
    for each in (one, two):
        assert f"ERASED AFTER THE BACKUP: the statement {each.id} (2 bodies)" in done.stdout
    assert done.stdout.count("is recorded again, as people signed it, and erases again") == 1
    assert done.stdout.count("NOT ERASED AGAIN") == 1
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
    erased: Erased, tmp_path: Path
) -> None:
    server, one, *_ = erased
    lose_log(server)
    restore = ("restore", tmp_path / "before", "--reason", REASON)
    unknown = ledger(server, *restore)
    assert "not_confirmed" in unknown.stderr
    assert "NOT KNOWN: whether something was erased after the backup" in unknown.stdout
    told = ledger(server, *restore, "--confirm", ORIGIN, "--erased-by", tmp_path / "after")
    assert (told.returncode, "erasures_return" in told.stderr) == (2, True), told.stderr
    assert f"the statement {one.id} (2 bodies)" in told.stdout
    wrong = ledger(server, *restore, "--confirm", ORIGIN, "--erased-by", tmp_path / "nowhere")
    assert (wrong.returncode, "copy_unread" in wrong.stderr) == (5, True), wrong.stderr
    itself = ledger(server, *restore, "--erased-by", tmp_path / "before")
    assert f"{tmp_path / 'before'} is not newer than the backup" in itself.stdout
    assert "NOT KNOWN" in itself.stdout


@pytest.mark.sqlite("a restore in place of a file that is there, which says what was erased")
def test_a_restore_erases_again_by_late_acts_and_brings_back_the_rest(
    erased: Erased, tmp_path: Path
) -> None:
    server, one, two, _ = erased
    restore = ("restore", tmp_path / "before", "--reason", REASON, "--confirm", ORIGIN)
    done = ledger(server, *restore, "--bring-back")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "HELD AFTER THE BACKUP: the name of the person" in done.stdout
    audited = ledger(server, "audit", "--json")
    assert audited.returncode == 0, audited.stdout
    (erasure,) = json.loads(audited.stdout)["erasures"]
    assert erasure["statement"] == one.id
    assert TITLE not in ledger(server, "ask", "events").stdout
    assert OTHER in ledger(server, "ask", "approvals", two.id).stdout
    bundle = tmp_path / "change.zip"
    exported = ledger(
        server, "export", erasure["change"], "--format", "bundle", "--mode", "full", "-o", bundle
    )
    assert exported.returncode == 0, exported.stderr
    report = verify(bundle.read_bytes(), now_ms=time.time_ns() // 1_000_000)
    assert report.verdict == "consistent", report
    told_in_reports(server, erasure["change"])
    told_on_pages(erased, erasure["change"])


def told_in_reports(server: Server, change: str) -> None:
    """Say in the trail and in answers which acts are late, and when people signed them."""
    exported = ledger(server, "export", "--format", "jsonl")
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    late = [each for each in lines if each["lateSignedAt"]]
    assert [each["type"] for each in late] == ["statement-drafted.v1", "statement-signed.v1"]
    restored = next(each for each in lines if each["type"] == "ledger-restored.v1")
    for each in late:
        assert (each["stream"], each["lateSignedAt"] < restored["time"]) == (change, True)
        told = f", recorded late, after a restore; signed {each['lateSignedAt']}"
        assert each["summary"].endswith(told)
    (answer,) = json.loads(ledger(server, "ask", "approvals", change, "--json").stdout)
    (row,) = answer["rows"]
    assert row["remark"] == f"recorded late, after a restore; signed {late[1]['lateSignedAt']}"
    in_brief = ledger(server, "ask", "events").stdout
    assert in_brief.count("recorded late, after a restore; signed") == 2


def told_on_pages(erased: Erased, change: str) -> None:
    """Say the same on the pages of the audit and of the change, in the reader's language too."""
    erased.server.start()
    with erased.server.client() as client:
        erased.ada.client = client
        assert erased.ada.sign_in().status_code == 200
        shown = client.get(f"/api/statements/{change}").json()
        (decision,) = shown["decisions"]
        items = client.get(f"/api/timeline?stream={change}").json()["items"]
        late = [each for each in items if each["lateSignedAt"]]
        assert [each["type"] for each in late] == ["statement-signed.v1", "statement-drafted.v1"]
        assert all(each["lateSignedAt"] < each["at"] for each in late)
        signed = [each["lateSignedAt"] for each in late]
        assert signed == [decision["lateSignedAt"], shown["lateSignedAt"]]
        assert client.get("/audit").text.count("recorded late, after a restore; signed") >= 2
        page = client.get(f"/statements/{change}").text
        assert page.count("Recorded late, after a restore that had lost it; signed") == 2
        german = client.get(f"/statements/{change}", headers={"Accept-Language": "de"}).text
        assert german.count("Nachträglich aufgenommen, nach einer Wiederherstellung") == 2


def test_a_restore_from_after_the_erasure_brings_nothing_back(
    erased: Erased, tmp_path: Path
) -> None:
    server, one, *_ = erased
    lose_log(server)
    done = ledger(server, "restore", tmp_path / "after", "--reason", REASON, "--confirm", ORIGIN)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert TITLE not in ledger(server, "ask", "events").stdout
    assert one.id in ledger(server, "ask", "events").stdout
