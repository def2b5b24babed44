"""A ledger with an erasure: what others kept from before it, and what they fetch after, is good."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from ledger.__main__ import main
from ledger.encoding import b64u_decode
from tests.integration.http.company import Company
from tests.support.actor import Drafted, policy_of
from tests.support.check import check_ledger, wait_until_published
from tests.support.evidence import log_keys
from tests.support.server import Server


class ErasedLedger(NamedTuple):
    """A server; a statement that was erased, one that was not, and what was kept before."""

    server: Server
    gone: Drafted
    kept: Drafted
    directory: Path
    change: str
    auditor: httpx.Client

    def run(self, *arguments: object) -> int:
        """Run a command with the keys of the log; return its exit code."""
        keys = [part for each in log_keys(self.server) for part in ("--log-key", each.vkey)]
        return main([*map(str, arguments), *keys])


def bundle(company: Company, drafted: Drafted, mode: str, path: Path) -> Path:
    address = f"/api/statements/{drafted.id}/evidence"
    answer = company.ada.client.get(address, params={"mode": mode})
    assert answer.status_code == 200, answer.text
    path.write_bytes(answer.content)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[ErasedLedger]:
    server = Server(tmp_path / "data", LEDGER_REGISTRATION="open")
    server.start()
    company = Company(server)
    try:
        cal = company.person("Cal").register("creator")
        bob = company.person("Bob").register("investor")
        gone, kept = (cal.draft(title=name, policy=policy_of(1, bob)) for name in ("Gone", "Kept"))
        position = max(bob.approve(each).json()["position"] for each in (gone, kept))
        assert cal.client.get(f"/log/entries/{position - 1}/proof").status_code == 200
        assert company.ada.invite("auditor", "for Eve").status_code == 201
        eve = company.person("Eve").register("auditor", "for Eve")
        item = {"erase": {"statement": gone.id, "status": "approved"}}
        found = ErasedLedger(server, gone, kept, tmp_path, "", eve.client)
        first = gone.answer["position"] - 1
        for name, path in (("entry.json", ""), ("a.tlog-proof", "/proof")):
            (tmp_path / name).write_bytes(cal.client.get(f"/log/entries/{first}{path}").content)
        bundle(company, kept, "redacted", tmp_path / "before.zip")
        assert found.run("monitor", f"{server.origin}/log/", "--state", tmp_path / "state") == 0
        assert found.run("mirror", f"{server.origin}/log/", tmp_path / "copy") == 0
        asked = company.ada.change(item)
        assert asked.json()["status"] == "approved", asked.text
        wait_until_published(server)
        bundle(company, kept, "redacted", tmp_path / "after.zip")
        yield found._replace(change=asked.json()["statementId"])
        check_ledger(server)
    finally:
        for client in company.clients:
            client.close()
        server.stop()


def test_receipts_bundles_monitors_mirrors_and_the_audit_are_good(
    ledger: ErasedLedger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ledger.server.settings.items():
        monkeypatch.setenv(name, value)
    run, at, log = ledger.run, ledger.directory, f"{ledger.server.origin}/log/"
    assert run("verify", at / "a.tlog-proof", "--entry", at / "entry.json") == 0
    assert run("verify", at / "before.zip") == 0
    assert run("verify", at / "after.zip") == 0
    assert run("verify", log) == 0
    assert run("monitor", log, "--state", at / "state") == 0
    assert run("mirror", log, at / "copy", "--all") == 0
    entries = (at / "copy/tile/entries").rglob("*")
    assert any(b'"bodies-erased.v1"' in each.read_bytes() for each in entries if each.is_file())
    capsys.readouterr()
    assert main(["audit", "--data", str(ledger.server.data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["counts"]["erased"]) == ("verified", 2)


def test_an_auditor_reads_an_event_as_it_is_stored_and_what_erased_it(
    ledger: ErasedLedger,
) -> None:
    gone, kept = (
        ledger.auditor.get(f"/api/events/{each.answer['position']}").json()
        for each in (ledger.gone, ledger.kept)
    )
    assert (gone["body"], gone["salt"], gone["erasedBy"]) == (None, None, ledger.change)
    assert json.loads(gone["entry"])["type"] == "statement-drafted.v1"
    sealed = b64u_decode(kept["salt"]) + kept["body"].encode()
    assert json.loads(kept["entry"])["body"]["sha256"] == hashlib.sha256(sealed).hexdigest()
    assert kept["erasedBy"] is None
    for position, status, code in (
        ("0", 404, "position_unknown"),
        ("999", 404, "position_unknown"),
        ("x", 400, "request_invalid"),
        ("1" * 20, 400, "request_invalid"),
    ):
        answer = ledger.auditor.get(f"/api/events/{position}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
