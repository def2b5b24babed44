"""What a thief can still do, line by line: docs/explanation/thieves.md names each test."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol
from uuid import uuid4

import pytest

from ledger import clock
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.integration.http.test_invitations import Club
from tests.integration.http.test_standing import _club as _club
from tests.integration.http.test_standing import club as club
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.authenticator import Passkey
from tests.support.new_devices import offer, open_link
from tests.support.server import Server
from tests.support.stored_tables import rows

# --- with a signing key alone --------------------------------------------------------------------


class MakeThief(Protocol):
    """Make somebody with a person's signing key, and nothing else of theirs."""

    def __call__(self, server: Server, victim: Actor) -> Actor: ...


@pytest.fixture
def thief_with_key() -> Iterator[MakeThief]:
    with ExitStack() as clients:

        def make(server: Server, victim: Actor) -> Actor:
            client = clients.enter_context(server.client())
            thief = Actor(client, "Thief", server.origin, key=victim.key)
            thief.user, thief.ledger = victim.user, victim.ledger
            return thief

        yield make


def test_a_stolen_key_approves_where_a_key_is_enough(
    server: Server, alice: Actor, join: Join, thief_with_key: MakeThief
) -> None:
    dora = join("Dora")
    thief = thief_with_key(server, dora)
    assert thief.approve(alice.draft(policy=policy_of(1, dora))).json()["status"] == "approved"


def test_a_stolen_key_approves_nothing_that_asks_for_a_passkey(
    server: Server, alice: Actor, join: Join, refuses: Refuses, thief_with_key: MakeThief
) -> None:
    dora = join("Dora")
    thief = thief_with_key(server, dora)
    drafted = alice.draft(policy=policy_of(1, dora, assurance="passkey"))
    refuses(lambda: thief.approve(drafted), 422, "assertion_required")
    jwt = thief.approval(drafted.document)
    assertion = thief.confirm(jwt)  # by a passkey of the thief's own
    refuses(lambda: thief.post_sign(drafted.id, jwt, assertion=assertion), 422, "passkey_unknown")


def test_a_stolen_key_ends_itself_and_no_other_key(
    server: Server, join: Join, refuses: Refuses, thief_with_key: MakeThief
) -> None:
    dora = join("Dora")
    other = SigningKey.generate()
    assert dora.add_key(other).status_code == 201
    thief = thief_with_key(server, dora)
    act = thief.act("revoke-key", kid=other.kid)
    path = f"/api/jwt-keys/{other.kid}/revoke"
    refuses(lambda: thief.client.post(path, json={"act": act}), 422, "assertion_required")
    assert thief.revoke_key(dora.key.kid).status_code == 201


def test_a_stolen_key_declares_and_moves_no_compromise(
    server: Server, join: Join, refuses: Refuses, thief_with_key: MakeThief
) -> None:
    dora = join("Dora")
    thief = thief_with_key(server, dora)
    now = clock.to_text(now_ms())
    act = thief.act("declare-compromise", passkey=dora.passkey.id, since=now)
    refuses(
        lambda: thief.client.post("/api/compromises", json={"act": act}), 422, "assertion_required"
    )
    refuses(lambda: thief.declare_compromise(now, kid=dora.key.kid), 422, "passkey_unknown")


def test_a_stolen_key_suspends_nobody(club: Club, thief_with_key: MakeThief) -> None:
    dora = club.member("Dora T", "investor")
    thief = thief_with_key(club.server, club.ada)
    act = thief.act("suspend", user=dora.user, reason="Left the company.")
    path = f"/api/users/{dora.user}/suspend"
    club.refuses(lambda: thief.client.post(path, json={"act": act}), 422, "assertion_required")


def test_a_stolen_key_attests_no_key_of_the_thief(
    server: Server, join: Join, refuses: Refuses, thief_with_key: MakeThief
) -> None:
    dora = join("Dora")
    thief = thief_with_key(server, dora)
    assert thief.sign_in_by_key(str(uuid4())).status_code == 200  # it reads as its owner
    thief.passkey = Passkey(origin=server.origin)
    refuses(lambda: thief.add_key(SigningKey.generate()), 422, "passkey_unknown")


def test_what_a_stolen_key_decided_counts_no_more_once_its_owner_says_so(
    server: Server, alice: Actor, join: Join, refuses: Refuses, thief_with_key: MakeThief
) -> None:
    dora, eve = join("Dora"), join("Eve")
    thief = thief_with_key(server, dora)
    drafted = alice.draft(policy=policy_of(2, dora, eve))
    assert thief.approve(drafted).json()["status"] == "pending"
    since = dora.client.get(f"/api/jwt-keys/{dora.key.kid}").json()["attestedAt"]
    stolen, dora.key = dora.key, SigningKey.generate()
    assert dora.add_key(dora.key).status_code == 201
    assert dora.declare_compromise(since, kid=stolen.kid).status_code == 201
    refuses(lambda: thief.approve(drafted), 422, "key_revoked")
    assert eve.approve(drafted).json()["status"] == "pending"


def test_an_older_signature_is_not_put_after_a_newer_decision(
    alice: Actor, join: Join, refuses: Refuses
) -> None:
    dora, eve = join("Dora"), join("Eve")
    drafted = alice.draft(policy=policy_of(2, dora, eve, alice))
    withheld = dora.approval(drafted.document)
    assert dora.reject(drafted).status_code == 201
    refuses(lambda: dora.post_sign(drafted.id, withheld), 422, "out_of_order")


# --- with a session alone ------------------------------------------------------------------------


def test_a_stolen_session_reads_as_its_owner_and_signs_nothing(
    server: Server, alice: Actor, join: Join, refuses: Refuses, thief_with_key: MakeThief
) -> None:
    dora = join("Dora")
    thief = thief_with_key(server, dora)
    thief.key, thief.passkey = SigningKey.generate(), Passkey(origin=server.origin)
    thief.client.cookies.update(dora.client.cookies)
    assert thief.client.get("/api/session").json()["user"]["id"] == dora.user
    drafted = alice.draft(policy=policy_of(1, dora))
    refuses(lambda: thief.approve(drafted), 422, "key_unknown")
    refuses(lambda: thief.add_key(thief.key), 422, "passkey_unknown")


def test_a_stolen_session_ends_with_a_declaration_of_its_owner(join: Join, server: Server) -> None:
    dora = join("Dora")
    with server.client() as thief:
        thief.cookies.update(dora.client.cookies)
        lost, dora.key = dora.key, SigningKey.generate()
        assert dora.add_key(dora.key).status_code == 201
        since = clock.to_text(now_ms())
        assert dora.declare_compromise(since, kid=lost.kid).status_code == 201
        assert thief.get("/api/session").status_code == 401


# --- with a copy of the files --------------------------------------------------------------------


def test_a_copy_of_the_files_holds_no_key_and_no_session(server: Server, join: Join) -> None:
    dora = join("Dora")
    name, token = next(iter(dora.client.cookies.items()))
    files = b"".join(
        path.read_bytes()
        for path in sorted(server.data.iterdir())
        if path.suffix in (".sqlite", ".sqlite-wal")
    )
    assert name
    assert token.encode() not in files
    assert dora.key.kid.encode() in files


def test_a_copy_of_the_log_has_every_decision_to_read(
    server: Server, alice: Actor, join: Join
) -> None:
    """It is not encrypted: a copy is enough to read it."""
    dora = join("Dora who is read")
    drafted = alice.draft(policy=policy_of(1, dora), title="A title that is read")
    bodies = rows(server, "SELECT data FROM body")
    assert len([data for (data,) in bodies if drafted.id.encode() in data]) == 1


# --- carrying requests ---------------------------------------------------------------------------


def test_a_link_that_is_over_tells_nothing_of_its_owner(server: Server, join: Join) -> None:
    bob = join("Bob")
    secret = open_link(bob)
    with server.client() as stranger:

        def look() -> dict[str, object]:
            found = stranger.post("/api/device-links/look", json={"secret": secret})
            assert found.status_code == 200
            shown: dict[str, object] = found.json()
            return shown

        assert look()["name"] == bob.name
        assert offer(stranger, secret, Passkey(origin=server.origin)).status_code == 204
        nothing = dict.fromkeys(["expiresAt", "user", "name", "ledger", "nonce", "publicKey"])
        assert look() == {"stage": "offered"} | nothing
        end = {"why": "cancelled"}
        assert bob.client.post("/api/device-links/end", json=end).status_code == 204
        assert look() == {"stage": "cancelled"} | nothing


def test_a_carrier_who_sends_a_request_again_gets_the_first_answer_and_no_session(
    server: Server, join: Join
) -> None:
    dora = join("Dora", None)
    body = dora.completion(dora.begin("investor"))
    first = dora.client.post("/api/register/complete", json=body)
    with server.client() as carrier:
        again = carrier.post("/api/register/complete", json=body)
        assert (again.status_code, again.content) == (201, first.content)
        assert dict(carrier.cookies) == {}


def test_a_carrier_takes_an_act_to_no_other_request(join: Join, refuses: Refuses) -> None:
    """The act names what it is about, and its signature covers every byte of it."""
    dora = join("Dora")
    other = SigningKey.generate()
    assert dora.add_key(other).status_code == 201
    act = dora.act("revoke-key", kid=dora.key.kid)
    path = f"/api/jwt-keys/{other.kid}/revoke"
    refuses(lambda: dora.client.post(path, json={"act": act}), 422, "act_mismatch")


def test_a_carrier_puts_no_other_passkeys_assertion_beside_an_act(
    server: Server, join: Join, refuses: Refuses
) -> None:
    dora, carrier = join("Dora"), join("Carrier")
    act = dora.act("declare-compromise", kid=dora.key.kid, since=clock.to_text(now_ms()))
    body = {"act": act, "assertion": carrier.confirm(act)}
    refuses(lambda: carrier.client.post("/api/compromises", json=body), 422, "passkey_unknown")


def test_a_carrier_who_waits_more_than_five_minutes_has_a_stale_request(
    alice: Actor, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    drafted = alice.draft(policy=policy_of(1, dora))
    old = dora.approval(drafted.document, iat=now_ms() // 1000 - 301)
    refuses(lambda: dora.post_sign(drafted.id, old), 422, "iat_stale")
    digest = hashlib.sha256(drafted.document.encode()).hexdigest()
    assert digest == drafted.sha256
