"""Suspending people and declaring compromises over HTTP, and what the evidence says of it."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ledger import clock
from ledger.cli.verify import exit_code
from ledger.jose import SigningKey
from ledger.verify.bundle import verify
from ledger.verify.report import VerificationReport
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.test_invitations import Club
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.check import check_ledger, head, wait_for, wait_until_published
from tests.support.evidence import exported, log_keys
from tests.support.server import Server


@pytest.fixture(scope="module")
def _club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    data = tmp_path_factory.mktemp("standing") / "data"
    server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="invite")
    server.start()
    with ExitStack() as clients:
        yield Club(server, clients)
    server.stop()


@pytest.fixture
def club(_club: Club) -> Iterator[Club]:
    """A ledger by invitation, checked when the test ends."""
    yield _club
    check_ledger(_club.server)


def detail(who: Actor, statement: Drafted) -> dict[str, Any]:
    found: dict[str, Any] = who.client.get(f"/api/statements/{statement.id}").json()
    return found


def inbox(who: Actor) -> list[str]:
    return [each["id"] for each in who.client.get("/api/inbox").json()["items"]]


def report_of(club: Club, who: Actor, statement: Drafted) -> VerificationReport:
    wait_until_published(club.server)
    raw = exported(who, statement.id)
    return verify(raw, expected_keys=log_keys(club.server), now_ms=now_ms())


def new_key(who: Actor) -> SigningKey:
    """Attest another key, and sign with it from now on."""
    key = SigningKey.generate()
    assert who.add_key(key).status_code == 201
    who.key = key
    return key


# --- suspending ----------------------------------------------------------------------------------


def test_a_suspended_person_decides_nothing_and_their_sessions_end(club: Club) -> None:
    dora, cora = club.member("Dora S", "creator"), club.member("Cora S", "creator")
    mine, hers = dora.draft(policy=policy_of(1, dora)), cora.draft(policy=policy_of(1, dora))
    assert dora.client.get("/api/session").status_code == 200
    answer = club.ada.suspend(dora.user)
    assert (answer.status_code, answer.json()["user"]) == (201, dora.user)
    club.refuses(lambda: dora.client.get("/api/session"), 401, "sign_in_required")
    club.refuses(dora.sign_in, 403, "person_suspended")
    club.refuses(lambda: dora.sign_in_by_key("suspended"), 403, "person_suspended")
    club.refuses(lambda: dora.approve(hers), 403, "person_suspended")
    club.refuses(lambda: dora.reject(hers), 403, "person_suspended")
    club.refuses(lambda: dora.withdraw(mine), 403, "person_suspended")
    club.refuses(dora.draft_of, 403, "person_suspended")
    wait_for(club.server, head(club.server))
    shown = cora.client.get(f"/api/users/{dora.passkey.id}").json()
    assert shown["standing"] == "suspended"


@pytest.mark.parametrize("item", ["suspend", "deactivate"])
def test_a_change_ends_the_sessions_of_a_person_at_once(club: Club, item: str) -> None:
    dora = club.member(f"Dora {item}", "investor")
    assert dora.client.get("/api/session").status_code == 200
    assert club.ada.change({item: {"user": dora.user}}).status_code == 201
    club.refuses(lambda: dora.client.get("/api/session"), 401, "sign_in_required")


def test_a_draft_warns_if_the_people_whom_it_asks_are_suspended(club: Club) -> None:
    dora, cora = club.member("Dora W", "investor"), club.member("Cora W", "creator")
    assert cora.draft(policy=policy_of(1, dora)).answer["warnings"] == []
    assert club.ada.suspend(dora.user).status_code == 201
    warned = cora.draft(policy=policy_of(1, dora))
    assert warned.answer["warnings"] == ["policy_not_yet_satisfiable"]
    wait_for(club.server, head(club.server))
    assert detail(cora, warned)["outlook"] == "people_missing"


def test_a_suspended_person_still_ends_their_own_keys(club: Club) -> None:
    dora = club.member("Dora K", "investor")
    assert club.ada.suspend(dora.user).status_code == 201
    assert dora.revoke_key(dora.key.kid).status_code == 201


def test_an_administrator_ends_nobodys_passkey_or_key(club: Club) -> None:
    dora = club.member("Dora E", "investor")
    ends = [
        lambda: club.ada.remove_passkey(dora.passkey.id),
        lambda: club.ada.revoke_key(dora.key.kid),
    ]
    for end in ends:
        club.refuses(end, 422, "key_unknown")


def test_nobody_is_suspended_without_a_passkey_or_by_an_investor(club: Club) -> None:
    dora, eve = club.member("Dora N", "investor"), club.member("Eve N", "investor")
    act = club.ada.act("suspend", user=dora.user, reason="Left the company.")
    path = f"/api/users/{dora.user}/suspend"
    club.refuses(lambda: club.ada.client.post(path, json={"act": act}), 422, "assertion_required")
    club.refuses(lambda: eve.suspend(dora.user), 403, "governance_only")
    club.refuses(lambda: club.ada.suspend(club.ada.user), 409, "suspension_needs_change")


def test_the_same_suspension_again_gets_the_first_answer_and_another_is_refused(
    club: Club,
) -> None:
    dora = club.member("Dora A", "investor")
    act = club.ada.act("suspend", user=dora.user, reason="Left the company.")
    body, path = club.ada.confirmed(act), f"/api/users/{dora.user}/suspend"
    first = club.ada.client.post(path, json=body)
    again = club.ada.client.post(path, json=body)
    assert (first.status_code, again.content) == (201, first.content)
    club.refuses(lambda: club.ada.suspend(dora.user, "Again, please."), 409, "person_suspended")


# --- compromise ----------------------------------------------------------------------------------


def test_an_approval_in_question_counts_no_more_and_is_given_again(club: Club) -> None:
    dora, eve = club.member("Dora Q", "creator"), club.member("Eve Q", "investor")
    statement = dora.draft(policy=policy_of(2, dora, eve))
    stolen = eve.key
    assert eve.approve(statement).status_code == 201
    since = detail_position_time(club, dora, statement)
    new_key(eve)
    assert eve.declare_compromise(since, kid=stolen.kid).status_code == 201
    assert eve.sign_in().status_code == 200  # the declaration ended every session
    wait_for(club.server, head(club.server))
    shown = detail(dora, statement)
    assert (shown["approvals"], shown["inQuestion"]) == (0, 1)
    assert shown["decisions"][0]["inQuestion"] is True
    assert statement.id in inbox(eve)
    assert dora.approve(statement).json()["status"] == "pending"
    assert eve.approve(statement).json()["status"] == "approved"
    report = report_of(club, dora, statement)
    assert (report.verdict, exit_code(report)) == ("verified", 0)
    assert [each.in_question for each in report.statements[0].decisions] == [True, False, False]


def detail_position_time(club: Club, who: Actor, statement: Drafted) -> str:
    """Return the time of a statement's newest decision."""
    wait_for(club.server, head(club.server))
    return str(detail(who, statement)["decisions"][-1]["at"])


def test_a_statement_that_needs_an_approval_in_question_is_in_question(club: Club) -> None:
    dora, eve = club.member("Dora V", "creator"), club.member("Eve V", "investor")
    statement = dora.draft(policy=policy_of(2, dora, eve))
    stolen = eve.key
    assert dora.approve(statement).status_code == 201
    assert eve.approve(statement).json()["status"] == "approved"
    since = detail_position_time(club, dora, statement)
    assert report_of(club, dora, statement).verdict == "verified"
    new_key(eve)
    assert eve.declare_compromise(since, kid=stolen.kid).status_code == 201
    report = report_of(club, dora, statement)
    assert (report.verdict, exit_code(report)) == ("in_question", 4)
    assert (report.statements[0].status, report.statements[0].in_question) == ("approved", True)
    wait_for(club.server, head(club.server))
    assert detail(dora, statement)["status"] == "approved"
    page = dora.client.get(f"/statements/{statement.id}").text
    assert "<title>In question: " in page
    assert 'class="badge approved"' not in page
    found = dora.client.get("/statements", params={"status": "approved"}).text
    row = found[found.index(f'id="s-{statement.id}"') :].partition("</tr>")[0]
    assert "In question" in row
    assert 'class="badge approved"' not in row
    assert "Without it: signed by “Dora V”; 2 needed. Do not act on it." in page
    sound = dora.draft(policy=policy_of(1, dora))
    assert dora.approve(sound).json()["status"] == "approved"
    wait_for(club.server, head(club.server))
    assert "<title>✓ Approved: " in dora.client.get(f"/statements/{sound.id}").text


def test_the_date_is_moved_to_an_earlier_time_only(club: Club) -> None:
    dora = club.member("Dora D", "investor")
    lost = dora.key
    attested = dora.client.get(f"/api/jwt-keys/{lost.kid}").json()["attestedAt"]
    new_key(dora)
    now = clock.to_text(now_ms())
    assert dora.declare_compromise(now, kid=lost.kid).status_code == 201
    club.refuses(
        lambda: dora.declare_compromise(now, kid=lost.kid, also=[], iat=now_ms() // 1000 - 1),
        409,
        "compromise_known",
    )
    assert dora.declare_compromise(attested, kid=lost.kid).status_code == 201
    before = clock.to_text(clock.to_ms(attested) - 1)
    club.refuses(
        lambda: dora.declare_compromise(before, kid=lost.kid), 409, "compromise_date_refused"
    )


def test_an_act_is_recorded_once_though_two_requests_carry_it(club: Club) -> None:
    """The act of one request is no act of another, not even with another signature."""
    dora = club.member("Dora R", "investor")
    act = dora.act("revoke-key", kid=dora.key.kid)
    path = f"/api/jwt-keys/{dora.key.kid}/revoke"
    first = dora.client.post(path, json={"act": act})
    assert first.status_code == 201
    assert dora.client.post(path, json={"act": act}).content == first.content
