"""The title of a change, which follows from its items. Pure."""

from typing import assert_never

from ledger.domain.changes.evidence_items import (
    EraseName,
    EraseStatement,
    Hold,
    ReleaseHold,
    WithdrawStatement,
)
from ledger.domain.changes.items import (
    Admit,
    CancelInvitation,
    CloseRole,
    DeactivatePerson,
    DefineRole,
    DefineType,
    EndRole,
    GrantRole,
    HoldItem,
    Invite,
    Item,
    PersonItem,
    ReEnrol,
    ReinstatePerson,
    RetireType,
    SetCharter,
    SetCompromise,
    SetGovernance,
    SuspendPerson,
)
from ledger.domain.statement_types import parse_definition


def title(items: tuple[Item, ...]) -> str:
    """Return the title that a change with these items has: its first item, and how many more."""
    first, more = _words(items[0]), len(items) - 1
    return f"{first}, and {more} more" if more else first


def _words(item: Item) -> str:
    if isinstance(item, PersonItem):
        return _words_about(_short(item.user), item)
    match item:
        case Invite():
            return f"Invite somebody as {item.role}"
        case CancelInvitation():
            return f"Cancel the invitation {_short(item.invitation)}"
        case DefineRole():
            return f"Define the role {item.role}"
        case CloseRole():
            return f"Close the role {item.role}"
        case WithdrawStatement():
            return f"Withdraw the statement {_short(item.statement)}"
        case EraseStatement() | EraseName() | Hold() | ReleaseHold():
            return _words_of_evidence(item)
        case SetCharter():
            return "Set the values of the charter"
        case DefineType():
            found = parse_definition(item.definition).definition
            return f"Define the type {found.name}, version {found.version}"
        case RetireType():
            return f"Retire the type {item.type}"
        case SetGovernance():
            return "Set the governance policy"
        case _:
            assert_never(item)


def _words_of_evidence(item: EraseStatement | EraseName | HoldItem) -> str:
    match item:
        case EraseStatement(statement=statement):
            return f"Erase the statement {_short(statement)}"
        case EraseName(name=name):
            return f"Erase the name of {_short(name)}"
    kind, held = item.subject
    of = f"the name of {_short(held)}" if kind == "name" else f"the statement {_short(held)}"
    return f"Hold {of}" if isinstance(item, Hold) else f"Release the hold on {of}"


def _words_about(them: str, item: PersonItem) -> str:
    match item:
        case GrantRole():
            return f"Grant the role {item.role} to {them}"
        case EndRole():
            return f"End the role {item.role} of {them}"
        case SuspendPerson():
            return f"Suspend {them}"
        case ReinstatePerson():
            return f"Reinstate {them}"
        case DeactivatePerson():
            return f"Deactivate {them}"
        case ReEnrol():
            return f"Re-enrol {them}"
        case Admit():
            return f"Admit the new passkey of {them}"
        case SetCompromise():
            return f"Declare a key or passkey of {them} compromised"
        case _:
            assert_never(item)


def _short(uuid: str) -> str:
    return uuid[:8]
