"""Types over HTTP: an administration defines them, and the ledger holds drafts to them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.conftest import NO_LIMIT, refuses_at
from tests.integration.http.company import Company
from tests.support.actor import Actor
from tests.support.changes import set_charter, values
from tests.support.check import check_ledger
from tests.support.server import Server
from tests.support.type_definitions import POLICY, define, definition, digest, retire, stated
from tests.support.versions import copied

FIRST, SECOND = definition(), definition(2, title="Better terms")
CONTENT = '{"amount":"100"}'


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    server = Server(tmp_path / "data", LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    found = Company(server)
    try:
        yield found
        check_ledger(server)
    finally:
        for client in found.clients:
            client.close()
        server.stop()


def document(who: Actor, text: str = FIRST, **members: Any) -> str:
    found = {"content": CONTENT, "policy": POLICY, "type": stated(text)} | members
    return who.document(**found)


def define_type(company: Company, *items: dict[str, Any]) -> int:
    answer = company.ada.change(*(items or [define(FIRST)]))
    assert answer.json()["status"] == "approved", answer.text
    position: int = answer.json()["position"]
    return position


def test_a_statement_of_a_type_is_drafted_approved_and_shown(company: Company) -> None:
    cal, ivy = company.person("Cal").register("creator"), company.person("Ivy")
    ivy.register("investor")
    define_type(company)
    drafted = cal.draft(content=CONTENT, policy=POLICY, type=stated(FIRST), title="Seed")
    assert ivy.approve(drafted).json()["status"] == "approved"
    position = {"minPosition": drafted.answer["position"]}
    shown = cal.client.get(f"/api/statements/{drafted.id}", params=position).json()
    assert shown["type"] == stated(FIRST)


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"content": "{}"}, 400, "schema_unmet"),
        ({"policy": POLICY | {"threshold": 2}}, 422, "type_policy_mismatch"),
        ({"usable": {"by": ["role:investor"], "times": 1}}, 422, "type_usable_mismatch"),
        ({"type": stated(FIRST) | {"sha256": "0" * 64}}, 409, "type_outdated"),
        ({"type": stated(FIRST) | {"name": "offer"}}, 409, "type_unknown"),
        ({"type": {"name": "terms", "version": 1}}, 400, "type_unknown"),
    ],
)
def test_a_draft_that_its_type_does_not_allow_is_refused(
    company: Company, members: dict[str, Any], status: int, code: str
) -> None:
    cal = company.person("Cal").register("creator")
    define_type(company)
    refuses_at(company.server, lambda: cal.draft_of(document(cal, **members)), status, code)


def test_what_does_not_meet_the_schema_is_named_with_its_place(company: Company) -> None:
    cal = company.person("Cal").register("creator")
    define_type(company)
    content = json.dumps({"amount": "1", "currency": "CHF"})
    answer = cal.draft_of(document(cal, content=content))
    assert answer.json()["detail"] == "/currency does not meet 'enum' of the type"
    whole = cal.client.post(
        "/api/statements/create",
        json=cal.draft_body(document(cal, content="{}")),
        headers={"Accept-Language": "de"},
    ).json()
    assert whole["detail"] == "the content does not meet 'required' of the type"
    assert "“/” erfüllt required nicht" in whole["sentence"]


def test_only_the_drafters_of_a_type_draft_it_and_only_while_it_is_in_force(
    company: Company,
) -> None:
    server, ada = company.server, company.ada
    ivy = company.person("Ivy").register("investor")
    own = definition(drafters=[f"user:{ivy.user}"])
    define_type(company, define(own))
    cal = company.person("Cal").register("creator")
    refuses_at(server, lambda: cal.draft_of(document(cal, own)), 403, "drafter_only")
    assert ivy.draft_of(document(ivy, own)).status_code == 201
    newer = definition(2, drafters=[f"user:{ivy.user}"])
    define_type(company, define(newer, own))
    refuses_at(server, lambda: ivy.draft_of(document(ivy, own)), 409, "type_outdated")
    assert ivy.draft_of(document(ivy, newer)).status_code == 201
    define_type(company, retire(newer))
    refuses_at(server, lambda: ivy.draft_of(document(ivy, newer)), 409, "type_retired")
    refuses_at(server, lambda: ada.change(define(own)), 409, "type_known")


def test_a_new_version_can_stop_what_is_pending(company: Company) -> None:
    cal, ivy = company.person("Cal").register("creator"), company.person("Ivy")
    ivy.register("investor")
    define_type(company)
    first = cal.draft(content=CONTENT, policy=POLICY, type=stated(FIRST))
    before = first.answer["position"]
    stopped = define_type(company, define(SECOND, FIRST, "stop"))
    refuses_at(company.server, lambda: ivy.approve(first), 409, "statement_expired")
    shown = _statement(cal.client, first.id, minPosition=stopped)
    assert shown["status"] == "expired"
    assert shown["finalAt"] < shown["expiresAt"]
    assert _statement(cal.client, first.id, at=before)["status"] == "pending"
    assert ivy.client.get("/api/inbox").json()["items"] == []
    found = cal.client.get("/api/statements", params={"status": "expired"}).json()["items"]
    assert [each["id"] for each in found] == [first.id]
    second = cal.draft(content=CONTENT, policy=POLICY, type=stated(SECOND))
    assert ivy.approve(second).json()["status"] == "approved"


def _statement(client: httpx.Client, statement: str, **params: int) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/statements/{statement}", params=params).json()
    return found


def test_a_ledger_can_take_statements_of_a_type_only(company: Company) -> None:
    cal = company.person("Cal").register("creator")
    typed = set_charter(values("open", untyped=False), values("open"))
    define_type(company, define(FIRST), typed)
    refuses_at(company.server, lambda: cal.draft_of(), 409, "type_required")
    assert cal.draft_of(document(cal)).status_code == 201


def test_types_are_listed_and_shown_by_the_digests_that_documents_state(
    company: Company,
) -> None:
    client = company.ada.client
    first = define_type(company)
    second = define_type(company, define(SECOND, FIRST), define(definition(name="offer")))
    last = define_type(company, retire(definition(name="offer")))
    found = client.get("/api/types", params={"minPosition": last}).json()["items"]
    told = [(each["name"], each["version"], each["isInForce"], each["isRetired"]) for each in found]
    assert told == [("offer", 1, False, True), ("terms", 2, True, False)]
    past = client.get("/api/types", params={"at": first}).json()["items"]
    assert [(each["version"], each["isInForce"]) for each in past] == [(1, True)]
    shown = client.get(f"/api/types/{digest(FIRST)}").json()
    assert (shown["definition"], shown["isInForce"]) == (FIRST, False)
    assert client.get(f"/api/types/{digest(SECOND)}").json()["position"] <= second
    for unknown in ("0" * 64, "terms"):
        answer = client.get(f"/api/types/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "type_unknown")
    page = client.get("/api/types", params={"limit": 1}).json()
    rest = client.get("/api/types", params={"limit": 1, "cursor": page["next"]}).json()
    assert [each["name"] for each in [*page["items"], *rest["items"]]] == ["offer", "terms"]


def test_a_change_of_a_type_says_in_words_what_it_asks_for(company: Company) -> None:
    answer = company.ada.change(define(FIRST)).json()
    company.ada.client.get("/api/inbox", params={"minPosition": answer["position"]})
    page = company.ada.client.get(f"/statements/{answer['statementId']}").text
    assert "Define the type terms, version 1, “Terms”, which creators draft." in page


def test_the_drafters_of_a_type_read_each_others_statements(company: Company) -> None:
    cal, dan = (company.person(name).register("creator") for name in ("Cal", "Dan"))
    define_type(company)
    of_type = {"content": CONTENT, "policy": POLICY, "type": stated(FIRST), "readers": []}
    drafted = cal.draft(**of_type)
    plain = cal.draft(content=CONTENT, policy=POLICY, readers=[])
    path = f"/api/statements/{drafted.id}"
    assert dan.client.get(path).status_code == 200
    assert drafted.id in [e["id"] for e in dan.client.get("/api/statements").json()["items"]]
    assert dan.client.get(f"/api/statements/{plain.id}").status_code == 404
    refused_as(company.ada.client.get(path))
    # They take part, and decide nothing that the policy does not ask of them.
    assert dan.approve(drafted).json()["code"] == "not_a_signer"
    assert dan.approve(plain).json()["code"] == "statement_unknown"


def test_the_drafters_of_a_type_supersede_each_others_statements_if_it_says_so(
    company: Company,
) -> None:
    cal, dan = (company.person(name).register("creator") for name in ("Cal", "Dan"))
    define_type(company)
    drafted = cal.draft(content=CONTENT, policy=POLICY, type=stated(FIRST))
    offer = "Draft a new version"
    version = document(dan, supersedes=copied(drafted.document))
    refuses_at(company.server, lambda: dan.draft_of(version), 403, "creator_only")
    assert offer not in page_of(dan, drafted.id, drafted.answer["position"])
    says_so = definition(2, supersede="drafters")
    defined = define_type(company, define(says_so, FIRST))
    page = page_of(dan, drafted.id, defined)
    way = f"/draft?supersedes={drafted.id}&amp;type={digest(says_so)}"
    assert offer in page
    assert way in page
    form = dan.client.get("/draft", params={"supersedes": drafted.id}).text
    assert f'"sha256": "{digest(says_so)}"' in form
    assert "New version of" in form
    answer = dan.draft_of(document(dan, says_so, supersedes=copied(drafted.document)))
    assert answer.status_code == 201, answer.text
    shown = _statement(cal.client, drafted.id, minPosition=answer.json()["position"])
    assert shown["status"] == "superseded"
    assert offer not in page_of(dan, drafted.id, answer.json()["position"])


def page_of(who: Actor, statement: str, position: int) -> str:
    """Return the page of a statement, as of this position or later."""
    who.client.get("/api/inbox", params={"minPosition": position})
    return who.client.get(f"/statements/{statement}").text


def refused_as(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (404, "statement_unknown")
