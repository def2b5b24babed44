"""Receipts: recompute each request's key and answer from the events alone.

The store identifies a request by its key and repeats the first answer on a retry. Key and answer
follow from the evidence in the events, so an audit can compare every stored receipt with the log.
"""

import hashlib
from collections.abc import Sequence
from typing import assert_never
from uuid import UUID

import msgspec

from ledger.domain.events import (
    ApprovalRetracted,
    Body,
    CompromiseDeclared,
    EffectBody,
    Event,
    GovernanceAccepted,
    HeadsKeyReplaced,
    KeyAttested,
    KeyReaffirmed,
    KeyRevoked,
    LedgerBody,
    LedgerCreated,
    LedgerRestored,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    OperatorInvitationsCancelled,
    OperatorInvited,
    PasskeyAdded,
    PasskeyRemoved,
    PersonBody,
    PersonSuspended,
    RecoveryCancelled,
    RecoveryCodesSet,
    ServiceAccountAdded,
    ServiceAccountEnded,
    StatementDrafted,
    StatementEffect,
    StatementRecord,
    StatementRejected,
    StatementSigned,
    StatementUse,
    StatementUsed,
    StatementWithdrawn,
    UserNamed,
    UserRegistered,
)
from ledger.domain.vocabulary import Status
from ledger.encoding import sha256_hex
from ledger.errors import CorruptError

REGISTER = "register"
ADD_KEY = "add-key"
ADD_PASSKEY = "add-passkey"
ACT = "act"
CHANGE = "change"
DRAFT = "draft"
SIGN = "sign"
REJECT = "reject"
RETRACT = "retract"
WITHDRAW = "withdraw"
USE = "use"
OUTCOME = "outcome"

_json = msgspec.json.Encoder().encode


def request_key(kind: str, evidence: str) -> bytes:
    """Return a request's key: SHA-256 (32 bytes) of its kind and its evidence."""
    return hashlib.sha256(f"{kind}\0{evidence}".encode()).digest()


def own_key(states: Sequence[bytes]) -> bytes:
    """Return the key of a write without a request: SHA-256 of the events' stored states."""
    return hashlib.sha256(b"".join(states)).digest()


def joined(*evidence: str) -> str:
    """Return several pieces of evidence joined into one."""
    return "\0".join(evidence)


class Written(msgspec.Struct, frozen=True):
    """The key of a write, and the possible answers to its request."""

    key: bytes
    answers: tuple[bytes, ...]


def written_about_change(events: Sequence[Event], approvals: int) -> Written:
    """Return the receipt for a write about a change.

    `events` are its draft, with its drafter's approval unless it sets governance, or one decision,
    and the effects that follow; `approvals` is the number of approvals after them. Raises
    CorruptError `event_misplaced`.
    """
    match [event.body for event in events]:
        case [StatementDrafted() as drafted, StatementSigned() as signed, *_]:
            return _change(events[0].stream, drafted, signed, approvals)
        case [StatementDrafted() as drafted]:
            return _change(events[0].stream, drafted, None, approvals)
        case _:
            return written_about_statement(events[0], approvals)


def _change(
    stream: UUID, drafted: StatementDrafted, signed: StatementSigned | None, approvals: int
) -> Written:
    jws = "" if signed is None else signed.jws
    answer = {
        "statementId": str(stream),
        "sha256": sha256_hex(drafted.document.encode()),
        "status": "pending" if signed is None else signed.status,
        "approvals": approvals,
    }
    key = request_key(CHANGE, joined(drafted.act, drafted.document, jws))
    return Written(key, (_json(answer),))


def written_about_statement(event: Event, approvals: int) -> Written:
    """Return the receipt for the write of one event of a statement.

    `approvals` is the number of approvals after the event. Raises CorruptError `event_misplaced`
    for an event of another stream.
    """
    body, stream = event.body, str(event.stream)
    if isinstance(body, StatementUse):
        return _used(body, stream)
    status: Status
    match body:
        case StatementSigned():
            key, status = request_key(SIGN, f"{stream}\0{body.jws}"), body.status
        case StatementDrafted():
            return _drafted(body, stream)
        case StatementRejected():
            key, status = request_key(REJECT, f"{stream}\0{body.act}"), body.status
        case ApprovalRetracted():
            key, status = request_key(RETRACT, f"{stream}\0{body.act}"), "pending"
        case StatementWithdrawn():
            key, status = request_key(WITHDRAW, f"{stream}\0{body.act}"), "withdrawn"
        case _:
            raise _misplaced(body)
    answer = {"statementId": stream, "status": status, "approvals": approvals}
    return Written(key, (_json(answer),))


def use_answer(stream: str, body: StatementUse) -> dict[str, object]:
    """Return the answer to a use, or to the report of its outcome."""
    named = {"statementId": stream, "number": body.number, "generation": body.generation}
    if isinstance(body, StatementUsed):
        return {**named}
    return {**named, "outcome": body.outcome, "frees": body.frees}


def _used(body: StatementUse, stream: str) -> Written:
    """Return the receipt of a use or its outcome; a use is known by its executor and nonce."""
    if isinstance(body, StatementUsed):
        key = request_key(USE, joined(stream, body.signer, body.nonce))
    else:
        key = request_key(OUTCOME, joined(stream, body.act))
    return Written(key, (_json(use_answer(stream, body)),))


def _misplaced(_: LedgerBody | PersonBody | StatementEffect) -> CorruptError:
    """Return the error for an event that is no record of a statement.

    The argument's type lists all other events: mypy fails if a caller forgets one.
    """
    return CorruptError("event_misplaced", "not an event of a statement")


def _drafted(body: StatementDrafted, stream: str) -> Written:
    answer = {
        "statementId": stream,
        "sha256": sha256_hex(body.document.encode()),
        "status": "pending",
    }
    # The answer may have had a warning: it depended on the people registered at that moment.
    warnings: tuple[list[str], ...] = ([], ["policy_not_yet_satisfiable"])
    key = request_key(DRAFT, f"{body.act}\0{body.document}")
    return Written(key, tuple(_json(answer | {"warnings": each}) for each in warnings))


def written(events: Sequence[Event], states: Sequence[bytes]) -> Written:
    """Return the receipt for a write about people or the ledger itself.

    `events` are all events of the write: four for a registration, three without its erased name,
    otherwise one. Raises CorruptError `registration_torn` or `event_misplaced`.
    """
    body = events[0].body
    if isinstance(body, StatementRecord):
        raise CorruptError("event_misplaced", "not an event of people or of the ledger")
    if isinstance(body, EffectBody):
        raise CorruptError("event_misplaced", "an effect is written with what brings it about")
    match body:
        case UserRegistered() | UserNamed():
            return _registered([event.body for event in events])
        case (
            LedgerCreated()
            | LogKeysAnnounced()
            | LogKeysRetired()
            | HeadsKeyReplaced()
            | LedgerRestored()
            | LogFrozen()
        ):
            return Written(own_key(states), (b"",))
        case OperatorInvited(act=act) | OperatorInvitationsCancelled(act=act):
            own = request_key(ACT, joined(str(events[0].stream), act))
            return Written(own, (_json({"recovery": body.recovery}),))
        case _:
            key, answer = _asked(body, str(events[0].stream))
            return Written(key, (_json(answer),))


def _registered(bodies: Sequence[Body]) -> Written:
    match bodies:
        # The name is not in the answer, and its event can be erased.
        case [
            UserRegistered() as user,
            PasskeyAdded() as passkey,
            KeyAttested() as key,
            *named,
        ] if [type(each) for each in named] in ([], [UserNamed]):
            shown = {
                "id": user.user,
                "roles": [] if user.role is None else [user.role],
                "credentialIds": [passkey.credential_id],
                "kids": [key.kid],
            }
            evidence = joined(passkey.registration.attestation_object, key.possession)
            answer = _json({"user": shown, "kid": key.kid})
            return Written(request_key(REGISTER, evidence), (answer,))
        case _:
            raise CorruptError(
                "registration_torn", "a registration is incomplete or interleaved with other events"
            )


Asked = (
    PasskeyAdded
    | PasskeyRemoved
    | KeyAttested
    | KeyRevoked
    | KeyReaffirmed
    | ServiceAccountAdded
    | ServiceAccountEnded
    | PersonSuspended
    | CompromiseDeclared
    | RecoveryCodesSet
    | RecoveryCancelled
    | GovernanceAccepted
)


def _asked(body: Asked, stream: str) -> tuple[bytes, dict[str, object]]:
    """Return the key and the answer of a request about people."""
    match body:
        case KeyAttested() | ServiceAccountAdded():
            evidence = joined(body.assertion.signature, body.possession)
            return request_key(ADD_KEY, evidence), {"kid": body.kid}
        case PasskeyAdded():
            signed = body.act or body.redeem or ""
            evidence = joined(body.registration.attestation_object, signed)
            return request_key(ADD_PASSKEY, evidence), _of_passkey(body)
        case KeyRevoked(kid=kid, act=act) | KeyReaffirmed(kid=kid, act=act):
            return request_key(ACT, joined(stream, act)), {"kid": kid}
        case PasskeyRemoved(credential_id=credential, act=act):
            return request_key(ACT, joined(stream, act)), {"credentialId": credential}
        case (
            PersonSuspended(act=act)
            | RecoveryCodesSet(act=act)
            | RecoveryCancelled(act=act)
            | GovernanceAccepted(act=act)
        ):
            return request_key(ACT, joined(stream, act)), {"user": stream}
        case ServiceAccountEnded(account=kid, act=act):
            return request_key(ACT, joined(stream, act)), {"kid": kid}
        case CompromiseDeclared(compromised=compromised, act=act):
            return request_key(ACT, joined(stream, act)), {"compromised": compromised}
        case _:
            assert_never(body)


def _of_passkey(body: PasskeyAdded) -> dict[str, object]:
    """Return the answer to a new passkey; one that waits says for what."""
    answer: dict[str, object] = {"credentialId": body.credential_id}
    if body.active_from is None:
        return answer
    return answer | {"activeFrom": body.active_from, "needsAdmission": body.needs_admission}
