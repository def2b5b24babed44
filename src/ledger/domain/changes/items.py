"""The items of a change: what it asks for, in order. Parse them.

The content of a change is `{"items":[…]}`: 1 to 32 objects, each with one member that names the
kind of item. Parsing knows no state; effects.py decides whether an item is possible.
"""

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from ledger.domain.changes.evidence_items import (
    ChangeItem,
    EraseName,
    EraseStatement,
    Hold,
    ReleaseHold,
    WithdrawStatement,
)
from ledger.domain.changes.member_checks import (
    MEMBER_CHECKS,
    check_definition,
    check_governors,
    invalid,
)
from ledger.domain.charter_values import CharterValues
from ledger.domain.document import Document
from ledger.domain.policy import Node
from ledger.domain.vocabulary import CHANGE, TypePending
from ledger.encoding import parse_json
from ledger.jose import OkpJwk

MAX_ITEMS = 32


class Invite(ChangeItem, frozen=True):
    """Invite the holder of a key to register with a role."""

    NAME = "invite"
    invitation: str
    role: str
    key: OkpJwk
    expires_at: str


class CancelInvitation(ChangeItem, frozen=True):
    """Cancel an invitation that nobody has used."""

    NAME = "cancel-invitation"
    invitation: str


class DefineRole(ChangeItem, frozen=True):
    """Define a role."""

    NAME = "define-role"
    role: str


class CloseRole(ChangeItem, frozen=True):
    """Close a defined role for ever."""

    NAME = "close-role"
    role: str


class GrantRole(ChangeItem, frozen=True):
    """Grant a person a role; `cose` is the SHA-256 of the COSE key of a passkey of theirs."""

    NAME = "grant-role"
    user: str
    role: str
    cose: str | None = None


class EndRole(ChangeItem, frozen=True):
    """End a person's role."""

    NAME = "end-role"
    user: str
    role: str


class SuspendPerson(ChangeItem, frozen=True):
    """Suspend a person until a later change."""

    NAME = "suspend"
    user: str


class ReinstatePerson(ChangeItem, frozen=True):
    """Lift a person's suspension."""

    NAME = "reinstate"
    user: str


class DeactivatePerson(ChangeItem, frozen=True):
    """Deactivate a person for ever."""

    NAME = "deactivate"
    user: str


class SetCompromise(ChangeItem, frozen=True):
    """Declare a person's signing key or passkey compromised since a time: exactly one of the two.

    `also` names what it attested or added: `kid:<kid>` or `passkey:<credential id>`.
    """

    NAME = "declare-compromise"
    user: str
    since: str
    kid: str | None = None
    passkey: str | None = None
    also: tuple[str, ...] = ()

    def named(self) -> str:
        """Return the reference to the compromised key or passkey."""
        return f"kid:{self.kid}" if self.kid is not None else f"passkey:{self.passkey}"


class ReEnrol(ChangeItem, frozen=True):
    """Let a person come back with a new passkey, by the holder of a link's key."""

    NAME = "re-enrol"
    user: str
    key: OkpJwk
    expires_at: str


class Admit(ChangeItem, frozen=True):
    """Admit the passkey of a re-enrolment; `cose` is the SHA-256 of its COSE key."""

    NAME = "admit"
    user: str
    cose: str


class SetCharter(ChangeItem, frozen=True):
    """Set the charter's values; `was` is the digest of those that this replaces."""

    NAME = "set-charter"
    values: CharterValues
    was: str


class DefineType(ChangeItem, frozen=True):
    """Define a type, or a new version of one; `definition` is its JSON text.

    `was` is the digest of the version that this replaces, and `pending` says what happens to the
    pending statements of the versions before. A first version has neither.
    """

    NAME = "define-type"
    definition: str
    was: str | None = None
    pending: TypePending | None = None


class RetireType(ChangeItem, frozen=True):
    """Retire a type for ever, by its name; `was` is the digest of its newest version."""

    NAME = "retire-type"
    type: str
    was: str
    pending: TypePending


class Governor(ChangeItem, frozen=True):
    """A person who keeps a place in governance, and the SHA-256 of a passkey's COSE key."""

    user: str
    cose: str


class SetGovernance(ChangeItem, frozen=True):
    """Set the governance policy; `was` is the digest of the policy that this replaces.

    `people` are all who can fill a place of a policy that asks for two people or more; a policy
    that asks for one has none.
    """

    NAME = "set-governance"
    policy: Node
    was: str
    people: tuple[Governor, ...] | None = None


TypeItem = DefineType | RetireType
LedgerItem = (
    Invite | CancelInvitation | DefineRole | CloseRole | SetCharter | SetGovernance | TypeItem
)
PersonItem = (
    GrantRole
    | EndRole
    | SuspendPerson
    | ReinstatePerson
    | DeactivatePerson
    | ReEnrol
    | Admit
    | SetCompromise
)
StatementItem = WithdrawStatement | EraseStatement
HoldItem = Hold | ReleaseHold
Item = LedgerItem | PersonItem | StatementItem | EraseName | HoldItem
KINDS = {kind.NAME for kind in get_args(Item)}


def is_change(document: Document) -> bool:
    """Tell whether a document is a change."""
    return document.type is not None and document.type.name == CHANGE


def is_drafted_alone(items: Sequence[Item]) -> bool:
    """Tell whether a change with these items is drafted without an approval: it sets governance."""
    return any(isinstance(each, SetGovernance) for each in items)


def parse_items(document: Document) -> tuple[Item, ...]:
    """Return the items of a change's document.

    Raises MalformedError `change_invalid`; those of `parse_json`, `policy.check` and
    `parse_definition`; `id_invalid`, `time_invalid`.
    """
    return parse_content(document.content)


def parse_content(text: str) -> tuple[Item, ...]:
    """Return the items in the content of a change; raise as `parse_items` does."""
    content = parse_json(text.encode())
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(items, list) or len(content) != 1 or not 1 <= len(items) <= MAX_ITEMS:
        raise invalid(f'the content of a change is {{"items":[…]}}, 1 to {MAX_ITEMS} of them')
    return tuple(map(_parse_item, items))


def _parse_item(given: Any) -> Item:
    name, members = next(iter(given.items())) if _has_one_member(given) else ("", None)
    if name not in KINDS:
        raise invalid("an item is an object whose one member names what it asks for")
    try:
        item = msgspec.convert(members, _kind(name, members))
    except msgspec.ValidationError as error:
        raise invalid(f"{name}: {error}") from error
    _check(item)
    return item


def _kind(name: str, members: Any) -> type[Item]:
    """Return the class of an item; to erase, a statement or a name."""
    if name == EraseName.NAME and isinstance(members, dict) and "name" in members:
        return EraseName
    kinds: tuple[type[Item], ...] = get_args(Item)
    return next(each for each in kinds if name == each.NAME)


def _has_one_member(given: object) -> bool:
    return isinstance(given, dict) and len(given) == 1


def _check(item: Item) -> None:
    for member in item.__struct_fields__:
        value = getattr(item, member)
        if value is not None and member in MEMBER_CHECKS:
            MEMBER_CHECKS[member](value)
    match item:
        case SetCompromise():
            if (item.kid is None) == (item.passkey is None):
                raise invalid("declare-compromise names a kid or a passkey")
        case Hold() | ReleaseHold():
            if (item.statement is None) == (item.name is None):
                raise invalid(f"{item.NAME} names a statement, or a person by `name`")
        case DefineType():
            check_definition(item.definition, item.was, item.pending)
        case SetGovernance():
            users = None if item.people is None else [(p.user, p.cose) for p in item.people]
            check_governors(users, item.policy)
