"""Who gets what is in the log, and who decides on a change, has a line in the security record."""

import time
from typing import Any

import httpx
import pytest

from ledger.http.recorded_routes import EVENTS
from tests.integration.http.company import TWO, Company
from tests.support.actor import Actor, policy_of
from tests.support.check import wait_until_published
from tests.support.drafted import Drafted
from tests.support.record import line_of, lines
from tests.support.who_reads import ROWS, routes_of

EXPORTS = {
    "/api/trail?format=csv": ("trail_export", "GET /api/trail"),
    "/api/questions/administration": ("answer_export", "GET /api/questions/{question}"),
    "/api/questions/administration/csv": ("answer_export", "GET /api/questions/{question}/csv"),
    "/api/questions/figures/picture": ("answer_export", "GET /api/questions/figures/picture"),
    "/api/access-report": ("report_export", "GET /api/access-report"),
    "/api/events/1": ("event_export", "GET /api/events/{position}"),
    "/api/access-record": ("access_record_export", "GET /api/access-record"),
    "/access": ("access_record_export", "GET /access"),
    "/audit/questions?question=administration": ("answer_export", "GET /audit/questions"),
}


def recorded(company: Company, answer: httpx.Response) -> dict[str, Any]:
    line = line_of(company.server, answer.headers["x-request-id"])
    names = ("event", "outcome", "code", "person", "route")
    return {name: line[name] for name in names}


def test_every_export_has_its_line_and_so_has_its_refusal(
    company: Company, subtests: pytest.Subtests
) -> None:
    ada, eve = company.ada, company.person("Eve").register("investor")
    ada.grant_role(ada.user, "auditor")
    for path, (event, route) in EXPORTS.items():
        with subtests.test(path):
            got = ada.client.get(path)
            assert got.status_code == 200, got.text
            line = {"event": event, "person": ada.user, "route": route}
            assert recorded(company, got) == line | {"outcome": "success", "code": "ok"}
            if event == "report_export":
                continue  # everybody gets their own
            refused = eve.client.get(path)
            line |= {"person": eve.user, "outcome": "failure", "code": "auditor_only"}
            assert recorded(company, refused) == line


def test_what_auditors_alone_read_has_lines() -> None:
    """Evidence of a statement has lines too: its readers get that."""
    for_auditors = {
        routes_of(row)
        for row, cells in ROWS.items()
        if cells[3] in ("reads", "without") and cells[2] == cells[4] == "403"
    }
    assert len(for_auditors) > 8
    assert for_auditors - EVENTS.keys() == set()


def test_a_page_that_shows_no_answer_has_no_line(company: Company) -> None:
    ada = company.ada
    ada.grant_role(ada.user, "auditor")
    paths = ["/audit/questions", "/audit/questions?question=approvals", "/access"]
    bare = [ada.client.get(path) for path in paths[:2]]
    bare += [company.person("Nobody").client.get(path) for path in paths]
    assert [each.status_code for each in bare] == [200] * 2 + [302] * 3
    line_of(company.server, ada.sign_in().headers["x-request-id"])
    ids = {each["request_id"] for each in lines(company.server)}
    assert ids.isdisjoint(each.headers["x-request-id"] for each in bare)


def test_a_certificate_on_a_page_has_the_line_of_evidence(company: Company) -> None:
    cora = company.person("Cora").register("creator")
    drafted = cora.draft(policy=policy_of(1, cora))
    wait_until_published(company.server)
    shown = cora.client.get(f"/statements/{drafted.id}/certificate")
    assert shown.status_code == 200, shown.text
    line = line_of(company.server, shown.headers["x-request-id"])
    expected = ("evidence_export", "success", cora.user, drafted.id, "statement")
    names = ("event", "outcome", "person", "statement", "mode")
    assert tuple(line[name] for name in names) == expected


def confirmed(who: Actor, act: str, change: Drafted) -> httpx.Response:
    about = {"statementId": change.id, "sha256": change.sha256, "reason": "Not in this year."}
    signed = who.act(act, **about, iat=int(time.time()) + 1)  # later than one's approval
    return who.client.post(f"/api/statements/{change.id}/{act}", json=who.confirmed(signed))


def test_every_further_decision_on_a_change_has_its_line(company: Company) -> None:
    ada, ben = company.ada, company.second()
    bodies = [
        ada.change_body({"define-role": {"role": name}}, governance=TWO)
        for name in ("legal", "board", "tax")
    ]
    asked = [ada.client.post("/api/changes", json=body) for body in bodies]
    assert {each.json()["status"] for each in asked} == {"pending"}
    one, two, three = (
        Drafted(body["document"], answer.json()) for body, answer in zip(bodies, asked, strict=True)
    )
    decided = [
        (confirmed(ben, "reject", one), "change_reject", "reject", ben),
        (confirmed(ada, "retract", two), "change_retract", "retract", ada),
        (ada.withdraw(three), "change_withdraw", "withdraw", ada),
    ]
    for answer, event, act, who in decided:
        assert answer.status_code == 201, answer.text
        route = f"POST /api/statements/{{statement_id}}/{act}"
        line = {"event": event, "person": who.user, "route": route}
        assert recorded(company, answer) == line | {"outcome": "success", "code": "ok"}


def test_an_approval_that_completes_a_change_has_its_line_and_no_other_approval_has(
    company: Company,
) -> None:
    ada = company.ada
    assert ada.invite("administrator", "for Ben").status_code == 201
    ben = company.person("Ben").register("administrator", "for Ben")
    completed = ada.change(company.raised(ben), accepted_by=[ben])
    assert completed.json()["status"] == "approved"
    assert recorded(company, completed) == {
        "event": "change_approve",
        "outcome": "success",
        "code": "ok",
        "person": ada.user,
        "route": "POST /api/statements/{statement_id}/sign",
    }
    line = line_of(company.server, completed.headers["x-request-id"])
    assert line["position"] == completed.json()["position"]
    # A decision about a statement is in the log alone.
    cora = company.person("Cora").register("creator")
    approved = cora.approve(cora.draft(policy=policy_of(1, cora)))
    assert approved.status_code == 201, approved.text
    line_of(company.server, cora.sign_in().headers["x-request-id"])
    ids = {each["request_id"] for each in lines(company.server)}
    assert approved.headers["x-request-id"] not in ids
