"""The organisation's sign-in with a provider of other people: linked, required, and refused."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ledger.domain.governance import FOUNDING
from tests.integration.http.company import Company
from tests.integration.organisation.members import code_of, member
from tests.support.actor import Actor, policy_of
from tests.support.check import check_ledger
from tests.support.directory import Directory, come_back, go_to_provider, link, unlink
from tests.support.mailboxes import until
from tests.support.server import Server
from tests.support.unused_names import unused


def test_a_person_links_their_account_with_a_passkey_and_nobody_links_it_again(
    company: Company,
    directory: Directory,
) -> None:
    mia, other = member(company), member(company, "Ole")
    assert link(mia, "sub-mia").status_code == 204
    assert "Linked" in mia.client.get("/organisation").text
    assert link(mia, "sub-mia").status_code == 204
    assert code_of(link(other, "sub-mia")) == (409, "organisation_other")
    assert code_of(link(mia, "sub-else")) == (409, "organisation_other")


def test_what_the_browser_shows_counts_once_and_for_the_session_alone(company: Company) -> None:
    mia, other = member(company), member(company, "Ole")
    answer = go_to_provider(mia.client, "sub-once")
    assert answer.status_code == 200
    shown = mia.client.cookies["ledger_organisation"]
    begun = other.begin_sign_in()
    assertion = other.passkey.get(other.challenge("sign-in", begun))
    body = {"ceremony": begun["ceremony"], "assertion": assertion}
    refused = mia.client.post("/api/organisation/link", json=body)
    assert code_of(refused) == (403, "not_yours")
    begun = mia.begin_sign_in()
    assertion = mia.passkey.get(mia.challenge("sign-in", begun))
    body = {"ceremony": begun["ceremony"], "assertion": assertion}
    assert mia.client.post("/api/organisation/link", json=body).status_code == 204
    mia.client.cookies.set("ledger_organisation", shown)
    begun = mia.begin_sign_in()
    assertion = mia.passkey.get(mia.challenge("sign-in", begun))
    body = {"ceremony": begun["ceremony"], "assertion": assertion}
    again = mia.client.post("/api/organisation/link", json=body)
    assert again.status_code == 422
    assert again.json()["code"] == "already_used"


def test_a_code_counts_once_in_the_browser_that_began(company: Company) -> None:
    mia, thief = member(company), member(company, "Ole")
    begun = mia.client.get("/organisation/begin")
    back = come_back(begun, "sub-code")
    assert thief.client.get(back).status_code == 403  # a code that somebody else's browser got
    flow = mia.client.cookies["ledger_organisation_flow"]
    assert mia.client.get(back).status_code == 200
    mia.client.cookies.set("ledger_organisation_flow", flow)
    assert mia.client.get(back).status_code == 422
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    for wrong in (
        "/organisation/callback",
        "/organisation/callback?code=x&state=y",
        f"/organisation/callback?error=access_denied&state={state}",
        f"/organisation/callback?state={state}",
    ):
        assert mia.client.get(wrong).status_code == 403
    begun = thief.client.get("/organisation/begin")
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    stale = thief.client.get(f"/organisation/callback?code=nonsense&state={state}")
    assert stale.status_code == 422


def test_a_cookie_that_was_made_elsewhere_shows_nothing(company: Company) -> None:
    mia = member(company)
    for cookie in ("x", "AAAA", "A" * 9_000, mia.client.cookies["ledger_session"]):
        mia.client.cookies.set("ledger_organisation", cookie)
        begun = mia.begin_sign_in()
        assertion = mia.passkey.get(mia.challenge("sign-in", begun))
        body = {"ceremony": begun["ceremony"], "assertion": assertion}
        answer = mia.client.post("/api/organisation/link", json=body)
        assert code_of(answer) == (403, "organisation_required")


def test_who_is_ended_there_can_do_nothing_here(company: Company, directory: Directory) -> None:
    mia = member(company)
    drafted = mia.draft(policy=policy_of(1, mia))
    assert link(mia, "sub-ended").status_code == 204
    user = directory.user(unused("ended@example.com"), external_id="sub-ended")
    assert mia.client.get("/api/session").status_code == 200
    assert directory.set_active(user, active=False).status_code == 200
    assert until(lambda: mia.client.get("/api/session").status_code == 401)
    assert code_of(mia.sign_in()) == (403, "person_blocked")
    assert code_of(mia.sign_in_by_key("jti-1")) == (403, "person_blocked")
    assert code_of(mia.approve(drafted)) == (403, "person_blocked")
    accepted = mia.accept_governance(FOUNDING)
    assert code_of(accepted) == (403, "person_blocked")
    seen = company.ada.client.get("/api/organisation").json()
    (shown,) = [each for each in seen["people"] if each["user"] == mia.user]
    assert shown["isBlocked"]
    (proposal,) = [each for each in seen["proposals"] if each["user"] == mia.user]
    assert proposal["item"] == {"suspend": {"user": mia.user}}
    assert company.ada.change(proposal["item"]).json()["status"] == "approved"
    assert company.ada.change({"reinstate": {"user": mia.user}}).status_code == 201
    assert directory.set_active(user, active=True).status_code == 200
    assert mia.sign_in().status_code == 200
    assert directory.client.delete(f"/Users/{user}").status_code == 204
    assert code_of(mia.sign_in()) == (403, "person_blocked")
    assert code_of(unlink(company.ada, mia.user, by=member(company))) == (403, "not_yours")
    assert code_of(mia.sign_in()) == (403, "person_blocked")
    assert unlink(company.ada, mia.user).status_code == 204
    assert mia.sign_in().status_code == 200
    assert code_of(unlink(company.ada, mia.user)) == (404, "organisation_unlinked")


def test_who_links_after_they_were_ended_is_blocked_at_once(
    company: Company, directory: Directory
) -> None:
    mia = member(company)
    directory.user(unused("late"), external_id="sub-late", active=False)
    assert link(mia, "sub-late").status_code == 204
    assert code_of(mia.sign_in()) == (403, "person_blocked")


def test_a_rename_in_the_directory_frees_nobody(company: Company, directory: Directory) -> None:
    mia = member(company)
    assert link(mia, "sub-renamed").status_code == 204
    user = directory.user(unused("before"), external_id="sub-renamed")
    renamed = {"op": "replace", "value": {"userName": unused("after"), "externalId": "other"}}
    assert directory.patch("Users", user, renamed).status_code == 200
    assert directory.set_active(user, active=False).status_code == 200
    assert code_of(mia.sign_in()) == (403, "person_blocked")


def test_groups_are_proposals_and_change_no_role(company: Company, directory: Directory) -> None:
    mia = member(company)
    assert link(mia, "sub-grouped").status_code == 204
    user = directory.user(unused("grouped"), external_id="sub-grouped")
    for name, members in (("ledger-auditor", [{"value": user}]), ("ledger-creator", [])):
        body = {"displayName": name, "members": members}
        assert directory.client.post("/Groups", json=body).status_code == 201
    seen = company.ada.client.get("/api/organisation").json()["proposals"]
    mine = [each["item"] for each in seen if each["user"] == mia.user]
    role = {"user": mia.user}
    assert mine == [
        {"grant-role": role | {"role": "auditor"}},
        {"end-role": role | {"role": "creator"}},
    ]
    assert mia.client.get("/api/session").json()["user"]["roles"] == ["creator"]
    page = company.ada.client.get("/organisation").text
    assert "is in the group ledger-auditor" in page
    assert company.ada.change(mine[0]).json()["status"] == "approved"


def test_only_administrators_see_or_unlink_others(company: Company) -> None:
    mia = member(company)
    for answer in (
        mia.client.get("/api/organisation"),
        unlink(mia, mia.user),
    ):
        assert code_of(answer) == (403, "administrator_only")
    assert "Proposals" not in mia.client.get("/organisation").text
    with company.server.client() as stranger:
        assert stranger.get("/api/organisation").status_code == 401
        assert stranger.get("/organisation").status_code in (302, 307)


def test_without_a_provider_there_is_nothing(server: Server, join: object) -> None:
    dora = join("Dora")  # type: ignore[operator]
    assert dora.client.get("/organisation/begin").status_code == 409
    assert dora.client.get("/organisation").status_code == 409
    with server.client() as stranger:
        assert stranger.get("/scim/v2/Users").status_code == 404


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("required") / "data"
    server = Server(data, **settings, LEDGER_OIDC_REQUIRED="yes")
    server.start()
    try:
        yield server
        check_ledger(server)
    finally:
        server.stop()


def test_where_it_is_required_nobody_signs_in_without_it(strict: Server, tmp_path: Path) -> None:
    with strict.client() as client:
        mia = Actor(client, "Mia", strict.origin).register("creator")
        assert client.get("/api/session").status_code == 401  # registered, and not signed in
        assert code_of(mia.sign_in()) == (403, "organisation_required")
        assert code_of(mia.sign_in_by_key("jti-1")) == (403, "organisation_required")
        assert "at your organisation first" in client.get("/signin").text
        assert go_to_provider(client, "sub-mia").status_code == 200
        assert "Signed in at your organisation" in client.get("/signin").text
        assert mia.sign_in().status_code == 200
        assert mia.sign_in_by_key("jti-2").status_code == 200  # a machine of somebody linked
        assert "ledger_organisation" not in client.cookies  # it counts once
        assert code_of(mia.sign_in()) == (403, "organisation_required")
        assert go_to_provider(client, "sub-mia").status_code == 200
        shown = client.cookies["ledger_organisation"]
        assert mia.sign_in().status_code == 200
        client.cookies.set("ledger_organisation", shown)
        assert code_of(mia.sign_in()) == (422, "already_used")
        # A used sign-in does not stop a registration in the same browser.
        Actor(client, "Ole", strict.origin).register("creator")
        client.cookies.delete("ledger_organisation")
        assert go_to_provider(client, "sub-other").status_code == 200
        assert code_of(mia.sign_in()) == (403, "organisation_other")
