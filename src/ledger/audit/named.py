"""Names of people, and what a statement's draft says, looked up in the log when they are needed."""

from typing import TypeVar
from uuid import UUID

import msgspec

from ledger.audit.source import AuditedLog, RowFilter
from ledger.audit.stored_events import stored_events
from ledger.domain.document import Document, DocumentType, parse_uuid
from ledger.domain.events import (
    BodiesErased,
    ServiceAccountAdded,
    StatementDrafted,
    UserNamed,
    UserRegistered,
)
from ledger.domain.names import without_name
from ledger.domain.policy import Policy
from ledger.domain.quoting import of_account, quoted
from ledger.domain.vocabulary import LET_IN, OPERATOR
from ledger.encoding import sha256_hex
from ledger.errors import CorruptError, LedgerError, NotFoundError

ERASED = "an erased statement"  # in place of an erased statement's title
_OF_NAMES = (UserRegistered.TAG, UserNamed.TAG)
MOST_KEPT = 10_000  # of names and of drafts; older ones are looked up again
K = TypeVar("K")
V = TypeVar("V")


class DraftedStatement(msgspec.Struct, frozen=True):
    """What the draft of a statement says; `sha256` is the digest of the document, hex."""

    id: str
    title: str
    sha256: str
    type: DocumentType | None
    creator: str
    ends_at: str
    policy: Policy
    erased_by: str | None = None

    @property
    def type_in_words(self) -> str:
        """The name and version of its type, such as `offer 2`; empty without a type."""
        return "" if self.type is None else f"{self.type.name} {self.type.version}"


def drafted_statement(body: StatementDrafted) -> DraftedStatement:
    """Return what a draft says."""
    raw = body.document.encode()
    document = msgspec.json.decode(raw, type=Document)
    return DraftedStatement(
        id=document.statement_id,
        title=document.title,
        sha256=sha256_hex(raw),
        type=document.type,
        creator=body.creator,
        ends_at=body.ends_at,
        policy=document.policy,
    )


class Named:
    """The names of people and the drafts of statements in one log."""

    def __init__(self, rows: AuditedLog) -> None:
        self._rows = rows
        self._names: dict[str, str] = {}
        self._let_in: set[str] = set()
        self._drafts: dict[UUID, DraftedStatement] = {}
        self._accounts: dict[str, dict[str, str]] = {}  # by owner and kid

    def name(self, user: str | None) -> str:
        """Return a person's name, `The ledger` for None, and nothing for somebody unknown.

        A fixed text with the person's short id stands in place of an erased name.
        """
        if user is None:
            return "The ledger"
        known = self._names.get(user)
        return self._keep(self._names, user, self._find_name(user)) if known is None else known

    def called(self, user: str | None) -> str:
        """Return a name as it stands in a sentence: that of a person in quotation marks."""
        name = self.name(user)
        return quoted(name) if user is not None and name else name

    def signer(self, user: str | None) -> str:
        """Return the same of a signer, and whether the operator let the person in."""
        who = self.called(user)
        return f"{who} ({LET_IN})" if user in self._let_in else who

    def acting(self, user: str | None, kid: str) -> str:
        """Return the same as `signer`, beside the person's service account if the key is of one."""
        who, account = self.signer(user), self.account(user, kid)
        return of_account(account, who) if account else who

    def account(self, user: str | None, kid: str) -> str:
        """Return the name of the person's service account whose key this is, empty without one."""
        if user is None:
            return ""
        known = self._accounts.get(user)
        if known is None:
            known = self._keep(self._accounts, user, self._find_accounts(user))
        return known.get(kid, "")

    def draft(self, stream: UUID) -> DraftedStatement:
        """Return what a statement's draft says; raise CorruptError `stream_unknown`."""
        known = self._drafts.get(stream)
        return self._keep(self._drafts, stream, self._find(stream)) if known is None else known

    def learn(self, stream: UUID, body: object) -> None:
        """Keep what an event says, so that it is not looked up."""
        if isinstance(body, StatementDrafted):
            self._keep(self._drafts, stream, drafted_statement(body))

    def person(self, asked: str) -> str:
        """Return the id of the person with this id or exact name.

        Raises NotFoundError `user_unknown`.
        """
        for each in stored_events(self._rows, RowFilter(tags=_OF_NAMES)):
            body, user = each.event.body, str(each.event.stream)
            if asked == user or (isinstance(body, UserNamed) and asked == body.name):
                return user
        raise NotFoundError("user_unknown", f"nobody here has the id or name {asked!r}")

    def statement(self, asked: str) -> DraftedStatement:
        """Return what the draft of a statement says.

        Raises MalformedError `id_invalid`, NotFoundError `statement_unknown`, `statement_erased`.
        """
        stream = parse_uuid(asked)
        try:
            found = self.draft(stream)
            if found.erased_by is not None:
                detail = f"the change {found.erased_by} erased it"
                raise NotFoundError("statement_erased", detail)
            return found
        except CorruptError as error:
            if error.code != "stream_unknown":
                raise
            raise NotFoundError("statement_unknown", "no statement has this id") from error

    def _find_name(self, user: str) -> str:
        try:
            wanted = RowFilter(stream=parse_uuid(user).bytes, tags=_OF_NAMES)
        except LedgerError:
            return ""  # no person's id
        name = ""
        for each in stored_events(self._rows, wanted):
            body = each.event.body
            if isinstance(body, UserNamed):
                return body.name
            if isinstance(body, UserRegistered):
                name = without_name(user)
                if body.admitted_by == OPERATOR:
                    self._let_in.add(user)
        return name

    def _find_accounts(self, user: str) -> dict[str, str]:
        try:
            wanted = RowFilter(stream=parse_uuid(user).bytes, tags=(ServiceAccountAdded.TAG,))
        except LedgerError:
            return {}  # no person's id
        bodies = (each.event.body for each in stored_events(self._rows, wanted))
        return {each.kid: each.name for each in bodies if isinstance(each, ServiceAccountAdded)}

    def _find(self, stream: UUID) -> DraftedStatement:
        first = self._first(stream)
        if isinstance(first, BodiesErased):
            return DraftedStatement(
                id=str(stream),
                title=ERASED,
                sha256="",
                type=None,
                creator="",
                ends_at="",
                policy=Policy(threshold=1, of=()),
                erased_by=first.change,
            )
        if not isinstance(first, StatementDrafted):
            raise CorruptError("stream_unknown", f"there is no draft of {stream}")
        return drafted_statement(first)

    def _first(self, stream: UUID) -> object:
        found = stored_events(self._rows, RowFilter(stream=stream.bytes))
        first = next(found, None)
        return None if first is None else first.event.body

    @staticmethod
    def _keep(kept: dict[K, V], key: K, value: V) -> V:
        if len(kept) >= MOST_KEPT:
            for old in [*kept][: MOST_KEPT // 2]:
                del kept[old]
        kept[key] = value
        return value
