"""Who may read a statement. Every route, page, decision and verifier asks here. Pure.

A statement is read by everyone who is signed in, or by its participants and by auditors. Its
participants are its creator, the members of its policy and veto, the executors and readers that its
document names, and the drafters of its type. The draft decides which of the two: a document with
`readers` is for participants; without them it is for everyone if registration is open at that
position. A later change of the mode opens nothing. Changes are for everyone: the rules of the
ledger are known to all who sign.
"""

from collections.abc import Set
from typing import NoReturn

import msgspec

from ledger.domain import policy
from ledger.domain.changes.items import is_change
from ledger.domain.document import Document
from ledger.domain.person import Person
from ledger.domain.policy import Policy
from ledger.domain.vocabulary import AUDITOR, ReadBy, RegistrationMode
from ledger.errors import MalformedError, NotFoundError
from ledger.jose import CompactJws, PublicJwk, verify_compact


class Reader(msgspec.Struct, frozen=True):
    """A signed-in person who reads, with their open roles of today."""

    user: str
    roles: frozenset[str]

    @property
    def reads_all(self) -> bool:
        """Whether this person reads every statement."""
        return AUDITOR in self.roles

    @property
    def members(self) -> list[str]:
        """The members of a policy, or readers of a document, that cover this person."""
        return [f"user:{self.user}", *(f"role:{role}" for role in sorted(self.roles))]


class Audience(msgspec.Struct, frozen=True):
    """Whom a statement is for."""

    read_by: ReadBy
    creator: str
    members: frozenset[str]

    def has_participant(self, reader: Reader) -> bool:
        """Tell whether a person takes part in the statement."""
        return reader.user == self.creator or not self.members.isdisjoint(reader.members)

    def may_read(self, reader: Reader) -> bool:
        """Tell whether a person may read the statement."""
        return self.read_by == "everyone" or reader.reads_all or self.has_participant(reader)


def audience(
    document: Document,
    read_by: ReadBy,
    replaced: Policy | None = None,
    drafters: tuple[str, ...] = (),
) -> Audience:
    """Return whom a drafted document is for.

    `replaced` is what the approved statement that it is to replace asks: its members decide too.
    `drafters` are those of its type at the draft.
    """
    rules = document.policy
    executors = () if document.usable is None else document.usable.by
    named = (document.readers or (), executors, drafters)
    members = policy.members(rules).union(rules.veto, *named)
    members |= frozenset() if replaced is None else policy.members(replaced)
    return Audience(read_by, document.creator, members)


def read_by(document: Document, registration: RegistrationMode) -> ReadBy:
    """Return who reads a statement that is drafted while this is the mode of registration."""
    is_for_all = document.readers is None and registration == "open"
    return "everyone" if is_for_all or is_change(document) else "participants"


def require_known(document: Document, known: Set[str]) -> None:
    """Raise MalformedError `readers_invalid` if a reader is no role that the ledger has."""
    for reader in document.readers or ():
        kind, _, name = reader.partition(":")
        if kind == "role" and name not in known:
            raise MalformedError("readers_invalid", f"{name!r} is no role of this ledger")


def require_readable(audience: Audience, person: Person, jws: CompactJws, jwk: PublicJwk) -> None:
    """Raise as `refuse` does if the person who signed may not read the statement."""
    if not audience.may_read(Reader(person.user, person.roles)):
        refuse(jws, jwk)


def refuse(jws: CompactJws, jwk: PublicJwk) -> NoReturn:
    """Raise NotFoundError `statement_unknown`, once the signature is verified.

    A signer gets the same answer on a statement that is not there and on one that they may not
    read. Raises RefusedError as `jose.verify_compact` first: the order of checks has it so.
    """
    verify_compact(jws, jwk)
    raise unknown_statement()


def unknown_statement() -> NotFoundError:
    """Return the error for a statement that is not there, and for one that one may not read."""
    return NotFoundError("statement_unknown", "there is no statement that this person may read")
