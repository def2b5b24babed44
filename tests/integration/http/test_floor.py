"""The floor over HTTP: it is set by a change, and refuses drafts and approvals below it."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.conftest import NO_LIMIT, refuses_at
from tests.integration.http.company import Company
from tests.support.actor import Actor, policy_of
from tests.support.changes import set_charter, values
from tests.support.check import check_ledger
from tests.support.server import Server

STRICT = values("open", creator_may_sign=False, assurance="passkey")
HOUR_MS = 3_600_000


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


def test_a_raised_floor_refuses_drafts_and_approvals_below_it_with_a_clear_sentence(
    company: Company,
) -> None:
    ada, server = company.ada, company.server
    cal = company.person("Cal").register("creator")
    dan = company.person("Dan").register("investor")
    eve = company.person("Eve").register("investor")
    weak = cal.draft(title="Weak", policy=policy_of(1, dan))
    done = cal.draft(title="Done", policy=policy_of(1, dan, eve))
    assert dan.approve(done).json()["status"] == "approved"
    assert 'data-action="approve"' in eve.client.get(f"/statements/{done.id}").text
    answer = ada.change(set_charter(STRICT, values("open")))
    assert answer.json()["status"] == "approved"
    refused = cal.draft_of(cal.document(policy=policy_of(1, dan)))
    assert refused.json()["detail"] == (
        "this ledger asks that the creator of a statement does not approve it"
    )
    refuses_at(server, lambda: cal.draft_of(), 409, "below_floor")
    refuses_at(server, lambda: dan.approve(weak), 409, "below_floor")
    position = {"minPosition": answer.json()["position"]}
    shown = dan.client.get(f"/api/statements/{weak.id}", params=position).json()
    assert (shown["status"], shown["outlook"]) == ("pending", "below_floor")
    assert dan.client.get("/api/inbox").json()["items"] == []
    page = dan.client.get(f"/statements/{weak.id}").text
    assert "asks for less than this ledger" in page
    refuses_at(server, lambda: eve.approve(done), 409, "below_floor")
    assert 'data-action="approve"' not in eve.client.get(f"/statements/{done.id}").text
    assert dan.reject(weak).status_code == 201
    strong = cal.draft(policy=policy_of(1, dan, creatorMaySign=False, assurance="passkey"))
    jws = dan.approval(strong.document)
    signed = dan.post_sign(strong.id, jws, assertion=dan.confirm(jws))
    assert signed.json()["status"] == "approved"


def test_a_floor_above_governance_is_refused_unless_the_same_change_raises_both(
    company: Company,
) -> None:
    ada, server = company.ada, company.server
    two = values("open", people=2)
    floor = set_charter(two, values("open"))
    refuses_at(server, lambda: ada.change(floor), 409, "below_floor")
    assert ada.invite("administrator", "for Ben").status_code == 201
    ben = company.person("Ben").register("administrator", "for Ben")
    answer = ada.change(company.raised(ben), floor, accepted_by=[ben])
    assert answer.json()["status"] == "approved"
    shown = ada.client.get("/api/governance").json()
    assert shown["values"]["floor"] == {"people": 2, "creatorMaySign": True, "assurance": "key"}
    again = values("open", HOUR_MS, people=2)
    item = {"set-charter": set_charter(again, two)["set-charter"] | {"was": shown["valuesSha256"]}}
    assert item == set_charter(again, two)


def test_the_longest_wait_is_that_of_the_charter_when_a_statement_is_drafted(
    company: Company,
) -> None:
    cal = company.person("Cal").register("creator")
    before = cal.draft()
    new = values("open", 36 * HOUR_MS)
    assert company.ada.change(set_charter(new, values("open"))).status_code == 201
    after = cal.draft()
    position = after.answer["position"]
    shown = [_expires(cal, each.id, position) for each in (before, after)]
    assert [each.total_seconds() // 3600 for each in shown] == [400 * 24, 36]
    assert "36 hours" in cal.client.get("/governance").text


def _expires(who: Actor, statement: str, position: int) -> timedelta:
    found = who.client.get(f"/api/statements/{statement}", params={"minPosition": position}).json()
    created = datetime.fromisoformat(json.loads(found["document"])["createdAt"])
    return datetime.fromisoformat(found["expiresAt"]) - created


def test_the_preview_says_who_may_register_and_what_falls_below_the_floor(
    company: Company,
) -> None:
    cal = company.person("Cal").register("creator")
    weak = cal.draft(title="Weak")
    company.ada.client.get("/api/inbox", params={"minPosition": weak.answer["position"]})
    new = values("invite", assurance="passkey")
    content = json.dumps({"items": [set_charter(new, values("open"))]})
    found = company.ada.client.post("/api/changes/preview", json={"content": content}).json()
    assert found["registration"] == "invite"
    assert found["unmeetable"]["statements"] == [{"id": weak.id, "title": "Weak"}]
