"""The items of a change on evidence: what it withdraws, erases, or keeps from erasure."""

from typing import ClassVar

import msgspec

from ledger.domain.vocabulary import HeldKind, Status


class ChangeItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the items of all kinds have: the name of their kind."""

    NAME: ClassVar[str]


class WithdrawStatement(ChangeItem, frozen=True):
    """Withdraw a pending statement whose creator is deactivated."""

    NAME = "withdraw"
    statement: str


class EraseStatement(ChangeItem, frozen=True):
    """Erase the bodies of all events of a final statement.

    `status` is how it stands: once the evidence is gone, only these approvals say so.
    """

    NAME = "erase"
    statement: str
    status: Status


class EraseName(ChangeItem, frozen=True):
    """Erase the name of a deactivated person; `name` is the person's id."""

    NAME = "erase"
    name: str


class _OfEvidence(ChangeItem, frozen=True):
    statement: str | None = None
    name: str | None = None

    @property
    def subject(self) -> tuple[HeldKind, str]:
        """What the item names: a statement, or a person whose name it means; and the id."""
        if self.statement is not None:
            return "statement", self.statement
        return "name", self.name or ""


class Hold(_OfEvidence, frozen=True):
    """Keep a statement, or the name of a person, from being erased: exactly one of the two."""

    NAME = "hold"


class ReleaseHold(_OfEvidence, frozen=True):
    """Release the hold on a statement, or on the name of a person: exactly one of the two."""

    NAME = "release-hold"
