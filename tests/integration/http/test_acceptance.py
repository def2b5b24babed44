"""Governance is accepted over HTTP: by the people of a pending policy, and by new holders."""

import httpx

from ledger.domain.governance import FOUNDING
from ledger.domain.policy import Node
from tests.integration.conftest import refuses_at
from tests.integration.http.company import Company


def test_a_change_of_governance_is_drafted_alone_and_waits_for_those_who_accept_it(
    company: Company,
) -> None:
    ada = company.ada
    assert ada.invite("administrator", "for Ben").status_code == 201
    ben = company.person("Ben").register("administrator", "for Ben")
    body, two = ada.change_body(company.raised(ben)), Node(2, ("role:administrator",))
    jws = ada.approval(body["document"])
    approved = body | {"jwt": jws, "assertion": ada.confirm(jws)}
    post = ada.client.post
    refuses_at(
        company.server, lambda: post("/api/changes", json=approved), 400, "change_with_approval"
    )
    drafted = post("/api/changes", json=body).json()
    assert (drafted["status"], drafted["approvals"]) == ("pending", 0)
    assert post("/api/changes", json=body).json() == drafted
    statement_id = drafted["statementId"]

    def approve() -> httpx.Response:
        jws = ada.approval(body["document"])
        return ada.post_sign(statement_id, jws, assertion=ada.confirm(jws))

    refuses_at(company.server, approve, 409, "governance_unmeetable")
    assert ada.accept_governance(two, statement_id).status_code == 201
    refuses_at(company.server, approve, 409, "governance_unmeetable")
    accepted = ben.accept_governance(two, statement_id)
    assert accepted.json()["user"] == ben.user
    assert approve().json()["status"] == "approved"


def test_who_is_granted_a_place_approves_changes_after_accepting_it(company: Company) -> None:
    cal = company.person("Cal").register("creator")
    granted = {"grant-role": {"user": cal.user, "role": "administrator"}}
    assert company.ada.change(granted).status_code == 201
    board = {"define-role": {"role": "board"}}
    refuses_at(company.server, lambda: cal.change(board), 403, "governance_not_accepted")
    unknown = "0f0f0f0f-0000-4000-8000-00000000dead"
    for named in (unknown, cal.draft().id):  # a statement that is no change is as unknown
        refuses_at(
            company.server,
            lambda: cal.accept_governance(FOUNDING, named),  # noqa: B023  # called at once
            404,
            "statement_unknown",
        )
    assert cal.accept_governance(FOUNDING).status_code == 201
    assert cal.change(board).json()["status"] == "approved"
