"""A recovery by the operator beside a running server: announced to everybody, and cancelled."""

from ledger.domain.governance import FOUNDING, policy_digest
from tests.integration.conftest import refuses_at
from tests.integration.http.company import Company
from tests.support.authenticator import Passkey
from tests.support.recovering import LOST as REASON
from tests.support.recovering import cancel as cancel_recovery
from tests.support.recovering import cancel_operators as cancel
from tests.support.recovering import recover as use_code
from tests.support.recovering import recover_beside as recover
from tests.support.recovering import set_codes

HTML = {"Accept": "text/html"}
UNKNOWN = "0f0f0f0f-0000-4000-8000-00000000dead"


def test_everybody_reads_of_it_and_who_governs_cancels_it(company: Company) -> None:
    server, ada = company.server, company.ada
    ben, cal = company.second(), company.person("Cal").register("creator")
    said = recover(server, "Ben")
    assert (said.returncode, said.stderr) == (0, "")
    recovery = said.stdout.split()[1]
    secret = said.stdout.strip().rpartition("#invitation=")[2]
    assert len(secret) == 22
    cal.draft()  # the pages show what is before it
    for who, may_cancel in ((ada, True), (ben, True), (cal, False)):
        page = who.client.get("/statements", headers=HTML).text
        assert "these people can no longer act: “Ben”." in page
        assert "One person is invited in their place." in page
        assert REASON in page
        assert (f'data-id="{recovery}"' in page) == may_cancel
    listed = ada.client.get("/people", headers=HTML).text
    assert "Waiting" in listed
    assert "The operator" in listed
    kid = ada.link_key(secret).kid
    look = f"/api/invitations/{kid}"
    refuses_at(server, lambda: cal.client.get(look), 409, "invitation_waiting")
    again = recover(server, "Ben")
    assert (again.returncode, again.stderr.split(":")[1].strip()) == (2, "recovery_waiting")
    refuses_at(server, lambda: cancel(cal, recovery), 403, "governance_only")
    refuses_at(server, lambda: cancel(ada, UNKNOWN), 404, "recovery_unknown")
    unconfirmed = {"act": ben.act("cancel-operator-invitations", recovery=recovery)}
    post = ben.client.post
    refuses_at(
        server,
        lambda: post("/api/operator-recoveries/cancel", json=unconfirmed),
        422,
        "assertion_required",
    )
    another = {"act": ben.act("remove-passkey", credentialId=ben.passkey.id)}
    refuses_at(
        server, lambda: post("/api/operator-recoveries/cancel", json=another), 422, "act_mismatch"
    )
    answer = cancel(ben, recovery)  # the very person who was stated as lost
    assert (answer.status_code, answer.json()["recovery"]) == (201, recovery)
    refuses_at(server, lambda: cancel(ada, recovery), 409, "recovery_ended")
    refuses_at(server, lambda: cal.client.get(look), 409, "invitation_cancelled")
    page = ada.client.get("/inbox", headers=HTML).text
    assert "can no longer act" not in page


def test_a_recovery_that_waits_is_told_to_everybody_who_governs_also_by_name(
    company: Company,
) -> None:
    server = company.server
    cal, ivy, zed = (company.person(name).register("investor") for name in ("Cal", "Ivy", "Zed"))
    named = {"threshold": 1, "of": ["role:administrator", f"user:{cal.user}"]}
    stated = {"policy": named, "was": policy_digest(FOUNDING)}
    assert company.ada.change({"set-governance": stated}).json()["status"] == "approved"
    assert set_codes(ivy).status_code == 201
    used = use_code(ivy, Passkey(origin=server.origin))
    assert used.status_code == 201
    for who, told in ((company.ada, True), (cal, True), (zed, False)):
        page = who.client.get("/statements", headers=HTML).text
        assert ("Somebody used a recovery code of “Ivy”." in page) == told
    assert cancel_recovery(cal, ivy.user, used.json()["credentialId"]).status_code == 201
