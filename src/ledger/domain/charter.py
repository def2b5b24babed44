"""The ledger's own stream: founding, log keys, invitations, end. Decide and evolve, pure."""

import hashlib
from typing import Any
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import acts
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.document import parse_uuid
from ledger.domain.events import (
    Body,
    Event,
    InvitationIssued,
    LedgerCreated,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    PersonBody,
    StatementBody,
)
from ledger.domain.passkey import RelyingParty
from ledger.domain.person import Person
from ledger.domain.vocabulary import ADMINISTRATOR, OPEN_ROLES, ROLES, RegistrationMode
from ledger.encoding import SHA256_HEX
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from ledger.jose import PublicJwk, parse_compact
from ledger.tlog.vkeys import ED25519, parse_vkey

STREAM = UUID(int=0)  # the one stream whose id is the same on every ledger
SETUP = "setup"


class Invitation(msgspec.Struct, frozen=True):
    """Who may register with which role, until when."""

    id: str
    role: str
    expires_at: str | None


class LogKey(msgspec.Struct, frozen=True):
    """A key that signs checkpoints of `first_size` to `last_size` entries; None: no end yet."""

    vkey: str
    first_size: int
    last_size: int | None = None

    def signs(self, size: int) -> bool:
        """Tell whether a checkpoint of this size is this key's to sign."""
        return self.first_size <= size and (self.last_size is None or size <= self.last_size)


class Charter(msgspec.Struct, frozen=True):
    """What the ledger is, as of a position."""

    version: int
    ledger: str
    registration: RegistrationMode
    party: RelyingParty
    kid: str
    key: PublicJwk
    invitations: dict[str, Invitation]
    log_keys: tuple[LogKey, ...] = ()
    frozen: bool = False


def evolve(charter: Charter | None, event: Event) -> Charter:
    """Return the charter after one more event of its stream."""
    match event.body:
        case LedgerCreated() as body:
            setup = {body.setup_sha256: Invitation(SETUP, ADMINISTRATOR, None)}
            return Charter(
                version=event.version,
                ledger=body.ledger,
                registration=body.registration,
                party=RelyingParty(rp_id=body.rp_id, origin=body.origin),
                kid=parse_compact(body.act).header.kid,
                key=body.key,
                invitations={token: who for token, who in setup.items() if token},
            )
        case body:
            if charter is None:
                raise AssertionError("a ledger's stream begins with its founding")
            return msgspec.structs.replace(
                charter, version=event.version, **_changes(charter, body)
            )


def _changes(charter: Charter, body: Body) -> dict[str, Any]:
    match body:
        case InvitationIssued():
            invitation = Invitation(body.invitation_id, body.role, body.expires_at)
            return {"invitations": charter.invitations | {body.token_sha256: invitation}}
        case LogKeysAnnounced():
            new = tuple(LogKey(vkey, body.first_size) for vkey in body.vkeys)
            return {"log_keys": charter.log_keys + new}
        case LogKeysRetired():
            return {"log_keys": tuple(_retired(key, body) for key in charter.log_keys)}
        case LogFrozen():
            return {"frozen": True}
        case _:
            raise _misplaced(body)


def _misplaced(_: LedgerCreated | PersonBody | StatementBody) -> AssertionError:
    """Return the refusal of what is not a further event of the ledger.

    Its argument's type lists the other events, so that mypy refuses to forget one above.
    """
    return AssertionError("not an event of the ledger's own stream")


def _retired(key: LogKey, body: LogKeysRetired) -> LogKey:
    if key.vkey not in body.vkeys:
        return key
    return msgspec.structs.replace(key, last_size=body.last_size)


def create(act_text: str, created: LedgerCreated, *, now_ms: int) -> LedgerCreated:
    """Return the founding event if the ledger's own key signed exactly what it says."""
    jws = parse_act(act_text)
    act = verify_act(jws, created.key, acts.CreateLedger, ledger=created.ledger, now_ms=now_ms)
    signed = (act.origin, act.rp_id, act.registration, act.setup_sha256)
    stated = (created.origin, created.rp_id, created.registration, created.setup_sha256)
    if signed != stated:
        raise RefusedError("act_mismatch", "the founding act says something else")
    return msgspec.structs.replace(created, act=act_text)


def announce_log_keys(charter: Charter, act_text: str, *, now_ms: int) -> LogKeysAnnounced:
    """Return the announcement of new log keys that the ledger's own key signed.

    Raises RefusedError as `verify_act` does, MalformedError `vkey_invalid`, ConflictError
    `log_keys_refused`: keys of another name, known ones, none of Ed25519, or an earlier size.
    """
    jws = parse_act(act_text)
    act = verify_act(jws, charter.key, acts.AnnounceLogKeys, ledger=charter.ledger, now_ms=now_ms)
    keys = [parse_vkey(vkey) for vkey in act.vkeys]
    publics = {key.public for key in keys}
    known = {parse_vkey(key.vkey).public for key in charter.log_keys}
    if any(key.name != charter.ledger for key in keys):
        raise ConflictError("log_keys_refused", "a log key has the log's origin as its name")
    if len(publics) != len(keys) or publics & known:
        raise ConflictError("log_keys_refused", "a log key is announced once")
    # Every checkpoint must be readable by whoever knows the oldest signature type only.
    if not any(key.kind == ED25519 for key in keys):
        raise ConflictError("log_keys_refused", "one of the log keys is an Ed25519 key")
    if act.first_size < max((key.first_size for key in charter.log_keys), default=1):
        raise ConflictError("log_keys_refused", "the keys would begin before those before them")
    return LogKeysAnnounced(vkeys=act.vkeys, first_size=act.first_size, act=act_text)


def retire_log_keys(charter: Charter, act_text: str, *, now_ms: int) -> LogKeysRetired:
    """Return the retirement of log keys that the ledger's own key signed.

    Raises RefusedError as `verify_act` does, ConflictError `log_keys_refused`: keys that are not
    in force, or no Ed25519 key would be left for the next checkpoint.
    """
    jws = parse_act(act_text)
    act = verify_act(jws, charter.key, acts.RetireLogKeys, ledger=charter.ledger, now_ms=now_ms)
    retired = set(act.vkeys)
    in_force = {key.vkey: key.first_size for key in charter.log_keys if key.last_size is None}
    if not retired or len(retired) != len(act.vkeys) or not retired <= in_force.keys():
        raise ConflictError("log_keys_refused", "not log keys in force, each once")
    if any(act.last_size < in_force[vkey] for vkey in retired):
        raise ConflictError("log_keys_refused", "a key would end before it begins")
    left = [
        vkey
        for vkey, first in in_force.items()
        if vkey not in retired and first <= act.last_size + 1
    ]
    if not any(parse_vkey(vkey).kind == ED25519 for vkey in left):
        raise ConflictError("log_keys_refused", "no Ed25519 key would be left")
    return LogKeysRetired(vkeys=act.vkeys, last_size=act.last_size, act=act_text)


def freeze(charter: Charter, act_text: str, *, now_ms: int) -> LogFrozen:
    """Return the end of the ledger that its own key signed.

    Raises RefusedError as `verify_act` does, MalformedError `reason_invalid`.
    """
    jws = parse_act(act_text)
    act = verify_act(jws, charter.key, acts.FreezeLedger, ledger=charter.ledger, now_ms=now_ms)
    if not 10 <= len(act.reason) <= 2000:
        raise MalformedError("reason_invalid", "a reason has 10 to 2,000 characters")
    return LogFrozen(reason=act.reason, act=act_text)


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
    if not SHA256_HEX.fullmatch(act.token_sha256) or clock.to_ms(act.expires_at) <= now_ms:
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
