"""The access report: a person's own, and anybody's for auditors; with what is kept of them."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from ledger.cli.main import main
from ledger.commands.access_report import access_report, kept_outside
from ledger.data_files import LOG_FILE
from ledger.http import access_report as route
from ledger.http import questions
from ledger.organisation.people import AccountLink
from ledger.organisation.scim import ScimUser
from ledger.store.engines import address_of, audited_log, open_directory, open_messages
from ledger.store.ports.directory import DirectoryEntry
from ledger.store.ports.messages import Webhook
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.check import check_ledger
from tests.support.server import Server

PATH = "/api/access-report"


class Told(NamedTuple):
    """Cal drafted a statement that Bob approved, and one that names Bob's id and is Cal's alone."""

    server: Server
    auditor: Actor
    bob: Actor
    cal: Actor
    approved: Drafted
    private: Drafted


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    data = Path(tmp_path_factory.mktemp("told")) / "data"
    server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    company = Company(server)
    try:
        cal = company.person("Cal").register("creator")
        bob = company.person("Bob").register("investor")
        assert company.ada.invite("auditor", "for Eve").status_code == 201
        eve = company.person("Eve").register("auditor", "for Eve")
        approved = cal.draft(title="Terms", policy=policy_of(1, bob))
        assert bob.approve(approved).status_code == 201
        content = f'{{"who":"{bob.user}"}}'
        private = cal.draft(
            title="About Bob", content=content, policy=policy_of(1, cal), readers=[]
        )
        grant = {"grant-role": {"user": bob.user, "role": "creator"}}
        assert company.ada.change(grant).status_code == 201
        yield Told(server, eve, bob, cal, approved, private)
        check_ledger(server)
    finally:
        for client in company.clients:
            client.close()
        server.stop()


def tables(actor: Actor, **query: str) -> dict[str, list[dict[str, Any]]]:
    answer = actor.client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return {
        each["title"].partition(":")[0]: [
            dict(zip(each["columns"], row, strict=True)) for row in each["rows"]
        ]
        for each in answer.json()["tables"]
    }


def test_a_persons_own_report_has_what_they_did_and_what_was_done_to_them(told: Told) -> None:
    found = tables(told.bob)
    did = [each["type"] for each in found["What they did"]]
    assert did[:4] == ["user-registered.v1", "passkey-added.v1", "key-attested.v1", "user-named.v1"]
    assert did[-1] == "statement-signed.v1"
    concerns = [each["type"] for each in found["What was done to them and their data by others"]]
    assert "role-granted.v1" in concerns
    assert "statement-drafted.v1" in concerns  # its policy names Bob
    (part,) = found["Statements they took part in"]
    assert (part["statement"], part["part"]) == (told.approved.id, "decided on or used")
    assert len(found["Sessions"]) == 1
    assert {"Devices", "Mail address", "Messages to them", "Feed"} <= found.keys()


def test_ones_own_report_has_no_statement_that_one_cannot_read(told: Told) -> None:
    assert "About Bob" not in told.bob.client.get(PATH).text
    assert told.private.id not in told.bob.client.get(PATH).text


def test_an_auditor_gets_anybodys_report_by_id_or_name_and_the_access_record_says_so(
    told: Told,
) -> None:
    found = tables(told.auditor, about=told.bob.user)
    assert "About Bob" in str(found)
    assert tables(told.auditor, about="Bob").keys() == found.keys()
    record = told.auditor.client.get("/api/access-record").json()["items"]
    assert record[0] == {
        "at": record[0]["at"],
        "person": {"id": told.auditor.user, "name": "Eve"},
        "kind": "access-report",
        "statementId": None,
        "about": {"id": told.bob.user, "name": "Bob"},
    }
    page = told.auditor.client.get("/access", headers={"Accept": "text/html"}).text
    assert f'Got the access report of <a href="/people/{told.bob.user}">Bob</a>' in page


def test_people_see_in_their_own_report_which_auditor_got_it(told: Told) -> None:
    tables(told.auditor, about="Bob")
    (reads,) = [rows for title, rows in tables(told.bob).items() if title.startswith("Exports")]
    found = [(row["person"], row["what"], row["about"]) for row in reads]
    assert (told.auditor.user, "access-report", told.bob.user) in found


def test_nobody_else_gets_the_report_of_another_person(told: Told) -> None:
    for name in (told.cal.user, "Cal", "00000000-0000-4000-8000-00000000000a", "x"):
        answer = told.bob.client.get(PATH, params={"about": name})
        assert (answer.status_code, answer.json()["code"]) == (403, "auditor_only")
    with told.server.client() as stranger:
        assert stranger.get(PATH).status_code == 401


def test_an_unknown_person_has_no_report(told: Told) -> None:
    answer = told.auditor.client.get(PATH, params={"about": "Nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "user_unknown")


def test_the_page_of_questions_shows_the_part_of_the_log(told: Told) -> None:
    shown = told.auditor.client.get(
        "/audit/questions", params={"question": "access-report", "about": "Bob"}
    ).text
    assert "What was done to them and their data by others" in shown
    assert 'href="/api/access-report?about=Bob"' in shown


def test_the_command_has_the_same_tables(
    told: Told, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in told.server.settings.items():
        monkeypatch.setenv(name, value)
    data = str(told.server.data)
    assert main(["ask", "access-report", "Bob", "--data", data]) == 0
    said = capsys.readouterr().out
    assert "What they did: “Bob”" in said
    assert "Sessions: 1" in said
    assert main(["ask", "access-report", told.bob.user, "--json", "--data", data]) == 0
    assert "About Bob" in capsys.readouterr().out


@pytest.mark.sqlite("a log's file without the files beside it")
def test_the_command_creates_no_file_and_says_what_is_not_here(
    told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in told.server.data.glob(f"{LOG_FILE}*"):
        shutil.copy(each, tmp_path)
    assert main(["ask", "access-report", "Bob", "--data", str(tmp_path)]) == 0
    assert {each.name.partition("-")[0] for each in tmp_path.iterdir()} == {LOG_FILE}
    said = capsys.readouterr().out
    assert "Not here, so not in this report: 2" in said
    assert "Sessions: " not in said


def test_a_report_of_oneself_waits_for_other_members_and_keeps_no_auditor_waiting() -> None:
    assert route.OWN is not questions.TURNS
    assert route.OWN.count == 1


@pytest.mark.sqlite("a copy of a server's files, which is changed")
def test_a_report_has_the_account_at_the_organisation_and_no_secret_of_a_webhook(
    told: Told, tmp_path: Path
) -> None:
    shutil.copytree(told.server.data, data := tmp_path / "data")
    user, address = told.bob.user, address_of(data)
    with closing(open_directory(address, data)) as directory:
        entry = msgspec.json.encode(ScimUser("bob.b", display_name="Bob the Buyer"))
        link = msgspec.json.encode(AccountLink("bob-at-idp", "bob.b", 0, ("buyers",), "7"))
        assert directory.add(DirectoryEntry("link", user, user, "", link))
        assert directory.add(DirectoryEntry("user", "7", "7", "", entry))
    with closing(open_messages(address, data)) as messages:
        url = "https://user:pass@hooks.example:8443/services/SECRET?key=SECRET"
        assert messages.add_webhook(Webhook("w", user, url, b"s" * 32, 0, 0), most=20)
    with closing(audited_log(address).open()) as rows, kept_outside(address, data) as outside:
        _, found = access_report(rows, user, outside, may_read=lambda _: True, most=3)
    by_title = {each.title.partition(":")[0]: each for each in found}
    organisation = by_title["Account at the organisation"].rows
    assert [row[:5] for row in organisation] == [
        ("account", "bob.b", "", "bob-at-idp", "buyers"),
        ("directory", "bob.b", "Bob the Buyer", "", ""),
    ]
    ((_, origin, *_),) = by_title["Webhooks they registered"].rows
    assert origin == "https://hooks.example:8443"
    assert "SECRET" not in str(found)
    for title in ("What they did", "Statements they took part in"):
        assert any("left out here" in note for note in by_title[title].notes)
