"""What we record, checked by libraries that are not ours, from public answers alone."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from joserfc import jws as joserfc_jws
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from jwcrypto.jwk import JWKSet
from jwcrypto.jws import JWS

from ledger.encoding import b64u_decode
from tests.support.actor import Actor, Drafted
from tests.support.check import check_ledger
from tests.support.keys import ed25519_key, es256_key, ml_dsa_key
from tests.support.server import Server

# Approvals say EdDSA, which every library knows; RFC 9864 prefers Ed25519, and joserfc says so.
pytestmark = pytest.mark.filterwarnings(
    "ignore:EdDSA is deprecated via RFC 9864:joserfc.errors.SecurityWarning"
)
# By default joserfc refuses header members that RFC 7515 does not list; section 4 says to ignore
# them, and `iat` is one.
REGISTRY = JWSRegistry(algorithms=["EdDSA"], strict_check_header=False)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("oracles") / "data", LEDGER_RATE_LIMIT="60000")
    server.start()
    yield server
    check_ledger(server)
    server.stop()


@pytest.fixture(scope="module")
def three(ledger: Server) -> Iterator[list[Actor]]:
    with ExitStack() as stack:
        alice, bob, carol = (
            Actor(stack.enter_context(httpx.Client(base_url=ledger.origin)), name, ledger.origin)
            for name in ("Alice", "Bob", "Carol")
        )
        yield [alice.register("creator"), bob.register(), carol.register()]


@pytest.fixture(scope="module")
def approved(three: list[Actor]) -> tuple[Drafted, dict[str, Any]]:
    """One statement with three approvals, as anybody who is signed in reads it."""
    drafted = three[0].draft()
    answers = [person.approve(drafted) for person in three]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    position = answers[-1].json()["position"]
    shown = three[0].client.get(f"/api/statements/{drafted.id}?minPosition={position}")
    statement: dict[str, Any] = shown.json()
    assert (statement["status"], statement["approvals"]) == ("approved", 3)
    return drafted, statement


@pytest.fixture(scope="module")
def jwks(ledger: Server) -> dict[str, Any]:
    keys: dict[str, Any] = httpx.get(f"{ledger.origin}/.well-known/jwks.json").json()
    return keys


def test_pyjwt_verifies_each_approval_from_the_published_keys_alone(
    approved: tuple[Drafted, dict[str, Any]], ledger: Server
) -> None:
    drafted, statement = approved
    published = jwt.PyJWKClient(f"{ledger.origin}/.well-known/jwks.json")
    for decision in statement["decisions"]:
        key = published.get_signing_key_from_jwt(decision["jws"])
        assert jwt.decode(decision["jws"], key, algorithms=["EdDSA"]) == json.loads(
            drafted.document
        )


def test_joserfc_verifies_each_approval_from_the_published_keys_alone(
    approved: tuple[Drafted, dict[str, Any]], jwks: dict[str, Any]
) -> None:
    drafted, statement = approved
    keys = KeySet.import_key_set(jwks)  # type: ignore[arg-type]  # its own name for a plain dict
    for decision in statement["decisions"]:
        verified = joserfc_jws.deserialize_compact(decision["jws"], keys, registry=REGISTRY)
        assert verified.payload == drafted.document.encode()


def test_joserfc_verifies_the_general_jws_with_all_three_signatures(
    approved: tuple[Drafted, dict[str, Any]], three: list[Actor], jwks: dict[str, Any]
) -> None:
    drafted, _ = approved
    answer = three[0].client.get(f"/api/statements/{drafted.id}/jws")
    assert answer.headers["content-type"] == "application/jose+json"
    keys = KeySet.import_key_set(jwks)  # type: ignore[arg-type]  # its own name for a plain dict
    general = joserfc_jws.deserialize_json(answer.json(), keys, registry=REGISTRY)
    assert general.payload == drafted.document.encode()
    assert len(general.members) == 3


def test_jwcrypto_verifies_each_signature_of_the_general_jws(
    approved: tuple[Drafted, dict[str, Any]], three: list[Actor], jwks: dict[str, Any]
) -> None:
    drafted, _ = approved
    text = three[0].client.get(f"/api/statements/{drafted.id}/jws").text
    keys = JWKSet.from_json(json.dumps(jwks))
    kids = [person.key.kid for person in three]
    for kid in kids:
        general = JWS()
        general.deserialize(text)
        general.verify(keys.get_key(kid), alg="EdDSA")
        assert general.payload == drafted.document.encode()
    headers = [json.loads(_header(each)) for each in json.loads(text)["signatures"]]
    assert [header["kid"] for header in headers] == kids


@pytest.fixture(scope="module")
def mixed(ledger: Server) -> Iterator[tuple[list[Actor], str]]:
    """Signers with a key of each algorithm, and the General JWS of what they all approved."""
    keys = (ed25519_key(uuid4().int), es256_key(uuid4().int), ml_dsa_key(uuid4().int))
    with ExitStack() as stack:
        people = [
            Actor(stack.enter_context(ledger.client()), key.alg, ledger.origin, key=key).register(
                "creator"
            )
            for key in keys
        ]
        drafted = people[0].draft()
        answers = [each.approve(drafted) for each in people]
        assert [each.status_code for each in answers] == [201, 201, 201]
        query = {"minPosition": answers[-1].json()["position"]}
        answer = people[0].client.get(f"/api/statements/{drafted.id}/jws", params=query)
        yield people, answer.text


def test_jwcrypto_verifies_every_algorithm_from_the_published_keys_alone(
    mixed: tuple[list[Actor], str], ledger: Server
) -> None:
    people, text = mixed
    with ledger.client() as client:
        keys = JWKSet.from_json(client.get("/.well-known/jwks.json").text)
    for person in people:
        general = JWS()
        general.deserialize(text)
        general.verify(keys.get_key(person.key.kid), alg=person.name)
        assert json.loads(general.payload)["creator"] == people[0].user


def test_libraries_that_do_not_know_every_algorithm_verify_the_others(
    mixed: tuple[list[Actor], str], ledger: Server
) -> None:
    people, text = mixed
    general = json.loads(text)
    with ledger.client() as client:
        published = client.get("/.well-known/jwks.json").json()
    to_pyjwt = {key.key_id: key for key in jwt.PyJWKSet.from_dict(published).keys}
    to_joserfc = KeySet.import_key_set(published)
    registry = JWSRegistry(algorithms=["EdDSA", "ES256"], strict_check_header=False)
    for person, entry in zip(people[:2], general["signatures"], strict=False):
        compact = f"{entry['protected']}.{general['payload']}.{entry['signature']}"
        claims = jwt.decode(compact, to_pyjwt[person.key.kid], algorithms=[person.name])
        verified = joserfc_jws.deserialize_compact(compact, to_joserfc, registry=registry)
        assert claims == json.loads(verified.payload)


def test_the_individual_form_is_accepted_and_counts(three: list[Actor]) -> None:
    alice, bob, _ = three
    drafted = alice.draft()
    assert alice.approve(drafted).json()["status"] == "pending"
    answer = bob.post_sign(drafted.id, bob.individual(drafted.document))
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "approved"
    position = answer.json()["position"]
    shown = bob.client.get(f"/api/statements/{drafted.id}?minPosition={position}").json()
    assert [each["form"] for each in shown["decisions"]] == ["shared", "individual"]
    # The General JWS holds the shared form only: its payload is one.
    general = bob.client.get(f"/api/statements/{drafted.id}/jws").json()
    assert len(general["signatures"]) == 1


def _header(entry: dict[str, str]) -> bytes:
    return b64u_decode(entry["protected"])
