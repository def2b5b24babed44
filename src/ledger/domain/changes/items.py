"""The items of a change: what it asks for, in order. Parse them.

The content of a change is `{"items":[…]}`: 1 to 32 objects, each with one member that names the
kind of item. Parsing knows no state; effects.py decides whether an item is possible.
"""

import re
from typing import Any, ClassVar, assert_never, get_args

import msgspec

from ledger import clock
from ledger.domain import policy
from ledger.domain.document import Document, parse_uuid
from ledger.domain.key_material import require_prime_order
from ledger.domain.policy import Node, Policy
from ledger.domain.vocabulary import CHANGE, RegistrationMode
from ledger.encoding import SHA256_HEX, parse_json
from ledger.errors import MalformedError
from ledger.jose import OkpJwk

MAX_ITEMS = 32
MAX_GOVERNORS = 256
ROLE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


class _Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    NAME: ClassVar[str]


class Invite(_Item, frozen=True):
    """Invite the holder of a key to register with a role."""

    NAME = "invite"
    invitation: str
    role: str
    key: OkpJwk
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
    """Grant a person a role; `cose` is the SHA-256 of the COSE key of a passkey of theirs."""

    NAME = "grant-role"
    user: str
    role: str
    cose: str | None = None


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


class SetCompromise(_Item, frozen=True):
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


class WithdrawStatement(_Item, frozen=True):
    """Withdraw a pending statement whose creator is deactivated."""

    NAME = "withdraw"
    statement: str


class ReEnrol(_Item, frozen=True):
    """Let a person come back with a new passkey, by the holder of a link's key."""

    NAME = "re-enrol"
    user: str
    key: OkpJwk
    expires_at: str


class Admit(_Item, frozen=True):
    """Admit the passkey of a re-enrolment; `cose` is the SHA-256 of its COSE key."""

    NAME = "admit"
    user: str
    cose: str


class SetCharter(_Item, frozen=True):
    """Set who may register; `was` is the digest of the charter's values that this replaces."""

    NAME = "set-charter"
    registration: RegistrationMode
    was: str


class Governor(_Item, frozen=True):
    """A person who keeps a place in governance, and the SHA-256 of a passkey's COSE key."""

    user: str
    cose: str


class SetGovernance(_Item, frozen=True):
    """Set the governance policy; `was` is the digest of the policy that this replaces.

    `people` are all who can fill a place of a policy that asks for two people or more; a policy
    that asks for one has none.
    """

    NAME = "set-governance"
    policy: Node
    was: str
    people: tuple[Governor, ...] | None = None


LedgerItem = Invite | CancelInvitation | DefineRole | CloseRole | SetCharter | SetGovernance
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
Item = LedgerItem | PersonItem | WithdrawStatement
KINDS: dict[str, type[Item]] = {kind.NAME: kind for kind in get_args(Item)}


def is_change(document: Document) -> bool:
    """Tell whether a document is a change."""
    return document.type is not None and document.type.name == CHANGE


def parse_items(document: Document) -> tuple[Item, ...]:
    """Return the items of a change's document.

    Raises MalformedError `change_invalid`; those of `parse_json` and `policy.check`; `id_invalid`,
    `time_invalid`.
    """
    return parse_content(document.content)


def parse_content(text: str) -> tuple[Item, ...]:
    """Return the items in the content of a change; raise as `parse_items` does."""
    content = parse_json(text.encode())
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
    if isinstance(item, PersonItem):
        _check_of_person(item)
        return
    match item:
        case Invite():
            parse_uuid(item.invitation)
            _check_role(item.role)
            require_prime_order(item.key)
            clock.to_ms(item.expires_at)
        case CancelInvitation():
            parse_uuid(item.invitation)
        case DefineRole() | CloseRole():
            _check_role(item.role)
        case WithdrawStatement():
            parse_uuid(item.statement)
        case SetCharter():
            _check_digest(item.was)
        case SetGovernance():
            policy.check(Policy(threshold=item.policy.threshold, of=item.policy.of))
            _check_digest(item.was)
            _check_governors(item)
        case _:
            assert_never(item)


def _check_of_person(item: PersonItem) -> None:
    parse_uuid(item.user)
    match item:
        case GrantRole() | EndRole():
            _check_role(item.role)
            if isinstance(item, GrantRole) and item.cose is not None:
                _check_digest(item.cose)
        case SuspendPerson() | ReinstatePerson() | DeactivatePerson():
            pass  # the person is all that they name
        case ReEnrol():
            require_prime_order(item.key)
            clock.to_ms(item.expires_at)
        case Admit():
            _check_digest(item.cose)
        case SetCompromise():
            clock.to_ms(item.since)
            if (item.kid is None) == (item.passkey is None):
                raise _invalid("declare-compromise names a kid or a passkey")
        case _:
            assert_never(item)


def _check_governors(item: SetGovernance) -> None:
    people = item.people or ()
    for each in people:
        parse_uuid(each.user)
        _check_digest(each.cose)
    if len({each.user for each in people}) != len(people) or len(people) > MAX_GOVERNORS:
        raise _invalid(f"people are at most {MAX_GOVERNORS}, each of them once")
    if (item.people is not None) != policy.asks_for_two(item.policy):
        raise _invalid("a policy states people if it asks for two or more, and only then")


def _check_role(name: str) -> None:
    if not ROLE_NAME.fullmatch(name):
        raise _invalid("a role's name has 1 to 64 characters of a-z, 0-9 and -, first a letter")


def _check_digest(text: str) -> None:
    if not SHA256_HEX.fullmatch(text):
        raise _invalid("a digest has 64 hex characters in lower case")


def _invalid(detail: str) -> MalformedError:
    return MalformedError("change_invalid", detail)
