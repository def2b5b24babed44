"""The ledger's own stream: its founding and its invitations. Decide and evolve, pure."""

import hashlib
import re
from typing import Literal
from uuid import UUID

import msgspec

from ledger import acts, clock
from ledger.acts import parse_act, verify_act
from ledger.document import parse_uuid
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from ledger.events import Event, InvitationIssued, LedgerCreated
from ledger.jose import parse_compact
from ledger.passkey import RelyingParty
from ledger.person import Person
from ledger.policy import ROLES

STREAM = UUID(int=0)  # the one stream whose id is the same on every ledger
SETUP = "setup"
OPEN_ROLES = frozenset({"creator", "investor"})
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Invitation(msgspec.Struct, frozen=True):
    """Who may register with which role, until when."""

    id: str
    role: str
    expires_at: str | None


class Charter(msgspec.Struct, frozen=True):
    """What the ledger is, as of a position."""

    version: int
    ledger: str
    registration: Literal["open", "invite"]
    party: RelyingParty
    kid: str
    invitations: dict[str, Invitation]


def evolve(charter: Charter | None, event: Event) -> Charter:
    """Return the charter after one more event of its stream."""
    match event.body:
        case LedgerCreated() as body:
            setup = {body.setup_sha256: Invitation(SETUP, "administrator", None)}
            return Charter(
                version=event.version,
                ledger=body.ledger,
                registration="open" if body.registration == "open" else "invite",
                party=RelyingParty(rp_id=body.rp_id, origin=body.origin),
                kid=parse_compact(body.act).header.kid,
                invitations={token: who for token, who in setup.items() if token},
            )
        case InvitationIssued() as body if charter is not None:
            invitation = Invitation(body.invitation_id, body.role, body.expires_at)
            return msgspec.structs.replace(
                charter,
                version=event.version,
                invitations=charter.invitations | {body.token_sha256: invitation},
            )
        case _:
            raise AssertionError("not an event of the ledger's own stream")


def create(act_text: str, created: LedgerCreated, *, now_ms: int) -> LedgerCreated:
    """Return the founding event if the ledger's own key signed exactly what it says."""
    jws = parse_act(act_text)
    act = verify_act(jws, created.key, acts.CreateLedger, ledger=created.ledger, now_ms=now_ms)
    signed = (act.origin, act.rp_id, act.registration, act.setup_sha256)
    stated = (created.origin, created.rp_id, created.registration, created.setup_sha256)
    if signed != stated:
        raise RefusedError("act_mismatch", "the founding act says something else")
    return msgspec.structs.replace(created, act=act_text)


def invite(charter: Charter, inviter: Person, act_text: str, *, now_ms: int) -> InvitationIssued:
    """Return the invitation that an administrator signed.

    Raises ForbiddenError `administrator_only`, MalformedError `role_invalid`, `time_invalid`,
    `invitation_invalid`, `id_invalid`, RefusedError as `verify_act` does.
    """
    jws = parse_act(act_text)
    key = inviter.active_key(jws.header.kid, now_ms=now_ms)
    act = verify_act(jws, key.jwk, acts.Invite, ledger=charter.ledger, now_ms=now_ms)
    inviter.require_administrator()
    if act.role not in ROLES:
        raise MalformedError("role_invalid", "there is no such role")
    if not _SHA256.fullmatch(act.token_sha256) or clock.to_ms(act.expires_at) <= now_ms:
        raise MalformedError("invitation_invalid", "an invitation needs a token and a future end")
    parse_uuid(act.invitation_id)
    return InvitationIssued(
        invitation_id=act.invitation_id,
        role=act.role,
        token_sha256=act.token_sha256,
        expires_at=act.expires_at,
        by=inviter.user,
        kid=key.kid,
        act=act_text,
    )


def find_invitation(charter: Charter, token: str) -> Invitation:
    """Return the invitation of a token; raise ForbiddenError `invitation_unknown`."""
    invitation = charter.invitations.get(hashlib.sha256(token.encode()).hexdigest())
    if invitation is None:
        raise ForbiddenError("invitation_unknown", "this invitation is not known here")
    return invitation


def admit(charter: Charter, role: str, invitation: Invitation | None, *, now_ms: int) -> str | None:
    """Return the invitation's id under which somebody may register with this role.

    Raises ForbiddenError `invitation_required` or `role_not_open`, ConflictError
    `invitation_expired`.
    """
    if invitation is None:
        if charter.registration != "open":
            raise ForbiddenError("invitation_required", "this ledger is joined by invitation")
        if role not in OPEN_ROLES:
            raise ForbiddenError("role_not_open", "this role is only given by an administrator")
        return None
    if role != invitation.role:
        raise ForbiddenError("role_not_open", "the invitation is for another role")
    if invitation.expires_at is not None and clock.to_ms(invitation.expires_at) <= now_ms:
        raise ConflictError("invitation_expired", "the invitation has expired")
    return invitation.id
