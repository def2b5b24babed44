"""The ledger's own stream: creation, log keys, freeze, restores, and what changes set. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import charter_values, invitations, key_material, ledger_acts, policy
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter_values import CharterValues
from ledger.domain.document import DocumentType
from ledger.domain.epochs import Loss, Restoration, precedes_loss
from ledger.domain.events import (
    Body,
    CharterSet,
    Event,
    GovernanceSet,
    HeadsKeyReplaced,
    HoldPlaced,
    HoldReleased,
    InvitationCancelled,
    InvitationIssued,
    LedgerCreated,
    LedgerRestored,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    OperatorInvitationsCancelled,
    OperatorInvited,
    PersonBody,
    RoleClosed,
    RoleDefined,
    StatementBody,
    TypeDefined,
    TypeRetired,
)
from ledger.domain.governance import FOUNDING
from ledger.domain.invitations import Invitation
from ledger.domain.log_key import LogKey, key_of
from ledger.domain.passkey import RelyingParty
from ledger.domain.person import Person
from ledger.domain.policy import Node
from ledger.domain.statement_types import DefinedType, stops, types_after
from ledger.domain.text import require_text
from ledger.domain.vocabulary import (
    ADMINISTRATOR,
    AUDITOR,
    ROLES,
    HeldKind,
    RegistrationMode,
)
from ledger.errors import MalformedError, RefusedError
from ledger.jose import OkpJwk, PublicJwk, parse_compact, thumbprint

STREAM = UUID(int=0)  # the only stream id that is the same on every ledger
SETUP = "setup"


class Charter(msgspec.Struct, frozen=True):
    """The state of the ledger itself as of a position."""

    version: int
    ledger: str
    values: CharterValues
    party: RelyingParty
    kid: str
    key: PublicJwk
    heads: OkpJwk
    invitations: dict[str, Invitation]
    founded_registration: RegistrationMode
    governance: Node = FOUNDING
    defined: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    types: Mapping[str, DefinedType] = {}
    log_keys: tuple[LogKey, ...] = ()
    known_log_keys: frozenset[str] = frozenset()  # what `key_of` returns of each
    ended_log_keys: int = 0  # the last restore ended so many, the first of all
    held: frozenset[tuple[HeldKind, str]] = frozenset()  # statements and names, by id
    frozen: bool = False
    restorations: tuple[Restoration, ...] = ()
    losses: tuple[Loss, ...] = ()  # the restores that lost something, or may have, in order
    waits_until_ms: int = 0

    @property
    def registration(self) -> RegistrationMode:
        """Who may register."""
        return self.values.registration

    @property
    def roles(self) -> frozenset[str]:
        """The roles that people can hold and policies can name: built in, or defined and open."""
        return ROLES | self.defined

    @property
    def signing_roles(self) -> frozenset[str]:
        """The roles whose holders sign: all but the auditor's."""
        return self.roles - {AUDITOR}

    def in_force(self, person: Person) -> Person:
        """Return a person with those of their roles that are open."""
        if self.closed.isdisjoint(person.roles):
            return person
        return msgspec.structs.replace(person, roles=person.roles - self.closed)

    def stops(self, stated: DocumentType | None, drafted_at: str) -> bool:
        """Tell whether pending statements of a type and version that were drafted then have ended.

        A change of their type can end them, and a loss after their draft.
        """
        return stops(self.types, stated) or precedes_loss(drafted_at, self.losses)

    @property
    def epoch(self) -> int:
        """The epoch of the last restore, 0 without one."""
        return self.restorations[-1].epoch if self.restorations else 0

    @property
    def lost_epoch(self) -> int:
        """The epoch of the last loss, 0 without one: what a reaffirmation names."""
        return self.losses[-1].epoch if self.losses else 0

    def recovered_ms(self, now_ms: int) -> int:
        """Return when a recovery that begins now is complete.

        A change that shortens the wait ends no sooner than the wait that it replaced: otherwise a
        thief who can make changes would shorten it first, and then recover.
        """
        return max(now_ms + self.values.recovery_wait_ms, self.waits_until_ms)

    @property
    def log_origin(self) -> str:
        """The log's origin now: the ledger's name until the first restore."""
        return self.restorations[-1].origin if self.restorations else self.ledger

    def origin_of(self, size: int) -> str:
        """Return the log's origin in the checkpoint of this size."""
        past = [each.origin for each in self.restorations if each.kept.size < size]
        return past[-1] if past else self.ledger


def evolve(charter: Charter | None, event: Event) -> Charter:
    """Return the charter after the next event of its stream."""
    match event.body:
        case LedgerCreated() as body:
            return Charter(
                version=event.version,
                ledger=body.ledger,
                values=charter_values.founding(body.registration),
                party=RelyingParty(rp_id=body.rp_id, origin=body.origin),
                kid=parse_compact(body.act).header.kid,
                key=body.key,
                heads=body.heads,
                invitations={thumbprint(body.setup): Invitation(SETUP, ADMINISTRATOR, body.setup)},
                founded_registration=body.registration,
            )
        case body:
            if charter is None:
                raise AssertionError("a ledger's stream must begin with its creation")
            changes = _changes(charter, body, event.at)
            return msgspec.structs.replace(charter, version=event.version, **changes)


def _changes(charter: Charter, body: Body, at: str) -> dict[str, Any]:
    match body:
        case (
            InvitationIssued()
            | InvitationCancelled()
            | OperatorInvited()
            | OperatorInvitationsCancelled()
        ):
            return {"invitations": invitations.after(charter.invitations, body)}
        case RoleDefined(role=role) | RoleClosed(role=role):
            return _roles(charter, role, closes=isinstance(body, RoleClosed))
        case CharterSet():
            now_ms = clock.to_ms(at)
            held_ms = charter_values.waits_until_ms(charter.values, body.values, at_ms=now_ms)
            return {"values": body.values, "waits_until_ms": max(held_ms, charter.waits_until_ms)}
        case TypeDefined() | TypeRetired():
            return {"types": types_after(charter.types, body)}
        case GovernanceSet():
            return _governed(charter, body.policy)
        case HoldPlaced() | HoldReleased():
            change = frozenset({(body.kind, body.held)})
            is_held = isinstance(body, HoldPlaced)
            return {"held": charter.held | change if is_held else charter.held - change}
        case LogKeysAnnounced():
            return _begun(charter, body.vkeys, body.first_size)
        case HeadsKeyReplaced(heads=heads):
            return {"heads": heads}
        case LogKeysRetired():
            ended = (key.end(body.last_size, body.vkeys) for key in charter.log_keys)
            return {"log_keys": tuple(ended)}
        case LedgerRestored():
            return _restored(charter, body, at)
        case LogFrozen():
            return {"frozen": True}
        case _:
            raise _misplaced(body)


def _misplaced(_: LedgerCreated | PersonBody | StatementBody) -> AssertionError:
    """Return the error for an event of another stream; mypy fails if `evolve` forgets ours."""
    return AssertionError("not an event of the ledger's own stream")


def _restored(charter: Charter, body: LedgerRestored, at: str) -> dict[str, Any]:
    """Return the changes of a restore: every earlier key ends with the tree that was kept.

    One that lost something ends every invitation.
    """
    count = charter.ended_log_keys
    ended = [key.end(body.kept.size) for key in charter.log_keys[count:]]
    keys = (*charter.log_keys[:count], *ended)
    last = Restoration(body.epoch, body.kept, body.lost, body.origin, body.reason, at)
    known = charter.invitations
    return _begun(
        msgspec.structs.replace(charter, log_keys=keys), body.vkeys, body.kept.size + 1
    ) | {
        "ended_log_keys": len(keys),
        "restorations": (*charter.restorations, last),
        "losses": (*charter.losses, Loss(body.epoch, at)) if body.lost else charter.losses,
        "invitations": invitations.voided(known) if body.lost else known,
    }


def _begun(charter: Charter, vkeys: Sequence[str], first_size: int) -> dict[str, Any]:
    """Return the changes of new log keys."""
    new = [LogKey(vkey, first_size) for vkey in vkeys]
    known = charter.known_log_keys.union(map(key_of, vkeys))
    return {"log_keys": (*charter.log_keys, *new), "known_log_keys": known}


def _roles(charter: Charter, role: str, *, closes: bool) -> dict[str, Any]:
    closed = {"closed": charter.closed | {role}} if closes else {}
    return {"defined": charter.defined - {role} if closes else charter.defined | {role}} | closed


def _governed(charter: Charter, new: Node) -> dict[str, Any]:
    """Return the changes of a new governance policy: it ends the operator's invitations.

    A raise takes the other open invitations their roles.
    """
    left = invitations.without_operators(charter.invitations)
    if (policy.min_people(new) or 0) > (policy.min_people(charter.governance) or 0):
        left = {kid: msgspec.structs.replace(each, gives_role=False) for kid, each in left.items()}
    return {"governance": new, "invitations": left}


def create(act_text: str, created: LedgerCreated, *, now_ms: int) -> LedgerCreated:
    """Return the creation event if the ledger's own key signed exactly its members.

    Raises MalformedError `jwk_invalid` for a key outside the prime-order subgroup; RefusedError as
    `verify_act` does, or `act_mismatch` for different members.
    """
    key_material.require_prime_order(created.key)
    key_material.require_prime_order(created.setup)
    key_material.require_prime_order(created.heads)
    jws = parse_act(act_text)
    act = verify_act(
        jws, created.key, ledger_acts.CreateLedger, ledger=created.ledger, now_ms=now_ms
    )
    signed = (act.origin, act.rp_id, act.registration, act.setup, act.heads)
    stated = (
        created.origin,
        created.rp_id,
        created.registration,
        created.setup,
        created.heads,
    )
    if signed != stated:
        raise RefusedError("act_mismatch", "the creation act differs from its event")
    return msgspec.structs.replace(created, act=act_text)


def freeze(charter: Charter, act_text: str, *, now_ms: int) -> LogFrozen:
    """Return the freeze of the ledger, signed by its own key.

    Raises RefusedError as `verify_act` does, MalformedError `reason_invalid`, `text_refused`.
    """
    jws = parse_act(act_text)
    act = verify_act(
        jws, charter.key, ledger_acts.FreezeLedger, ledger=charter.ledger, now_ms=now_ms
    )
    if not 10 <= len(act.reason) <= 2000:
        raise MalformedError("reason_invalid", "a reason must have 10 to 2,000 characters")
    require_text(act.reason, "reason")
    return LogFrozen(reason=act.reason, act=act_text)
