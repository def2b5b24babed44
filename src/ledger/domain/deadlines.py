"""When a decision stops holding: the first moment at which the audit would decide otherwise.

A decision compares its time with signed times and with ends, and with nothing else. The log may
store its events later than it was decided, so it has to know how much later.
"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from ledger import clock
from ledger.domain.acts import REDEEM_TYP, stale_ms
from ledger.domain.approval import Individual, parse_approval
from ledger.domain.charter import Charter
from ledger.domain.compromise import REACH_MS
from ledger.domain.document import Document
from ledger.domain.events import (
    ApprovalRetracted,
    Body,
    CompromiseDeclared,
    EffectBody,
    GovernanceAccepted,
    HeadsKeyReplaced,
    InvitationIssued,
    KeyAttested,
    KeyReaffirmed,
    KeyRevoked,
    LedgerCreated,
    LedgerRestored,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    OperatorInvitationsCancelled,
    OperatorInvited,
    OutcomeReported,
    PasskeyAdded,
    PasskeyRemoved,
    PersonSuspended,
    RecoveryCancelled,
    RecoveryCodesSet,
    ReEnrolmentOpened,
    ServiceAccountAdded,
    ServiceAccountEnded,
    StatementDrafted,
    StatementRecord,
    StatementRejected,
    StatementSigned,
    StatementSuperseded,
    StatementUsed,
    StatementWithdrawn,
    StatementWithdrawnByChange,
    UserNamed,
    UserRegistered,
    kid_of,
)
from ledger.domain.invitations import is_of
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from ledger.encoding import b64u_decode
from ledger.jose import CompactJws


class Basis(msgspec.Struct, frozen=True):
    """The states that a decision depends on and whose ends bind it, each None if it had none."""

    actor: Person | None = None
    owner: Person | None = None  # of the stream
    statement: Statement | None = None
    charter: Charter | None = None
    freshness_ms: int = clock.SKEW_MS  # of what is signed about a statement


def until_ms(bodies: Sequence[Body], basis: Basis) -> int | None:
    """Return when the decision for these events stops holding, in milliseconds since 1970.

    It is None for a decision without an end.
    """
    ends = [end for body in bodies for end in _ends(body, basis)]
    return min(ends, default=None)


def _ends(body: Body, basis: Basis) -> list[int]:
    if isinstance(body, EffectBody):
        return _of_effect(body, basis)
    if isinstance(body, StatementRecord):
        return [*_of_record(body, basis), *_of_key(body, basis)]
    match body:
        case GovernanceAccepted():
            return [*_of_act(body.act), *_of_key(body, basis), *_of_statement(basis)]
        case PasskeyAdded():
            redeemed = [] if body.redeem is None else [stale_ms(body.redeem, REDEEM_TYP)]
            acted = [] if body.act is None else [*_of_act(body.act), *_of_key(body, basis)]
            return [*redeemed, *acted]
        case PasskeyRemoved() | PersonSuspended() | RecoveryCodesSet() | ServiceAccountEnded():
            return [*_of_act(body.act), *_of_key(body, basis)]
        case KeyReaffirmed(kid=kid):
            key = None if basis.owner is None else basis.owner.keys.get(kid)
            ends = [] if key is None else _of_time(key.expires_at)
            return [*_of_act(body.act), *_of_key(body, basis), *ends]
        case RecoveryCancelled() | OperatorInvitationsCancelled():
            return [*_of_act(body.act), *_of_key(body, basis), *_of_recovery(body, basis)]
        case KeyRevoked(compromised_since=since) | CompromiseDeclared(since=since):
            return [*_of_act(body.act), *_of_key(body, basis), *_of_date(since)]
        case KeyAttested() | ServiceAccountAdded():
            return _of_time(body.expires_at)
        case UserRegistered() | UserNamed():
            return _of_registration(body, basis)
        case (
            LedgerCreated()
            | LedgerRestored()
            | LogKeysAnnounced()
            | LogKeysRetired()
            | HeadsKeyReplaced()
            | OperatorInvited()
            | LogFrozen()
        ):
            return _of_act(body.act)
        case _:
            assert_never(body)


def _of_record(body: StatementRecord, basis: Basis) -> list[int]:
    """Return the ends of a draft, a decision or a use, besides that of its key."""
    match body:
        case StatementDrafted():
            return [*_of_draft(body, basis), *_of_act(body.act, basis.freshness_ms)]
        case StatementSigned():
            return [*_of_approval(body, basis), *_of_statement(basis)]
        case StatementRejected() | ApprovalRetracted() | StatementWithdrawn():
            return [*_of_act(body.act, basis.freshness_ms), *_of_statement(basis)]
        case StatementUsed():
            return [*_of_act(body.act, basis.freshness_ms), *_of_uses(basis)]
        case OutcomeReported():
            return _of_act(body.act, basis.freshness_ms)
        case _:
            assert_never(body)


def _of_effect(body: EffectBody, basis: Basis) -> list[int]:
    """Return the ends of an effect; most end only with the approval that they follow."""
    match body:
        case InvitationIssued() | ReEnrolmentOpened():
            return _of_time(body.expires_at)
        case StatementWithdrawnByChange() | StatementSuperseded():
            return _of_statement(basis)
        case _:
            return []


def _of_time(text: str | None) -> list[int]:
    return [] if text is None else [clock.to_ms(text)]


def _of_date(since: str | None) -> list[int]:
    """Return when a compromise is too long ago for its person to declare it."""
    return [] if since is None else [clock.to_ms(since) + REACH_MS + 1]


def _of_act(text: str, freshness_ms: int = clock.SKEW_MS) -> list[int]:
    return [stale_ms(text, freshness_ms=freshness_ms)]


def _of_draft(body: StatementDrafted, basis: Basis) -> list[int]:
    document = msgspec.json.decode(body.document, type=Document)
    created = clock.stale_ms(clock.to_ms(document.created_at), basis.freshness_ms)
    used = None if document.usable is None else document.usable.until
    return [created, *_of_time(body.ends_at), *_of_time(used)]


def _of_approval(body: StatementSigned, basis: Basis) -> list[int]:
    jws: CompactJws = parse_approval(body.jws)
    times_ms = [] if jws.header.iat is None else [jws.header.iat * 1000]
    if body.form == "individual":
        payload = msgspec.json.decode(b64u_decode(jws.payload), type=Individual)
        times_ms += [payload.timestamp, *([] if payload.iat is None else [payload.iat * 1000])]
    return [clock.stale_ms(time_ms, basis.freshness_ms) for time_ms in times_ms]


def _of_key(body: Body, basis: Basis) -> list[int]:
    key = None if basis.actor is None else basis.actor.keys.get(kid_of(body))
    return [] if key is None else _of_time(key.expires_at)


def _of_recovery(body: RecoveryCancelled | OperatorInvitationsCancelled, basis: Basis) -> list[int]:
    """Return when the recovery is complete, or its links expire: nobody cancels it from then on."""
    if isinstance(body, OperatorInvitationsCancelled):
        known = () if basis.charter is None else basis.charter.invitations.values()
        ends = {each.expires_at for each in known if is_of(each, body.recovery)}
        return [end for text in ends for end in _of_time(text)]
    passkeys = {} if basis.owner is None else basis.owner.passkeys
    waiting = passkeys.get(body.recovery.partition(":")[2])
    return [] if waiting is None else _of_time(waiting.active_from)


def _of_statement(basis: Basis) -> list[int]:
    # Only a pending statement expires.
    subject = basis.statement
    pending = subject is not None and subject.status == "pending"
    return [subject.ends_ms] if subject is not None and pending else []


def _of_uses(basis: Basis) -> list[int]:
    usable = None if basis.statement is None else basis.statement.usable
    return [] if usable is None else _of_time(usable.until)


def _of_registration(body: UserRegistered | UserNamed, basis: Basis) -> list[int]:
    if isinstance(body, UserNamed):
        return []
    invitations = () if basis.charter is None else basis.charter.invitations.values()
    return [
        end
        for each in invitations
        if each.id == body.invitation
        for end in _of_time(each.expires_at)
    ]
