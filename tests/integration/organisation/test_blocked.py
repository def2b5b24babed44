"""Whom the organisation blocks, and what a provider that fails keeps from nobody."""

import socket
import time
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from tests.integration.http.company import Company
from tests.integration.organisation.members import code_of, member
from tests.support.actor import policy_of
from tests.support.directory import Directory, link, unlink
from tests.support.mailboxes import about, until, verified
from tests.support.post_office import PostOffice, text_of
from tests.support.receiver import Receiver
from tests.support.server import Server
from tests.support.unused_names import unused
from tests.support.webhooks import register

LATE: dict[str, Any] = {"timeout": 60}


def test_who_is_ended_there_hears_nothing_from_here(company: Company, directory: Directory) -> None:
    assert company.ada.invite("administrator", "for Cleo").status_code == 201
    cleo = company.person("Cleo").register("administrator", "for Cleo")
    assert link(cleo, "sub-cleo").status_code == 204
    user = directory.user(unused("cleo"), external_id="sub-cleo")
    with closing(Receiver()) as receiver, company.server.client() as stranger:
        webhook, _ = register(cleo, receiver)
        feeds = cleo.client.post("/api/feeds", json={}).json()
        assert stranger.get(feeds["inbox"]).status_code == 200
        assert directory.set_active(user, active=False).status_code == 200
        assert stranger.get(feeds["inbox"]).status_code == 404
        assert stranger.get(feeds["deadlines"]).status_code == 404
        drafted = member(company).draft(policy=policy_of(1, company.ada))

        def paused() -> str:
            listed = company.ada.client.get("/api/webhooks").json()["items"]
            (found,) = [each["paused"] for each in listed if each["id"] == webhook]
            return found or ""

        assert until(lambda: "blocked" in paused())
        assert not any(drafted.id.encode() in each.body for each in receiver.received)
        assert directory.set_active(user, active=True).status_code == 200
        assert stranger.get(feeds["inbox"]).status_code == 200
        company.ada.client.post(f"/api/webhooks/{webhook}/remove", json={})


def test_administrators_hear_by_mail_whom_the_directory_blocks(
    company: Company, directory: Directory, office: PostOffice
) -> None:
    mia, bob = member(company), member(company, "Bob")
    address, of_bob = verified(company.ada, office), verified(bob, office)
    assert link(mia, "sub-mail").status_code == 204
    user = directory.user(unused("mail"), external_id="sub-mail")

    def told() -> list[str]:
        words = "blocks a person"
        return [
            str(each["To"])
            for each in office.letters
            if words in str(each["Subject"]) and mia.user in text_of(each)
        ]

    for times in (1, 2):  # each block is told once
        assert directory.set_active(user, active=False).status_code == 200
        assert until(lambda times=times: len(told()) == times)  # type: ignore[misc]  # mypy knows no default of a lambda
        assert directory.set_active(user, active=True).status_code == 200
    assert {*told()} == {address}
    assert of_bob not in told()
    letter = office.wait_for(about(address, "blocks a person"))
    assert mia.name not in str(letter)


def test_an_account_is_told_to_its_person_and_forgotten_with_their_name(
    company: Company, directory: Directory
) -> None:
    mia, name = member(company), unused("mia.long@example.com")
    assert link(mia, "sub-told").status_code == 204
    directory.user(name, external_id="sub-told")
    said = mia.client.get("/api/access-report").text
    assert "sub-told" in said
    assert name in said
    for item in ({"deactivate": {"user": mia.user}}, {"erase": {"name": mia.user}}):
        changed = company.ada.change(item)
        assert changed.json()["status"] == "approved", changed.text

    def linked() -> set[str]:
        seen = company.ada.client.get("/api/organisation").json()
        return {each["user"] for each in seen["people"]}

    assert until(lambda: mia.user not in linked())


def test_no_administrator_unlinks_their_own_account(company: Company) -> None:
    assert company.ada.invite("administrator", "for Dan").status_code == 201
    dan = company.person("Dan").register("administrator", "for Dan")
    assert link(dan, "sub-dan").status_code == 204
    assert code_of(unlink(dan, dan.user)) == (403, "own_account")
    button = f'data-action="unlink" data-user="{dan.user}"'
    assert button not in dan.client.get("/organisation").text
    assert button in company.ada.client.get("/organisation").text
    assert unlink(company.ada, dan.user).status_code == 204


def test_a_provider_that_hangs_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=32)) as silent:
        server = Server(
            tmp_path / "data",
            LEDGER_OIDC_ISSUER=f"http://127.0.0.1:{silent.getsockname()[1]}",
            LEDGER_OIDC_CLIENT_ID="ledger",
            LEDGER_OIDC_PRIVATE_HOSTS="127.0.0.1",
        )
        server.start()
        asking = [
            Thread(target=httpx.get, args=(f"{server.origin}/organisation/begin",), kwargs=LATE)
            for _ in range(8)
        ]
        try:
            for each in asking:
                each.start()
            time.sleep(0.3)  # until they wait for the provider
            with server.client() as client:
                began_s = time.monotonic()
                assert client.post("/api/authenticate/options", json={}).status_code == 200
                assert client.get("/signin").status_code == 200
                assert time.monotonic() - began_s < 2.0
        finally:
            for each in asking:
                each.join()
            server.stop()
