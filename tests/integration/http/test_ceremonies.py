"""Ceremonies: one-time challenges of the server, for one purpose, for five minutes, not endless."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest

from ledger.commands.ceremonies import CEREMONY_MS, Ceremony
from ledger.commands.ceremony_ids import seal, unseal
from ledger.data_files import SESSIONS_FILE
from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import SigningKey
from tests.integration.conftest import NO_LIMIT, Join, Refuses
from tests.support.actor import Actor
from tests.support.check import head
from tests.support.server import Server
from tests.support.stored_tables import rows

COMPLETE = "/api/register/complete"


def remembered(server: Server) -> int:
    """Return how many rows the server holds of what it may forget."""
    tables = ("secret", "open_session", "passkey_use", "once")
    queries = [f"SELECT count(*) FROM {table}" for table in tables]  # noqa: S608  # constants
    return sum(rows(server, query, file=SESSIONS_FILE)[0][0] for query in queries)


def expired(server: Server, begun: dict[str, Any]) -> dict[str, Any]:
    """Return a ceremony as if it had begun five minutes ago, with the server's own key."""
    query = "SELECT value FROM secret WHERE name = 'ceremony'"
    ((key,),) = rows(server, query, file=SESSIONS_FILE)
    state = unseal(begun["ceremony"], key=key)
    ceremony = msgspec.msgpack.decode(state, type=Ceremony)
    ago = ceremony.expires_ms - CEREMONY_MS
    late = msgspec.msgpack.encode(msgspec.structs.replace(ceremony, expires_ms=ago))
    return begun | {"ceremony": seal(late, key=key)}


def test_a_registration_ends_after_five_minutes(
    server: Server, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora", role=None)
    begun = dora.begin("investor")
    body = dora.completion(expired(server, begun))
    refuses(lambda: dora.client.post(COMPLETE, json=body), 422, "ceremony_unknown")


def test_a_sign_in_ends_after_five_minutes(server: Server, bob: Actor, refuses: Refuses) -> None:
    begun = expired(server, bob.begin_sign_in())
    refuses(lambda: bob.post_assertion(begun), 422, "ceremony_unknown")


def test_the_attestation_of_a_key_ends_after_five_minutes(
    server: Server, bob: Actor, refuses: Refuses
) -> None:
    begun = bob.client.post("/api/jwt-keys/options", json={}).json()
    begun = expired(server, begun)
    body = {"ceremony": begun["ceremony"], "key": bob.key_proofs(begun["nonce"])}
    refuses(lambda: bob.client.post("/api/jwt-keys", json=body), 422, "ceremony_unknown")


def test_every_nonce_is_random_and_every_ceremony_is_another(stranger: httpx.Client) -> None:
    begun = [stranger.post("/api/authenticate/options", json={}).json() for _ in range(50)]
    assert len({each["nonce"] for each in begun}) == 50
    assert len({each["ceremony"] for each in begun}) == 50


def test_a_ceremony_that_was_never_begun_is_refused(bob: Actor, refuses: Refuses) -> None:
    begun = bob.begin_sign_in() | {"ceremony": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
    refuses(lambda: bob.post_assertion(begun), 422, "ceremony_unknown")


def test_a_sign_in_ceremony_does_not_complete_a_registration(join: Join, refuses: Refuses) -> None:
    dora = join("Dora", role=None)
    begun = dora.begin("investor") | dora.begin_sign_in()
    body = dora.completion(begun)
    refuses(lambda: dora.client.post(COMPLETE, json=body), 422, "ceremony_unknown")


def test_a_registration_ceremony_does_not_sign_in(join: Join, bob: Actor, refuses: Refuses) -> None:
    begun = join("Dora", role=None).begin("investor")
    refuses(lambda: bob.post_assertion(begun), 422, "ceremony_unknown")


def test_a_registration_response_does_not_sign_in(bob: Actor, refuses: Refuses) -> None:
    begun = bob.begin_sign_in()
    refuses(
        lambda: bob.post_assertion(begun, type="webauthn.create"), 422, "passkey_assertion_refused"
    )


def test_a_recorded_attestation_does_not_sign_in(bob: Actor, refuses: Refuses) -> None:
    key = bob.client.get(f"/api/jwt-keys/{bob.key.kid}").json()
    evidence = key["attestation"]["assertion"]
    assertion = {
        "id": evidence["credentialId"],
        "rawId": evidence["credentialId"],
        "type": "public-key",
        "response": {
            name: evidence[name] for name in ("clientDataJSON", "authenticatorData", "signature")
        },
    }
    body = {"ceremony": bob.begin_sign_in()["ceremony"], "assertion": assertion}
    refuses(
        lambda: bob.client.post("/api/authenticate", json=body), 422, "passkey_assertion_refused"
    )


def test_one_persons_ceremony_is_not_anothers(bob: Actor, carol: Actor, refuses: Refuses) -> None:
    begun = bob.client.post("/api/jwt-keys/options", json={}).json()
    body = {"ceremony": begun["ceremony"], "key": carol.key_proofs(begun["nonce"])}
    refuses(lambda: carol.client.post("/api/jwt-keys", json=body), 403, "ceremony_of_another")
    begun = bob.client.post("/api/passkeys/options", json={}).json()
    body = {
        "ceremony": begun["ceremony"],
        "registration": carol.passkey.create(carol.challenge("register", begun)),
        "assertion": carol.passkey.get(bytes(32)),
        "act": carol.act("add-passkey", cose=carol.passkey.cose_sha256, user=carol.user),
        "confirmation": carol.passkey.get(bytes(32)),
    }
    refuses(lambda: carol.client.post("/api/passkeys", json=body), 403, "ceremony_of_another")


def test_a_passkey_does_not_vouch_for_another_persons_key(
    bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    key = SigningKey.generate()
    refuses(lambda: carol.add_key(key, passkey=bob.passkey), 422, "passkey_unknown")


def test_a_forged_or_changed_ceremony_is_refused(bob: Actor, refuses: Refuses) -> None:
    begun = bob.begin_sign_in()
    sealed = bytearray(b64u_decode(begun["ceremony"]))
    sealed[5] ^= 1
    for text in (b64u_encode(bytes(sealed)), begun["ceremony"][:-4], begun["ceremony"] * 9, ""):
        forged = begun | {"ceremony": text}
        refuses(lambda forged=forged: bob.post_assertion(forged), 422, "ceremony_unknown")  # type: ignore[misc]  # mypy knows no default of a lambda
    assert bob.post_assertion(begun).status_code == 200


def test_twelve_thousand_open_ceremonies_change_nothing_for_anybody(
    server: Server, bob: Actor, join: Join
) -> None:
    before = remembered(server)
    begin_many(server, 12_000)
    assert remembered(server) == before
    assert bob.sign_in().status_code == 200
    join("Dora")


def begin_many(server: Server, count: int) -> None:
    """Begin sign-ins over one connection, eight requests at a time."""
    head = f"POST /api/authenticate/options HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
    one = f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    with socket.create_connection(("localhost", server.port)) as connection:
        answers = connection.makefile("rb")
        for _ in range(count // 8):
            connection.sendall(one * 8)
            for _ in range(8):
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                length = 0
                while (line := answers.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                answers.read(length)


@pytest.fixture
def pair(start_server: Callable[..., Server]) -> Iterator[tuple[Server, Server]]:
    """Two servers of one ledger, on one directory."""
    first = start_server(LEDGER_SERVERS="several")
    shared = {"LEDGER_SERVERS": "several", "LEDGER_RATE_LIMIT": NO_LIMIT}
    second = Server(first.data, LEDGER_ORIGIN=first.origin, **shared)
    second.start()
    yield first, second
    second.stop()


def test_two_servers_complete_each_others_ceremonies_and_each_of_them_once(
    pair: tuple[Server, Server],
) -> None:
    first, second = pair
    with first.client() as here, second.client() as there, ThreadPoolExecutor(2) as threads:
        bob = Actor(here, "Bob", first.origin).register()
        for _ in range(10):
            begun = bob.begin_sign_in()
            assertion = bob.passkey.get(bob.challenge("sign-in", begun))
            body = {"ceremony": begun["ceremony"], "assertion": assertion}
            sent = [threads.submit(c.post, "/api/authenticate", json=body) for c in (here, there)]
            statuses = sorted(each.result().status_code for each in sent)
            assert statuses == [200, 422]
        dora = Actor(there, "Dora", first.origin)
        begun = dora.begin("investor")
        assert here.post(COMPLETE, json=dora.completion(begun)).status_code == 201


@pytest.mark.parametrize("member", ["challenge", "credentialId", "user"])
def test_a_client_cannot_name_the_challenge_or_the_passkey_of_a_sign_in(
    member: str, stranger: httpx.Client, refuses: Refuses
) -> None:
    wish = {member: b64u_encode(bytes(32))}
    refuses(lambda: stranger.post("/api/authenticate/options", json=wish), 400, "request_invalid")


def test_nothing_is_recorded_before_a_registration_is_complete(server: Server, join: Join) -> None:
    before = head(server)
    join("Dora", role=None).begin("investor")
    assert head(server) == before
