"""A bundle's exhibits: documents, signatures and keys as separate files. Pure.

All exhibits follow from the bodies, so the verifier recomputes and compares them. They are for
people, and for tools that know JWS but not this ledger.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger.domain import person
from ledger.domain.charter import STREAM
from ledger.domain.events import (
    ApprovalRetracted,
    Body,
    CompromiseDeclared,
    CompromiseSet,
    KeyAdded,
    KeyRevoked,
    LedgerCreated,
    LedgerRestored,
    LogKeysAnnounced,
    PasskeyAdded,
    Recorded,
    ServiceAccountAdded,
    ServiceAccountEnded,
    StatementDrafted,
    StatementRecord,
    StatementSigned,
    signature_of,
)
from ledger.domain.holdings import key_reference
from ledger.domain.person import Person
from ledger.domain.service_accounts import challenge_of
from ledger.encoding import b64u_encode, jcs
from ledger.errors import CorruptError
from ledger.jose import ALGORITHMS, PublicJwk, general
from ledger.verify.container import LOG_KEYS
from ledger.verify.involved import Stream

# --- files -------------------------------------------------------------------------------------


class Exhibit(NamedTuple):
    """One file; `signed` is the position of the event whose signature it is, None for others."""

    name: str
    content: bytes
    signed: int | None = None


def exhibits(events: Sequence[Recorded], statements: Sequence[str]) -> dict[str, bytes]:
    """Return the files under `statements/` and `people/`, and `keys/vkeys`, of these events."""
    streams: dict[UUID, list[Recorded]] = {}
    for each in events:
        streams.setdefault(each.event.stream, []).append(each)

    def stream(name: UUID) -> list[Recorded]:
        return streams.get(name, [])

    signers: set[str] = set()
    made = [*_statements(statements, stream, signers), Exhibit(LOG_KEYS, _vkeys(events))]
    made += _people([*streams], stream, signers, _founding(events))
    return {each.name: each.content for each in made}


def exhibits_of(
    owners: Sequence[UUID], statements: Sequence[str], stream: Stream
) -> Iterator[Exhibit]:
    """Yield the same files, for the keys of these owners, and hold none of the events.

    `stream` returns a stream's events.
    """
    signers: set[str] = set()
    yield from _statements(statements, stream, signers)
    yield Exhibit(LOG_KEYS, _vkeys(stream(STREAM)))
    yield from _people(owners, stream, signers, _founding(stream(STREAM)))


def _founding(events: Iterable[Recorded]) -> LedgerCreated | None:
    bodies = (each.event.body for each in events)
    return next((body for body in bodies if isinstance(body, LedgerCreated)), None)


def _statements(statements: Sequence[str], stream: Stream, signers: set[str]) -> Iterator[Exhibit]:
    for statement in statements:
        for each in _statement(stream(UUID(statement)), signers):
            yield each._replace(name=f"statements/{statement}/{each.name}")


def _vkeys(events: Iterable[Recorded]) -> bytes:
    announced = (each.event.body for each in events)
    vkeys = [
        vkey
        for body in announced
        if isinstance(body, LogKeysAnnounced | LedgerRestored)
        for vkey in body.vkeys
    ]
    return "".join(f"{vkey}\n" for vkey in vkeys).encode()


def _statement(events: Iterable[Recorded], signers: set[str]) -> Iterator[Exhibit]:
    """Yield the files of a statement, and add the kids that signed to `signers`."""
    payload = ""
    # The header and the signature by position; the payload is the document, which can be long.
    shared: dict[int, tuple[str, str]] = {}
    by: dict[str, list[int]] = {}  # the positions of a signer
    for recorded in events:
        body = recorded.event.body
        signers.add(_kid(body))
        if isinstance(body, StatementDrafted):
            yield Exhibit("document.json", body.document.encode())
            payload = b64u_encode(body.document.encode())
        jws = signature_of(body)
        if isinstance(body, StatementSigned) and jws.split(".", 3)[1:-1] == [payload]:
            header, _, signature = jws.split(".")
            shared[recorded.position] = header, signature
            by.setdefault(body.signer, []).append(recorded.position)
        if isinstance(body, ApprovalRetracted):
            for position in by.pop(body.signer, ()):
                del shared[position]
        if jws:  # nobody signs an effect of a change
            tag = body.TAG.rpartition(".")[0]
            yield Exhibit(f"{recorded.position}-{tag}.jws", jws.encode(), recorded.position)
    if shared:
        parts = shared.values()
        merged = general(f"{header}.{payload}.{signature}" for header, signature in parts)
        yield Exhibit("jws.json", merged)


def _kid(body: Body) -> str:
    return body.kid if isinstance(body, StatementRecord) else ""


def _people(
    owners: Sequence[UUID], stream: Stream, kids: set[str], founding: LedgerCreated | None
) -> Iterator[Exhibit]:
    for owner in owners:
        if founding is not None:
            yield from _person(owner, stream, kids, founding)


def _person(
    owner: UUID, stream: Stream, kids: set[str], founding: LedgerCreated
) -> Iterator[Exhibit]:
    """Yield the files of a person's keys that signed; the person is folded once for all of them."""
    bodies = ((recorded, recorded.event.body) for recorded in stream(owner))
    signed = [(each, body) for each, body in bodies if isinstance(body, KeyAdded)]
    signed = [(each, body) for each, body in signed if body.kid in kids]
    if not signed:
        return
    passkeys, ends = _passkeys(stream(owner)), _ends(stream(owner))
    known: Person | None = None
    for recorded, body in signed:
        passkey = passkeys.get(body.assertion.credential_id)
        if passkey is not None:
            known = known or _folded(stream(owner))
            name = f"people/{owner}/{body.kid}"
            yield Exhibit(f"{name}.jwk.json", jcs(_public(body.jwk, body.kid)))
            attested = _attested(recorded, ends.get(key_reference(body.kid)), known)
            evidence = _evidence(recorded, passkey, founding)
            yield Exhibit(f"{name}.attestation.json", jcs(attested | evidence))


def _folded(events: Iterable[Recorded]) -> Person | None:
    """Return a person after their events; raise CorruptError `event_misplaced` for others."""
    try:
        return reduce(person.evolve, (each.event for each in events), None)
    except (AssertionError, KeyError) as error:  # nothing was decided yet
        detail = "the events of a person do not follow on each other"
        raise CorruptError("event_misplaced", detail) from error


def _passkeys(events: Iterable[Recorded]) -> dict[str, Recorded]:
    """Return the event that added each passkey, the first if there are several."""
    found: dict[str, Recorded] = {}
    for each in events:
        if isinstance(each.event.body, PasskeyAdded):
            found.setdefault(each.event.body.credential_id, each)
    return found


def _ends(events: Iterable[Recorded]) -> dict[str, Recorded]:
    """Return the first event that ended each key: a revocation, or a declared compromise.

    Keys are named by their references.
    """
    found: dict[str, Recorded] = {}
    for each in events:
        match each.event.body:
            case KeyRevoked(kid=kid) | ServiceAccountEnded(account=kid):
                found.setdefault(key_reference(kid), each)
            case CompromiseDeclared() | CompromiseSet():
                for reference in (each.event.body.compromised, *each.event.body.also):
                    found.setdefault(reference, each)
            case _:
                pass
    return found


def _public(jwk: PublicJwk, kid: str) -> dict[str, Any]:
    named = {"alg": ALGORITHMS[type(jwk)][0], "kid": kid, "use": "sig"}
    members: dict[str, Any] = msgspec.to_builtins(jwk)
    return members | named


def _attested(recorded: Recorded, ended: Recorded | None, owner: Person | None) -> dict[str, Any]:
    """Return the members with a key's status, spelt as in the HTTP API."""
    body: Any = recorded.event.body
    key = None if owner is None else owner.keys[body.kid]
    return {
        "kid": body.kid,
        "user": str(recorded.event.stream),
        "jwk": msgspec.to_builtins(body.jwk),
        "credentialId": body.assertion.credential_id,
        "status": "active" if ended is None else "revoked",
        "attestedAt": recorded.event.at,
        "position": recorded.position,
        "revokedAt": None if ended is None else ended.event.at,
        "revokedPosition": None if ended is None else ended.position,
        "compromisedSince": None if key is None else key.compromised_since,
        "expiresAt": body.expires_at,
        "home": body.home,
    } | _service(body)


def _service(body: KeyAdded) -> dict[str, Any]:
    """Return what a service account's key does, for no other key."""
    if not isinstance(body, ServiceAccountAdded):
        return {}
    scope = {"acts": [*body.acts], "types": [*body.types], "untyped": body.untyped}
    return {"service": {"name": body.name} | scope}


def _evidence(recorded: Recorded, passkey: Recorded, founding: LedgerCreated) -> dict[str, Any]:
    body: Any = recorded.event.body
    shown: Any = passkey.event.body
    owner = str(recorded.event.stream)
    challenge = challenge_of(body, ledger=founding.ledger, user=owner)
    return {
        "attestation": {
            "nonce": body.nonce,
            "ledger": founding.ledger,
            "challenge": b64u_encode(challenge),
            "rpId": founding.rp_id,
            "origin": founding.origin,
            "assertion": msgspec.to_builtins(body.assertion),
            "possession": body.possession,
            "passkeyPublicKey": shown.public_key,
            "passkeyAlgorithm": shown.algorithm,
        }
    }
