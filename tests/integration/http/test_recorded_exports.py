"""Who gets what is in the log, and who approves a change, has a line in the security record."""

from typing import Any

import httpx
import pytest

from tests.integration.http.company import Company
from tests.support.actor import policy_of
from tests.support.record import line_of, lines

EXPORTS = {
    "/api/trail?format=csv": ("trail_export", "GET /api/trail"),
    "/api/questions/administration": ("answer_export", "GET /api/questions/{question}"),
    "/api/questions/administration/csv": ("answer_export", "GET /api/questions/{question}/csv"),
    "/api/questions/figures/picture": ("answer_export", "GET /api/questions/figures/picture"),
    "/api/access-report": ("report_export", "GET /api/access-report"),
    "/api/events/1": ("event_export", "GET /api/events/{position}"),
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
