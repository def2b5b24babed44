"""A ledger that is joined by invitation: from its printed one-time link to the last newcomer."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger import clock
from ledger.data_files import SETUP_SECRET_FILE
from ledger.domain.events import UserRegistered
from tests.integration.conftest import NO_LIMIT, refuses_at
from tests.support.actor import Actor, now_ms
from tests.support.check import audit, check_ledger
from tests.support.server import Server

CREDENTIALS = "/api/credentials"
COMPLETE = "/api/register/complete"


class Club:
    """A ledger by invitation, its server, and its first administrator."""

    def __init__(self, server: Server, clients: ExitStack) -> None:
        self.server = server
        self._clients = clients
        (self.link,) = re.findall(r"http://\S+/register#invitation=\S+", server.output)
        self.setup = self.link.partition("invitation=")[2]
        self.ada = self.stranger("Ada")
        self.ada.register("administrator", self.setup)

    def stranger(self, name: str) -> Actor:
        client = self._clients.enter_context(self.server.client())
        return Actor(client, name, self.server.origin)

    def member(self, name: str, role: str) -> Actor:
        token = f"{name}'s invitation"
        assert self.ada.invite(role, token).status_code == 201
        return self.stranger(name).register(role, token)

    def refuses(self, send: Callable[[], httpx.Response], status: int, code: str) -> None:
        refuses_at(self.server, send, status, code)


@pytest.fixture(scope="module")
def _club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    data = tmp_path_factory.mktemp("club") / "data"
    server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="invite")
    server.start()
    with ExitStack() as clients:
        yield Club(server, clients)
    server.stop()


@pytest.fixture
def club(_club: Club) -> Iterator[Club]:
    """The club, checked when the test ends."""
    yield _club
    check_ledger(_club.server)


def wish(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name} | members


def test_the_first_start_prints_one_link_and_the_log_keeps_only_its_public_key(club: Club) -> None:
    assert club.link.startswith(f"{club.server.origin}/register#invitation=")
    assert httpx.get(club.link).status_code == 200
    for path in club.server.data.glob("log.sqlite*"):
        assert club.setup.encode() not in path.read_bytes()


def test_the_link_makes_the_first_administrator(club: Club) -> None:
    session = club.ada.client.get("/api/session").json()
    assert session["user"]["roles"] == ["administrator"]


def test_the_link_works_once(club: Club) -> None:
    mallory = club.stranger("Mallory")
    body = wish("Mallory", invitation=mallory.link_key(club.setup).kid)
    client = mallory.client
    club.refuses(lambda: client.post(CREDENTIALS, json=body), 409, "invitation_used")
    club.refuses(lambda: look(mallory, club.setup), 409, "invitation_used")


def test_a_start_after_the_first_link_was_used_prints_none_and_deletes_its_secret(
    club: Club,
) -> None:
    club.server.kill()
    club.server.start()
    assert club.server.output.count("/register#invitation=") == 1
    assert not (club.server.data / SETUP_SECRET_FILE).exists()


def test_the_first_link_is_printed_again_until_somebody_uses_it(
    start_server: Callable[..., Server],
) -> None:
    server = start_server(LEDGER_REGISTRATION="invite")
    secret_file = server.data / SETUP_SECRET_FILE
    assert secret_file.stat().st_mode & 0o777 == 0o600
    server.kill()
    server.start()
    first, second = re.findall(r"/register#invitation=\S+", server.output)
    assert first == second
    with server.client() as client:
        Actor(client, "Ada", server.origin).register("administrator", first.partition("=")[2])
    check_ledger(server)


def look(who: Actor, token: str) -> httpx.Response:
    return who.client.get(f"/api/invitations/{who.link_key(token).kid}")


def test_an_invitation_says_who_invites_as_what_and_until_when(club: Club) -> None:
    ends = clock.to_text(now_ms() + 3_600_000)
    assert club.ada.invite("investor", "for Iris", expiresAt=ends).status_code == 201
    answer = look(club.stranger("Iris"), "for Iris")
    assert answer.status_code == 200
    expected = {"role": "investor", "expiresAt": ends, "invitedBy": "Ada", "governance": None}
    assert answer.json() == expected


def test_an_unknown_key_shows_no_invitation(club: Club) -> None:
    club.refuses(lambda: look(club.stranger("Mallory"), "guessed"), 403, "invitation_unknown")


def test_a_cancelled_invitation_says_so_before_a_passkey_is_made(club: Club) -> None:
    invitation = str(uuid4())
    assert club.ada.invite("investor", "for Gus", invitation=invitation).status_code == 201
    gus = club.stranger("Gus")
    body = gus.completion(gus.begin("investor", "for Gus"), "for Gus")
    cancelled = club.ada.change({"cancel-invitation": {"invitation": invitation}})
    assert cancelled.status_code == 201
    again = wish("Gus", invitation=gus.link_key("for Gus").kid)
    client = gus.client
    club.refuses(lambda: look(gus, "for Gus"), 409, "invitation_cancelled")
    club.refuses(lambda: client.post(CREDENTIALS, json=again), 409, "invitation_cancelled")
    club.refuses(lambda: client.post(COMPLETE, json=body), 409, "invitation_cancelled")


def test_who_carries_a_registration_exchanges_nothing(club: Club) -> None:
    assert club.ada.invite("investor", "for Nora").status_code == 201
    nora, mallory = club.stranger("Nora"), club.stranger("Mallory")
    begun = nora.begin("investor", "for Nora")
    carried = nora.completion(begun, "for Nora")
    mallory.user, mallory.ledger = nora.user, nora.ledger
    own = mallory.completion(begun) | {"redeem": carried["redeem"]}
    club.refuses(lambda: mallory.client.post(COMPLETE, json=own), 422, "act_mismatch")
    unsigned = nora.completion(nora.begin("investor", "for Nora"))
    client = nora.client
    club.refuses(lambda: client.post(COMPLETE, json=unsigned), 422, "redeem_required")
    late = nora.completion(nora.begin("investor", "for Nora"))
    late["redeem"] = nora.redeem("for Nora", iat=now_ms() // 1000 - 3600)
    club.refuses(lambda: client.post(COMPLETE, json=late), 422, "iat_stale")
    nora.register("investor", "for Nora")


def test_nobody_registers_without_an_invitation(club: Club) -> None:
    client = club.stranger("Mallory").client
    for role in ("creator", "investor", "administrator"):
        body = wish("Mallory", role=role)
        club.refuses(partial(client.post, CREDENTIALS, json=body), 403, "invitation_required")


def test_an_unknown_invitation_is_refused(club: Club) -> None:
    mallory = club.stranger("Mallory")
    body = wish("Mallory", role="investor", invitation=mallory.link_key("guessed").kid)
    client = mallory.client
    club.refuses(lambda: client.post(CREDENTIALS, json=body), 403, "invitation_unknown")


def test_nobody_without_an_invitation_learns_who_is_here(club: Club) -> None:
    mallory = club.stranger("Mallory")
    client = mallory.client
    body = wish("Ada", role="investor", invitation=mallory.link_key("guessed").kid)
    club.refuses(lambda: client.post(CREDENTIALS, json=body), 403, "invitation_unknown")
    assert club.ada.invite("investor", "for another Ada").status_code == 201
    body = wish("ADA", role="investor", invitation=mallory.link_key("for another Ada").kid)
    club.refuses(lambda: client.post(CREDENTIALS, json=body), 409, "name_taken")


def test_an_invitation_gives_its_role_and_no_other(club: Club) -> None:
    assert club.ada.invite("investor", "for Dora").status_code == 201
    stranger = club.stranger("Dora")
    client, kid = stranger.client, stranger.link_key("for Dora").kid
    for role in ("creator", "administrator"):
        body = wish("Dora", role=role, invitation=kid)
        club.refuses(partial(client.post, CREDENTIALS, json=body), 403, "role_not_open")
    # Without a role in the wish, the invitation's is meant.
    dora = club.stranger("Dora").register(None, "for Dora")
    assert dora.client.get("/api/session").json()["user"]["roles"] == ["investor"]


def test_an_invitation_is_used_once(club: Club) -> None:
    assert club.ada.invite("creator", "for Eve").status_code == 201
    eve, mallory = club.stranger("Eve"), club.stranger("Mallory")
    # Both begin while it is unused; the one who completes first is in.
    first = eve.completion(eve.begin("creator", "for Eve"), "for Eve")
    second = mallory.completion(mallory.begin("creator", "for Eve"), "for Eve")
    assert eve.client.post(COMPLETE, json=first).status_code == 201
    club.refuses(lambda: mallory.client.post(COMPLETE, json=second), 409, "invitation_used")


def test_an_invitation_ends(club: Club) -> None:
    soon = now_ms() + 1500
    answer = club.ada.invite("investor", "in a hurry", expiresAt=clock.to_text(soon))
    assert answer.status_code == 201
    late = club.stranger("Late")
    body = late.completion(late.begin("investor", "in a hurry"), "in a hurry")
    while now_ms() <= soon:  # the one thing here that only time brings about
        club.server.output  # noqa: B018  # a read of a file, not a sleep
    again = wish("Late", role="investor", invitation=late.link_key("in a hurry").kid)
    club.refuses(lambda: late.client.post(COMPLETE, json=body), 409, "invitation_expired")
    club.refuses(lambda: late.client.post(CREDENTIALS, json=again), 409, "invitation_expired")


@pytest.mark.parametrize("role", ["creator", "investor", "auditor"])
def test_only_an_administrator_invites(role: str, club: Club) -> None:
    member = club.member(f"A member who is {role}", role)
    club.refuses(lambda: member.invite("investor", "mine"), 403, "governance_only")


def test_an_invitation_by_an_unknown_key_is_refused(club: Club) -> None:
    mallory = club.stranger("Mallory")
    mallory.ledger = club.ada.ledger
    club.refuses(lambda: mallory.invite("administrator", "mine"), 422, "key_unknown")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"role": "King"}, "change_invalid"),
        ({"expiresAt": "tomorrow"}, "time_invalid"),
        ({"key": {"kty": "OKP", "crv": "Ed25519", "x": "abc"}}, "jwk_invalid"),
        ({"key": {"kty": "OKP", "crv": "Ed25519", "x": f"AQ{41 * 'A'}"}}, "jwk_invalid"),
        ({"key": {"kty": "EC", "crv": "P-256", "x": "abc", "y": "abc"}}, "change_invalid"),
        ({"invitation": "1"}, "id_invalid"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(
    members: dict[str, Any], code: str, club: Club
) -> None:
    role = members.pop("role", "investor")
    club.refuses(lambda: club.ada.invite(role, "odd", **members), 400, code)


def test_an_invitation_that_is_over_or_for_no_role_is_refused(club: Club) -> None:
    ended = "2020-01-01T00:00:00.000Z"
    club.refuses(
        lambda: club.ada.invite("investor", "odd", expiresAt=ended), 409, "invitation_expired"
    )
    club.refuses(lambda: club.ada.invite("king", "odd"), 409, "role_unknown")


def test_a_key_is_invited_with_once(club: Club) -> None:
    assert club.ada.invite("investor", "the same").status_code == 201
    club.refuses(lambda: club.ada.invite("investor", "the same"), 409, "invitation_known")


def test_an_administrator_grants_a_role_and_nobody_else_does(club: Club) -> None:
    dora = club.member("Dora the investor", "investor")
    club.refuses(lambda: dora.grant_role(dora.user, "creator"), 403, "governance_only")
    club.refuses(lambda: dora.draft_of(), 403, "creator_only")
    assert club.ada.grant_role(dora.user, "creator").status_code == 201
    assert dora.draft_of().status_code == 201
    club.refuses(lambda: club.ada.grant_role(dora.user, "creator"), 409, "change_no_effect")
    club.refuses(lambda: club.ada.grant_role(dora.user, "king"), 409, "role_unknown")
    nobody = "00000000-0000-4000-8000-000000000000"
    club.refuses(lambda: club.ada.grant_role(nobody, "creator"), 404, "user_unknown")


def test_an_administrator_ends_nobodys_key(club: Club) -> None:
    dora = club.member("Dora who left", "creator")
    club.refuses(lambda: club.ada.revoke_key(dora.key.kid, reason="She left."), 422, "key_unknown")


def test_an_auditor_reads_everything_and_signs_nothing(club: Club) -> None:
    auditor = club.member("Otto", "auditor")
    drafted = club.member("Cora", "creator").draft(
        policy={"threshold": 1, "of": [f"user:{auditor.user}", "role:investor"]}
    )
    club.refuses(lambda: auditor.approve(drafted), 403, "not_a_signer")
    club.refuses(lambda: auditor.reject(drafted), 403, "not_a_signer")
    path = f"/api/statements/{drafted.id}?minPosition={drafted.answer['position']}"
    assert auditor.client.get(path).status_code == 200
    assert auditor.client.get("/api/inbox").json()["items"] == []


def test_every_member_came_by_the_link_or_by_an_invitation(club: Club) -> None:
    registered = [e.body for e in audit(club.server) if isinstance(e.body, UserRegistered)]
    assert [each.invitation for each in registered].count(None) == 0
