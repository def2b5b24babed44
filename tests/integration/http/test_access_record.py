"""The access record: who was shown statements of others is on it before they are shown."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import httpx
import pytest

from tests.integration.conftest import NO_LIMIT, refuses_at
from tests.integration.http.company import Company
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.check import check_ledger
from tests.support.server import Server

HTML = {"Accept": "text/html"}


class World(NamedTuple):
    """An open ledger with an auditor, and a statement that Bob approved."""

    company: Company
    cal: Actor
    bob: Actor
    eve: Actor
    drafted: Drafted

    @property
    def address(self) -> str:
        return f"/api/statements/{self.drafted.id}"

    def record(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.eve.client.get("/api/access-record", params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def kinds(self, who: Actor) -> set[str]:
        return {each["kind"] for each in self.record() if each["person"]["id"] == who.user}


@pytest.fixture
def world(tmp_path: Any) -> Iterator[World]:
    server = Server(tmp_path / "data", LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    company = Company(server)
    try:
        cal = company.person("Cal").register("creator")
        bob = company.person("Bob").register("investor")
        assert company.ada.invite("auditor", "for Eve").status_code == 201
        eve = company.person("Eve").register("auditor", "for Eve")
        drafted = cal.draft(title="Terms", policy=policy_of(1, bob))
        assert bob.approve(drafted).status_code == 201
        yield World(company, cal, bob, eve, drafted)
        check_ledger(server)
    finally:
        for client in company.clients:
            client.close()
        server.stop()


def test_people_who_take_no_part_are_on_record_with_what_they_were_shown(world: World) -> None:
    reads = {
        world.address: "statement",
        f"{world.address}/document": "document",
        f"{world.address}/jws": "jws",
        "/api/statements": "list",
        "/api/timeline": "timeline",
    }
    for address, kind in reads.items():
        assert world.company.ada.client.get(address).status_code == 200
        newest = world.record(limit=1)[0]
        several = kind in ("list", "timeline")
        assert newest == {
            "at": newest["at"],
            "person": {"id": world.company.ada.user, "name": "Ada"},
            "kind": kind,
            "statementId": None if several else world.drafted.id,
            "about": None,
        }


def test_a_page_is_on_record_as_its_data_is(world: World) -> None:
    client = world.company.ada.client
    for page, kinds in (
        (f"/statements/{world.drafted.id}", {"statement"}),
        ("/statements", {"statement", "list"}),
        ("/audit", {"statement", "list", "timeline"}),
    ):
        assert client.get(page).status_code == 200
        assert world.kinds(world.company.ada) == kinds


def test_those_who_take_part_are_not_on_record_unless_they_export(world: World) -> None:
    pages = "/statements", "/audit", "/inbox", f"/statements/{world.drafted.id}"
    for who in (world.cal, world.bob):
        for address in (world.address, f"{world.address}/jws", "/api/statements", *pages):
            assert who.client.get(address).status_code == 200
    assert world.record() == []
    assert world.bob.client.get(f"{world.address}/evidence").status_code == 200
    assert world.bob.client.get(f"{world.address}/evidence?mode=redacted").status_code == 200
    assert world.kinds(world.bob) == {"evidence-statement", "evidence-redacted"}
    assert world.eve.client.get(f"{world.address}/evidence?mode=full").status_code == 200
    assert "evidence-full" in world.kinds(world.eve)


def test_what_was_refused_is_not_on_record(world: World) -> None:
    hidden = world.cal.draft(policy=policy_of(1, world.bob), readers=[])
    client = world.company.ada.client
    address = f"/api/statements/{hidden.id}"
    at = {"minPosition": hidden.answer["position"]}
    assert client.get(address, params=at).status_code == 404
    assert client.get(f"{address}/evidence").status_code == 404
    assert client.get(f"{world.address}/evidence?mode=full").status_code == 403
    assert world.record() == []


def test_a_change_has_no_line_because_everyone_reads_it(world: World) -> None:
    change = world.company.ada.change({"define-role": {"role": "legal"}}).json()
    at = {"minPosition": change["position"]}
    address = f"/api/statements/{change['statementId']}"
    assert world.bob.client.get(address, params=at).status_code == 200
    assert world.record() == []


def test_the_record_is_paged_and_for_auditors_only(world: World) -> None:
    ada, server = world.company.ada, world.company.server
    for address in (world.address, f"{world.address}/jws", f"{world.address}/document"):
        assert ada.client.get(address).status_code == 200
    first = world.eve.client.get("/api/access-record?limit=2").json()
    second = world.eve.client.get(
        "/api/access-record", params={"limit": 2, "cursor": first["next"]}
    ).json()
    kinds = [each["kind"] for each in (*first["items"], *second["items"])]
    assert (kinds, second["next"]) == (["document", "jws", "statement"], None)
    for client in (ada.client, world.bob.client):
        refuses_at(server, partial(client.get, "/api/access-record"), 403, "auditor_only")
    with httpx.Client(base_url=server.origin) as nobody:
        refuses_at(server, partial(nobody.get, "/api/access-record"), 401, "sign_in_required")
    wrong = world.eve.client.get("/api/access-record?cursor=garbage")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor_invalid")


@pytest.mark.sqlite("the lock of the file of the operational state")
def test_a_read_that_cannot_be_recorded_is_refused(world: World) -> None:
    client, state = world.company.ada.client, world.company.server.data / "state.sqlite"
    client.timeout = world.bob.client.timeout = 60  # the server waits for the lock first
    show_page = partial(client.get, f"/statements/{world.drafted.id}", headers=HTML)
    export = partial(world.bob.client.get, f"{world.address}/evidence")
    with (
        closing(sqlite3.connect(state, isolation_level=None)) as other,
        ThreadPoolExecutor() as waiting,
    ):
        other.execute("BEGIN IMMEDIATE")  # nobody else can write
        asked = [waiting.submit(each) for each in (show_page, export)]
        refuses_at(
            world.company.server, lambda: client.get(world.address), 503, "state_unavailable"
        )
        page, evidence = [each.result() for each in asked]
        assert (page.status_code, "Terms" in page.text) == (503, False)
        assert (evidence.status_code, evidence.json()["code"]) == (503, "state_unavailable")
        assert world.bob.client.get(world.address).status_code == 200  # he takes part
        other.execute("ROLLBACK")
    assert client.get(world.address).status_code == 200
    assert world.kinds(world.company.ada) == {"statement"}


def test_auditors_see_the_record_on_a_page(world: World) -> None:
    assert "Nobody has read" in world.eve.client.get("/access").text
    assert world.company.ada.client.get(world.address).status_code == 200
    page = world.eve.client.get("/access").text
    assert (">Ada<" in page, ">Terms<" in page, "Read " in page) == (True, True, True)
    refused = world.bob.client.get("/access", headers={"Accept": "text/html"})
    assert (refused.status_code, "Ada" in refused.text) == (403, False)
