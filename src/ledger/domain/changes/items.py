"""The items of a change: what it asks for, in order. Parse them, and write the change's title.

The content of a change is `{"items":[…]}`: 1 to 32 objects, each with one member that names the
kind of item. Parsing knows no state; effects.py decides whether an item is possible.
"""

import re
from typing import Any, ClassVar, assert_never, get_args

import msgspec

from ledger import clock
from ledger.domain import policy
from ledger.domain.document import Document, parse_uuid
from ledger.domain.policy import Node, Policy
from ledger.domain.vocabulary import CHANGE, RegistrationMode
from ledger.encoding import SHA256_HEX, parse_json
from ledger.errors import MalformedError

MAX_ITEMS = 32
ROLE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


class _Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    NAME: ClassVar[str]


class Invite(_Item, frozen=True):
    """Invite the holder of a token to register with a role."""

    NAME = "invite"
    invitation: str
    role: str
    token_sha256: str
    expires_at: str


class CancelInvitation(_Item, frozen=True):
    """Cancel an invitation that nobody has used."""

    NAME = "cancel-invitation"
    invitation: str


class DefineRole(_Item, frozen=True):
    """Define a role."""

    NAME = "define-role"
    role: str


class CloseRole(_Item, frozen=True):
    """Close a defined role for ever."""

    NAME = "close-role"
    role: str


class GrantRole(_Item, frozen=True):
    """Grant a person a role."""

    NAME = "grant-role"
    user: str
    role: str


class EndRole(_Item, frozen=True):
    """End a person's role."""

    NAME = "end-role"
    user: str
    role: str


class SuspendPerson(_Item, frozen=True):
    """Suspend a person until a later change."""

    NAME = "suspend"
    user: str


class ReinstatePerson(_Item, frozen=True):
    """Lift a person's suspension."""

    NAME = "reinstate"
    user: str


class DeactivatePerson(_Item, frozen=True):
    """Deactivate a person for ever."""

    NAME = "deactivate"
    user: str


class SetCharter(_Item, frozen=True):
    """Set who may register; `was` is the digest of the charter's values that this replaces."""

    NAME = "set-charter"
    registration: RegistrationMode
    was: str


class SetGovernance(_Item, frozen=True):
    """Set the governance policy; `was` is the digest of the policy that this replaces."""

    NAME = "set-governance"
    policy: Node
    was: str


LedgerItem = Invite | CancelInvitation | DefineRole | CloseRole | SetCharter | SetGovernance
PersonItem = GrantRole | EndRole | SuspendPerson | ReinstatePerson | DeactivatePerson
Item = LedgerItem | PersonItem
KINDS: dict[str, type[Item]] = {kind.NAME: kind for kind in get_args(Item)}


def is_change(document: Document) -> bool:
    """Tell whether a document is a change."""
    return document.type is not None and document.type.name == CHANGE


def parse_items(document: Document) -> tuple[Item, ...]:
    """Return the items of a change's document.

    Raises MalformedError `change_invalid`; those of `parse_json` and `policy.check`; `id_invalid`,
    `time_invalid`.
    """
    content = parse_json(document.content.encode())
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(items, list) or len(content) != 1 or not 1 <= len(items) <= MAX_ITEMS:
        raise _invalid(f'the content of a change is {{"items":[…]}}, 1 to {MAX_ITEMS} of them')
    return tuple(map(_parse_item, items))


def _parse_item(given: Any) -> Item:
    name, members = next(iter(given.items())) if _has_one_member(given) else ("", None)
    if name not in KINDS:
        raise _invalid("an item is an object whose one member names what it asks for")
    try:
        item = msgspec.convert(members, KINDS[name])
    except msgspec.ValidationError as error:
        raise _invalid(f"{name}: {error}") from error
    _check(item)
    return item


def _has_one_member(given: object) -> bool:
    return isinstance(given, dict) and len(given) == 1


def _check(item: Item) -> None:
    match item:
        case Invite():
            parse_uuid(item.invitation)
            _check_role(item.role)
            _check_digest(item.token_sha256)
            clock.to_ms(item.expires_at)
        case CancelInvitation():
            parse_uuid(item.invitation)
        case DefineRole() | CloseRole():
            _check_role(item.role)
        case GrantRole() | EndRole():
            parse_uuid(item.user)
            _check_role(item.role)
        case SuspendPerson() | ReinstatePerson() | DeactivatePerson():
            parse_uuid(item.user)
        case SetCharter():
            _check_digest(item.was)
        case SetGovernance():
            _check_digest(item.was)
            policy.check(Policy(threshold=item.policy.threshold, of=item.policy.of))
        case _:
            assert_never(item)


def _check_role(name: str) -> None:
    if not ROLE_NAME.fullmatch(name):
        raise _invalid("a role's name has 1 to 64 characters of a-z, 0-9 and -, first a letter")


def _check_digest(text: str) -> None:
    if not SHA256_HEX.fullmatch(text):
        raise _invalid("a digest has 64 hex characters in lower case")


def _invalid(detail: str) -> MalformedError:
    return MalformedError("change_invalid", detail)


# --- the title -----------------------------------------------------------------------------------


def title(items: tuple[Item, ...]) -> str:
    """Return the title that a change with these items has: its first item, and how many more."""
    first, more = _words(items[0]), len(items) - 1
    return f"{first}, and {more} more" if more else first


def _words(item: Item) -> str:
    match item:
        case Invite():
            return f"Invite somebody as {item.role}"
        case CancelInvitation():
            return f"Cancel the invitation {_short(item.invitation)}"
        case DefineRole():
            return f"Define the role {item.role}"
        case CloseRole():
            return f"Close the role {item.role}"
        case GrantRole():
            return f"Grant the role {item.role} to {_short(item.user)}"
        case EndRole():
            return f"End the role {item.role} of {_short(item.user)}"
        case SuspendPerson():
            return f"Suspend {_short(item.user)}"
        case ReinstatePerson():
            return f"Reinstate {_short(item.user)}"
        case DeactivatePerson():
            return f"Deactivate {_short(item.user)}"
        case SetCharter():
            return f"Set registration to {item.registration}"
        case SetGovernance():
            return "Set the governance policy"
        case _:
            assert_never(item)


def _short(uuid: str) -> str:
    return uuid[:8]
