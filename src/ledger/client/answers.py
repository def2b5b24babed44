"""What a ledger answers to a program, as far as programs act on it; further members are ignored."""

from typing import Any

import msgspec

from ledger.domain.document import DocumentType
from ledger.domain.usable import Usable
from ledger.domain.vocabulary import (
    AdmittedBy,
    DecisionKind,
    Form,
    KeyStatus,
    ReadBy,
    Status,
    UseOutcome,
)


class NamedById(msgspec.Struct, frozen=True):
    """A person or a statement, by id and name."""

    id: str
    name: str


class ListedStatement(msgspec.Struct, frozen=True, rename="camel"):
    """A statement as lists show it: times are RFC 3339, `sha256` is of the document's bytes.

    `account` is the service account with which its creator drafted it.
    """

    id: str
    title: str
    creator: NamedById
    status: Status
    approvals: int
    needed: int
    sha256: str
    expires_at: str | None = None
    account: str | None = None


class ShownDecision(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One decision on a statement, and what to know before relying on it."""

    position: int
    at: str
    decision: DecisionKind
    person: NamedById
    roles: tuple[str, ...]
    kid: str
    key_status: KeyStatus
    form: Form | None = None
    reason: str | None = None
    in_question: bool = False
    retracted: bool = False
    admitted_by: AdmittedBy | None = None


class KnownUse(msgspec.Struct, frozen=True, rename="camel"):
    """One use of a statement; nobody knows its outcome while that is None or `unknown`."""

    at: str
    person: NamedById
    number: int
    generation: int
    reference: str | None
    outcome: UseOutcome | None
    freed: bool
    account: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the outcome is known."""
        return self.outcome in ("done", "not-done")


class PolicyProgress(msgspec.Struct, frozen=True):
    """A node of a policy, or a member of it: how many people it lacks, and how it is named.

    `missing` is None if those who can approve cannot meet the node, and of a member.
    """

    missing: int | None = None
    members: tuple["PolicyProgress", ...] = ()
    member: str = ""
    name: str = ""

    def names(self) -> dict[str, str]:
        """Return the names of the people whom the policy names, by id."""
        kind, _, user = self.member.partition(":")
        own = {user: self.name} if kind == "user" else {}
        return own | {id_: name for each in self.members for id_, name in each.names().items()}


class ShownStatement(ListedStatement, frozen=True, kw_only=True, rename="camel"):
    """A statement with its decisions and uses.

    `progress` says how many people are missing; None if those who can approve cannot meet the
    policy. `outlook` says why a pending one cannot be approved as things are.
    """

    created_at: str
    decisions: tuple[ShownDecision, ...]
    progress: PolicyProgress
    replaced: dict[str, Any] | None = None
    replaced_progress: PolicyProgress | None = None
    in_question: int = 0
    outlook: str | None = None
    type: DocumentType | None = None
    read_by: ReadBy
    readers: tuple[str, ...] | None = None
    supersedes: str | None = None
    superseded_by: str | None = None
    usable: Usable | None = None
    uses: tuple[KnownUse, ...] = ()
    uses_left: int | None = None
    precedes_loss: bool = False

    @property
    def is_questioned(self) -> bool:
        """Whether it is approved, and would not be without the decisions in question."""
        asked = [each for each in (self.progress, self.replaced_progress) if each is not None]
        lacks = any(each.missing != 0 for each in asked)
        return self.status == "approved" and self.in_question > 0 and lacks


class ActReceipt(msgspec.Struct, frozen=True, rename="camel"):
    """Where an act stands in the log."""

    statement_id: str
    position: int


class DraftReceipt(ActReceipt, frozen=True, rename="camel"):
    """A draft: `sha256` is of the document; `warnings` are codes, such as of an unmeetable policy.

    Approvals and uses name this digest.
    """

    sha256: str
    status: Status
    warnings: tuple[str, ...] = ()


class DecisionReceipt(ActReceipt, frozen=True, rename="camel"):
    """A decision, and the statement's status after it."""

    status: Status
    approvals: int


class UseReceipt(ActReceipt, frozen=True, rename="camel"):
    """A use: `number` of those that the document allows, `generation` 2 if it was freed once."""

    number: int
    generation: int


class OutcomeReceipt(UseReceipt, frozen=True, rename="camel"):
    """The outcome of a use."""

    outcome: UseOutcome


class ListedType(msgspec.Struct, frozen=True, rename="camel"):
    """A type of statements: `sha256` is the digest of its definition."""

    name: str
    version: int
    title: str
    sha256: str
    is_in_force: bool


class TypeText(msgspec.Struct, frozen=True):
    """The definition of a type, the exact text that its digest covers."""

    definition: str


class AccountScope(msgspec.Struct, frozen=True, rename="camel"):
    """What a service account is called, which acts it signs, and on which types."""

    name: str
    acts: tuple[str, ...]
    types: tuple[str, ...]
    untyped: bool


class AccountKey(msgspec.Struct, frozen=True, rename="camel"):
    """The key of a service account."""

    kid: str
    status: str
    expires_at: str
    service: AccountScope


class ListedAccount(msgspec.Struct, frozen=True, rename="camel"):
    """A service account in a list, and whose it is."""

    owner: NamedById
    key: AccountKey
