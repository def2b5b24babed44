"""A bundle's exhibits: documents, signatures and keys as separate files. Pure.

All exhibits follow from the bodies, so the verifier recomputes and compares them. They are for
people, and for tools that know JWS but not this ledger.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, assert_never
from uuid import UUID

import msgspec

from ledger.domain import person
from ledger.domain.changes.effects import affected
from ledger.domain.changes.items import is_change, parse_items
from ledger.domain.charter import STREAM
from ledger.domain.document import Document
from ledger.domain.events import (
    ApprovalRetracted,
    Body,
    ChangeEffect,
    CompromiseDeclared,
    CompromiseSet,
    Dependency,
    Event,
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
    actor,
    signature_of,
)
from ledger.domain.holdings import key_reference
from ledger.domain.service_accounts import challenge_of
from ledger.encoding import b64u_encode, jcs
from ledger.jose import ALGORITHMS, PublicJwk, general
from ledger.verify.container import LOG_KEYS
from ledger.verify.withheld import withheld_tags

# --- the streams involved ----------------------------------------------------------------------


def involved(
    statements: Sequence[UUID], stream: Callable[[UUID], Sequence[Recorded]]
) -> list[Recorded]:
    """Return, in log order, all events that the decisions on these statements depend on.

    `stream` returns a stream's events. What a bundle withholds leads to no other stream.
    """
    found: dict[UUID, Sequence[Recorded]] = {}
    waiting = [STREAM, *statements]
    tags = withheld_tags(_documents(statements, stream))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = stream(name)
        for recorded in found[name]:
            if recorded.event.body.TAG in tags:
                continue
            for dependency in recorded.event.body.MEANING.depends_on:
                waiting += _streams(recorded.event, dependency)
    return sorted((each for events in found.values() for each in events), key=_position)


def _documents(
    statements: Sequence[UUID], stream: Callable[[UUID], Sequence[Recorded]]
) -> list[str]:
    """Return the documents of statements, and of those that they supersede."""
    found: dict[UUID, str] = {}
    waiting = [*statements]
    while waiting:
        name = waiting.pop()
        first = next(iter(stream(name)), None)
        if name in found or first is None or not isinstance(first.event.body, StatementDrafted):
            continue
        found[name] = first.event.body.document
        waiting += _streams(first.event, "superseded")
    return [*found.values()]


def _position(recorded: Recorded) -> int:
    return recorded.position


def _streams(event: Event, dependency: Dependency) -> Iterable[UUID]:
    match dependency:
        case "actor":
            who = actor(event)
            return [] if who is None else [UUID(who)]
        case "affected":
            document = _document(event)
            return affected(parse_items(document)) if is_change(document) else []
        case "change":
            return [UUID(event.body.change)] if isinstance(event.body, ChangeEffect) else []
        case "superseded":
            older = _document(event).supersedes
            return [] if older is None else [UUID(older.statement)]
        case _:
            assert_never(dependency)


def _document(event: Event) -> Document:
    if not isinstance(event.body, StatementDrafted):
        raise AssertionError("only a draft has a document")
    return msgspec.json.decode(event.body.document, type=Document)


# --- files -------------------------------------------------------------------------------------


def exhibits(events: Sequence[Recorded], statements: Sequence[str]) -> dict[str, bytes]:
    """Return the files under `statements/` and `people/`, and `keys/vkeys`, of these events."""
    files = {LOG_KEYS: _vkeys(events)}
    signers: set[str] = set()
    for statement in statements:
        stream = UUID(statement)
        for name, content in _statement([each for each in events if each.event.stream == stream]):
            files[f"statements/{statement}/{name}"] = content
        signers |= {_kid(each.event.body) for each in events if each.event.stream == stream}
    return files | dict(_people(events, signers))


def _vkeys(events: Sequence[Recorded]) -> bytes:
    announced = [each.event.body for each in events]
    vkeys = [
        vkey
        for body in announced
        if isinstance(body, LogKeysAnnounced | LedgerRestored)
        for vkey in body.vkeys
    ]
    return "".join(f"{vkey}\n" for vkey in vkeys).encode()


def _statement(events: Sequence[Recorded]) -> Iterator[tuple[str, bytes]]:
    payload = ""
    shared: list[tuple[str, str]] = []  # the signer and the JWS
    for recorded in events:
        body = recorded.event.body
        if isinstance(body, StatementDrafted):
            yield "document.json", body.document.encode()
            payload = b64u_encode(body.document.encode())
        jws = signature_of(body)
        if isinstance(body, StatementSigned) and jws.split(".", 3)[1:-1] == [payload]:
            shared.append((body.signer, jws))
        if isinstance(body, ApprovalRetracted):
            shared = [each for each in shared if each[0] != body.signer]
        if jws:  # nobody signs an effect of a change
            tag = body.TAG.rpartition(".")[0]
            yield f"{recorded.position}-{tag}.jws", jws.encode()
    if shared:
        yield "jws.json", general([jws for _, jws in shared])


def _kid(body: Body) -> str:
    return body.kid if isinstance(body, StatementRecord) else ""


def _people(events: Sequence[Recorded], kids: set[str]) -> Iterator[tuple[str, bytes]]:
    founding = next((e.event.body for e in events if isinstance(e.event.body, LedgerCreated)), None)
    for recorded in events:
        body = recorded.event.body
        if not isinstance(body, KeyAdded) or body.kid not in kids or founding is None:
            continue
        owner = recorded.event.stream
        mine = [each for each in events if each.event.stream == owner]
        passkey = _first(mine, PasskeyAdded, "credential_id", body.assertion.credential_id)
        ended = _end(mine, body.kid)
        if passkey is not None:
            name = f"people/{owner}/{body.kid}"
            yield f"{name}.jwk.json", jcs(_public(body.jwk, body.kid))
            yield (
                f"{name}.attestation.json",
                jcs(_attested(recorded, ended, mine) | _evidence(recorded, passkey, founding)),
            )


def _first(
    events: Sequence[Recorded], kind: type[msgspec.Struct], member: str, value: str
) -> Recorded | None:
    for each in events:
        if isinstance(each.event.body, kind) and getattr(each.event.body, member) == value:
            return each
    return None


def _end(events: Sequence[Recorded], kid: str) -> Recorded | None:
    """Return the event that ended a key: its revocation, or the declaration of a compromise."""
    for each in events:
        match each.event.body:
            case KeyRevoked(kid=ended) | ServiceAccountEnded(account=ended) if ended == kid:
                return each
            case CompromiseDeclared() | CompromiseSet():
                one, others = each.event.body.compromised, each.event.body.also
                if key_reference(kid) in (one, *others):
                    return each
            case _:
                pass
    return None


def _public(jwk: PublicJwk, kid: str) -> dict[str, Any]:
    named = {"alg": ALGORITHMS[type(jwk)][0], "kid": kid, "use": "sig"}
    members: dict[str, Any] = msgspec.to_builtins(jwk)
    return members | named


def _attested(
    recorded: Recorded, ended: Recorded | None, mine: Sequence[Recorded]
) -> dict[str, Any]:
    """Return the members with a key's status, spelt as in the HTTP API."""
    body: Any = recorded.event.body
    owner = reduce(person.evolve, (each.event for each in mine), None)
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
