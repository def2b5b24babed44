"""Changes over HTTP: one administrator, two administrators, and what each of them cannot do."""

from functools import partial
from pathlib import Path

import httpx

from ledger.domain.governance import FOUNDING, policy_digest
from tests.integration.conftest import NO_LIMIT, refuses_at
from tests.integration.http.company import TWO, Company
from tests.support.actor import Actor, Drafted
from tests.support.changes import set_charter, values
from tests.support.check import check_ledger, head
from tests.support.server import Server


def test_an_open_ledger_prints_the_administrators_link_and_works_before_it_is_used(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path / "data", LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    try:
        assert server.output.count("/register#invitation=") == 1
        with httpx.Client(base_url=server.origin) as client:
            cal = Actor(client, "Cal", server.origin).register("creator")
            assert cal.draft_of().status_code == 201
            grant = {"grant-role": {"user": cal.user, "role": "investor"}}
            refuses_at(server, lambda: cal.change(grant), 403, "governance_only")
        check_ledger(server)
    finally:
        server.stop()


def test_one_administrator_makes_a_change_in_one_request_and_one_commit(company: Company) -> None:
    cal = company.person("Cal").register("creator")
    before = head(company.server)
    answer = company.ada.change(
        {"define-role": {"role": "legal"}}, {"grant-role": {"user": cal.user, "role": "legal"}}
    ).json()
    assert (answer["status"], answer["approvals"]) == ("approved", 1)
    assert head(company.server) == before + 4 == answer["position"]
    drafted = cal.draft(policy={"threshold": 1, "of": ["role:legal"]})
    assert cal.approve(drafted).json()["status"] == "approved"


def test_the_same_change_again_is_answered_the_same_and_made_once(company: Company) -> None:
    body = company.ada.change_body({"define-role": {"role": "legal"}})
    send = partial(company.ada.client.post, "/api/changes", json=body)
    first, before = send(), head(company.server)
    again = send()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert head(company.server) == before


def test_under_two_administrators_a_change_waits_for_the_second(company: Company) -> None:
    ben = company.second()
    cal = company.person("Cal").register("creator")
    grant = {"grant-role": {"user": cal.user, "role": "investor"}}
    body = company.ada.change_body(grant, governance=TWO)
    pending = company.ada.client.post("/api/changes", json=body).json()
    assert (pending["status"], pending["approvals"]) == ("pending", 1)
    waiting = ben.client.get(f"/api/inbox?minPosition={pending['position']}").json()["items"]
    assert [item["id"] for item in waiting] == [pending["statementId"]]
    before = head(company.server)
    approval = ben.approval(body["document"])
    answer = ben.post_sign(pending["statementId"], approval, assertion=ben.confirm(approval))
    assert answer.json()["status"] == "approved"
    assert head(company.server) == before + 2  # the approval, and the role


def test_nobody_whom_an_administrator_added_alone_governs_after_a_raise(company: Company) -> None:
    ada, eve = company.ada, company.person("Eve").register("creator")
    puppet = {"user": eve.user, "role": "administrator"}
    for token in ("for Ben", "for Zoe"):
        assert ada.invite("administrator", token).status_code == 201
    ben = company.person("Ben").register("administrator", "for Ben")
    assert ada.change({"grant-role": puppet}).status_code == 201
    raised = company.raised(ben)
    refuses_at(company.server, lambda: ada.change(raised), 409, "people_incomplete")
    assert (
        ada.change(raised, {"end-role": puppet}, accepted_by=[ben]).json()["status"] == "approved"
    )
    zoe = company.person("Zoe").register("administrator", "for Zoe")
    found = ada.client.get(f"/api/users/{zoe.passkey.id}").json()
    assert (found["name"], found["roles"]) == ("Zoe", [])
    refuses_at(
        company.server,
        lambda: zoe.change({"define-role": {"role": "legal"}}, governance=TWO),
        403,
        "governance_only",
    )
    again = {"grant-role": puppet}
    refuses_at(company.server, lambda: ada.change(again, governance=TWO), 409, "cose_required")
    compared = {"grant-role": puppet | {"cose": eve.passkey.cose_sha256}}
    body = ada.change_body(compared, governance=TWO)
    pending = ada.client.post("/api/changes", json=body).json()
    approval = ben.approval(body["document"])
    answer = ben.post_sign(pending["statementId"], approval, assertion=ben.confirm(approval))
    assert answer.json()["status"] == "approved"


def test_an_approval_of_what_has_become_impossible_leaves_the_change_pending(
    company: Company,
) -> None:
    ben = company.second()
    cal = company.person("Cal").register("creator")
    grant = {"grant-role": {"user": cal.user, "role": "investor"}}
    bodies = [company.ada.change_body(grant, governance=TWO) for _ in range(2)]
    drafts = [company.ada.client.post("/api/changes", json=body).json() for body in bodies]

    def approve(number: int) -> httpx.Response:
        approval = ben.approval(bodies[number]["document"])
        confirmed = ben.confirm(approval)
        return ben.post_sign(drafts[number]["statementId"], approval, assertion=confirmed)

    assert approve(0).json()["status"] == "approved"
    refuses_at(company.server, lambda: approve(1), 409, "change_no_effect")
    late = Drafted(bodies[1]["document"], drafts[1])
    assert company.ada.withdraw(late).json()["status"] == "withdrawn"


def test_a_cancelled_invitation_admits_nobody_and_a_used_one_is_not_cancelled(
    company: Company,
) -> None:
    identifiers = [f"0b6b6a5e-93a4-4b7e-9a56-2b1f6f3f7c1{n}" for n in (1, 2)]
    for token, each in zip(("one", "two"), identifiers, strict=True):
        assert company.ada.invite("creator", token, invitation=each).status_code == 201
    cancel = [{"cancel-invitation": {"invitation": each}} for each in identifiers]
    assert company.ada.change(cancel[0]).status_code == 201
    eve = company.person("Eve")
    wish = {"name": "Eve", "invitation": eve.link_key("one").kid}
    refuses_at(
        company.server,
        lambda: eve.client.post("/api/credentials", json=wish),
        409,
        "invitation_cancelled",
    )
    company.person("Fay").register("creator", "two")
    refuses_at(company.server, lambda: company.ada.change(cancel[1]), 409, "invitation_used")


def test_a_suspended_person_decides_nothing_until_a_change_reinstates_them(
    company: Company,
) -> None:
    cal = company.person("Cal").register("creator")
    assert company.ada.change({"suspend": {"user": cal.user}}).status_code == 201
    refuses_at(company.server, lambda: cal.draft_of(), 403, "person_suspended")
    assert company.ada.change({"reinstate": {"user": cal.user}}).status_code == 201
    assert cal.draft_of().status_code == 201
    assert company.ada.change({"deactivate": {"user": cal.user}}).status_code == 201
    refuses_at(company.server, lambda: cal.draft_of(), 403, "person_deactivated")


def test_registration_closes_and_opens_by_a_change(company: Company) -> None:
    closed = set_charter(values("invite"), values("open"))
    assert company.ada.change(closed).status_code == 201
    eve = company.person("Eve")
    wish = {"name": "Eve", "role": "creator"}
    refuses_at(
        company.server,
        lambda: eve.client.post("/api/credentials", json=wish),
        403,
        "invitation_required",
    )
    assert "by invitation" in eve.client.get("/register").text
    governance = company.ada.client.get("/api/governance").json()
    assert governance["values"]["registration"] == "invite"
    assert governance["policySha256"] == policy_digest(FOUNDING)
    # The setting is the founding's: a restart with it goes on with the change's value.
    company.server.stop()
    company.server.start()
    assert eve.client.post("/api/credentials", json=wish).json()["code"] == "invitation_required"


def test_a_change_is_not_drafted_as_a_plain_statement(company: Company) -> None:
    body = company.ada.change_body({"define-role": {"role": "legal"}})
    plain = {name: body[name] for name in ("document", "act")}
    post = company.ada.client.post
    refuses_at(
        company.server,
        lambda: post("/api/statements/create", json=plain),
        400,
        "change_without_approval",
    )
    document = company.ada.document()
    jws = company.ada.approval(document)
    other = company.ada.draft_body(document) | {"jwt": jws, "assertion": company.ada.confirm(jws)}
    refuses_at(company.server, lambda: post("/api/changes", json=other), 400, "type_unknown")


def test_a_change_needs_the_drafters_passkey_and_their_own_signature(company: Company) -> None:
    body = company.ada.change_body({"define-role": {"role": "legal"}})
    post = company.ada.client.post
    mallory = company.person("Mallory")
    mallory.user, mallory.ledger = company.ada.user, company.ada.ledger
    forged = body | {"assertion": mallory.confirm(body["jwt"])}
    refuses_at(company.server, lambda: post("/api/changes", json=forged), 422, "passkey_unknown")
    unsigned = body | {"jwt": mallory.approval(body["document"])}
    refuses_at(company.server, lambda: post("/api/changes", json=unsigned), 422, "key_unknown")
    without = {name: each for name, each in body.items() if name != "assertion"}
    refuses_at(
        company.server, lambda: post("/api/changes", json=without), 422, "assertion_required"
    )
    bare = {name: body[name] for name in ("document", "act")}
    refuses_at(
        company.server, lambda: post("/api/changes", json=bare), 400, "change_without_approval"
    )
