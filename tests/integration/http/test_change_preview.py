"""What a change would do, asked over HTTP before anybody signs it."""

import json
from typing import Any

import httpx

from tests.integration.conftest import refuses_at
from tests.integration.http.company import Company

NOTHING_LOST = {"count": 0, "statements": [], "isComplete": True}


def preview(client: httpx.Client, *items: dict[str, Any]) -> httpx.Response:
    return client.post("/api/changes/preview", json={"content": json.dumps({"items": items})})


def end_role(user: str, role: str) -> dict[str, Any]:
    return {"end-role": {"user": user, "role": role}}


def test_it_says_whose_approval_is_missing_and_which_statements_would_be_lost(
    company: Company,
) -> None:
    cal = company.person("Cal").register("creator")
    dan = company.person("Dan").register("investor")
    terms = cal.draft(title="Terms")
    company.ada.client.get("/api/inbox", params={"minPosition": terms.answer["position"]})
    answer = preview(company.ada.client, end_role(dan.user, "investor"))
    lost = {"count": 1, "statements": [{"id": terms.id, "title": "Terms"}], "isComplete": True}
    assert answer.json() == {"more": 0, "unmeetable": lost, "registration": None}
    company.second()
    answer = preview(company.ada.client, {"define-role": {"role": "board"}})
    assert answer.json() == {"more": 1, "unmeetable": NOTHING_LOST, "registration": None}


def test_it_refuses_what_the_draft_would_be_refused_for_and_records_nothing(
    company: Company,
) -> None:
    ada, server = company.ada, company.server
    last = end_role(ada.user, "administrator")
    refuses_at(server, lambda: preview(ada.client, last), 409, "governance_unmeetable")
    none = end_role(ada.user, "investor")
    refuses_at(server, lambda: preview(ada.client, none), 409, "change_no_effect")
    refuses_at(server, lambda: preview(ada.client), 400, "change_invalid")
    refuses_at(server, lambda: preview(ada.client, {"promote": {}}), 400, "change_invalid")


def test_only_those_who_could_draft_the_change_may_ask(company: Company) -> None:
    cal = company.person("Cal").register("creator")
    item = {"define-role": {"role": "board"}}
    refuses_at(company.server, lambda: preview(cal.client, item), 403, "governance_only")
    with company.server.client() as stranger:
        refuses_at(company.server, lambda: preview(stranger, item), 401, "sign_in_required")
