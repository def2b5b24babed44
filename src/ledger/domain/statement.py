"""A statement as of a version of its stream: its state, and how each event changes it. Pure.

decisions.py decides the events, drafting.py the first one.
"""

from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain.changes.items import Item, is_change, parse_items
from ledger.domain.counting import RecordedDecision, recorded, without
from ledger.domain.document import Document, DocumentType, Superseded
from ledger.domain.events import (
    ApprovalRetracted,
    BodiesErased,
    ErasedEvent,
    Event,
    LedgerBody,
    OutcomeReported,
    PersonBody,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementSuperseded,
    StatementUsed,
    StatementWithdrawn,
    StatementWithdrawnByChange,
)
from ledger.domain.policy import Policy, for_a_new_version
from ledger.domain.readers import Audience, audience
from ledger.domain.usable import RecordedUse, Usable
from ledger.domain.vocabulary import Status
from ledger.encoding import b64u_encode, sha256_hex
from ledger.errors import ConflictError


class Statement(msgspec.Struct, frozen=True):
    """A statement as of a version of its stream, with digests in place of the document."""

    id: str
    version: int
    creator: str
    title: str
    sha256: str
    payload_sha256: str
    content_sha256: str
    policy: Policy
    audience: Audience
    drafted_at: str
    ends_ms: int
    status: Status = "pending"
    is_plain: bool = True
    type: DocumentType | None = None
    approvals: dict[str, RecordedDecision] = {}
    rejections: dict[str, RecordedDecision] = {}
    # The signed time of each person's last decision, also of one that is in question.
    decided: dict[str, int] = {}
    # By stream, the versions that its events name as seen.
    seen: dict[str, int] = {}
    items: tuple[Item, ...] | None = None  # those of a change, None for other statements
    supersedes: Superseded | None = None
    earlier: Status | None = None  # of the statement that it supersedes, at its own draft
    superseded_by: str | None = None
    usable: Usable | None = None
    uses: tuple[RecordedUse, ...] = ()
    replaced: Policy | None = None  # of the approved statement that it supersedes, met too
    # Its bodies are gone: only id, version, status and superseded_by say anything. The change that
    # erased them is unknown until the event of the erasure.
    is_erased: bool = False
    erased_by: str | None = None
    created_ms: int = 0  # the time of its document

    @property
    def counts_on(self) -> dict[str, RecordedDecision]:
        """The recorded decisions that a later one depends on: of a final one, only with steps."""
        depends = self.status == "pending" or self.policy.ordered
        return self.approvals | self.rejections if depends else {}

    @property
    def type_name(self) -> str | None:
        """The name of its type, None for an untyped statement."""
        return None if self.type is None else self.type.name

    @property
    def replaces(self) -> UUID | None:
        """The approved statement that this one is to replace, whose policy counts too."""
        return UUID(self.supersedes.statement) if self.supersedes and self.replaced else None

    def find_use(self, number: int, generation: int) -> RecordedUse | None:
        """Return one of its uses, None if there is no such one."""
        wanted = (number, generation)
        return next((u for u in self.uses if (u.number, u.generation) == wanted), None)

    def status_at(self, now_ms: int, *, stopped: bool = False) -> Status:
        """Return the status at a time. A pending statement expires without an event.

        `stopped` tells whether a change of its type ended it, or a loss: `Charter.stops`.
        """
        ended = self.status == "pending" and (stopped or self.ends_ms <= now_ms)
        return "expired" if ended else self.status


def evolve(statement: Statement | None, event: Event) -> Statement:
    """Return the statement after the next event of its stream."""
    if isinstance(event.body, StatementDrafted):
        return _drafted(event.body, event)
    if statement is None:
        raise AssertionError("a statement's stream must begin with its draft")
    match event.body:
        case StatementSigned() as body:
            return msgspec.structs.replace(
                statement,
                version=event.version,
                status=body.status,
                approvals=statement.approvals | {body.signer: recorded(body, event.at)},
                rejections=without(statement.rejections, body.signer),
                decided=statement.decided | {body.signer: body.iat},
                seen=statement.seen | body.seen,
            )
        case StatementRejected() as body:
            return msgspec.structs.replace(
                statement,
                version=event.version,
                status=body.status,
                approvals=without(statement.approvals, body.signer),
                rejections=statement.rejections | {body.signer: recorded(body, event.at)},
                decided=statement.decided | {body.signer: body.iat},
                seen=statement.seen | body.seen,
            )
        case ApprovalRetracted() as body:
            return msgspec.structs.replace(
                statement,
                version=event.version,
                approvals=without(statement.approvals, body.signer),
                decided=statement.decided | {body.signer: body.iat},
                seen=statement.seen | body.seen,
            )
        case StatementUsed() as body:
            used = RecordedUse(body.number, body.generation, body.signer, body.nonce)
            return msgspec.structs.replace(
                statement,
                version=event.version,
                uses=(*statement.uses, used),
                seen=statement.seen | body.seen,
            )
        case OutcomeReported() as body:
            return msgspec.structs.replace(
                statement,
                version=event.version,
                uses=tuple(_reported(each, body) for each in statement.uses),
                seen=statement.seen | body.seen,
            )
        case StatementWithdrawn() | StatementWithdrawnByChange():
            return msgspec.structs.replace(statement, version=event.version, status="withdrawn")
        case StatementSuperseded(by=by):
            return msgspec.structs.replace(
                statement, version=event.version, status="superseded", superseded_by=by
            )
        case BodiesErased() as body:
            return _erased(event, body)
        case body:
            raise _misplaced(body)


def _erased(event: Event, body: BodiesErased) -> Statement:
    left = without_bodies(ErasedEvent(event.stream, event.version, event.at, body.TAG))
    stated = {"status": body.status, "superseded_by": body.successor, "erased_by": body.change}
    return msgspec.structs.replace(left, **stated)


def without_bodies(event: ErasedEvent) -> Statement:
    """Return a statement of which nothing but entries is left, up to this event.

    Everyone reads what is left: the change that erased it names the statement, and is for everyone.
    """
    nobody = Policy(threshold=1, of=())
    return Statement(
        id=str(event.stream),
        version=event.version,
        creator="",
        title="",
        sha256="",
        payload_sha256="",
        content_sha256="",
        policy=nobody,
        audience=Audience("everyone", "", frozenset()),
        drafted_at=event.at,
        ends_ms=0,
        is_erased=True,
    )


def require_bodies(statement: Statement) -> None:
    """Raise ConflictError `statement_erased` for a statement whose bodies a change erased."""
    if statement.is_erased:
        raise ConflictError("statement_erased", "the statement was erased by a change")


def _reported(use: RecordedUse, body: OutcomeReported) -> RecordedUse:
    if (use.number, use.generation) != (body.number, body.generation):
        return use
    return msgspec.structs.replace(use, outcome=body.outcome, freed=body.frees)


def _misplaced(_: StatementDrafted | LedgerBody | PersonBody) -> AssertionError:
    """Return the error for an event that cannot follow in a statement's stream.

    The argument's type lists all other events: mypy fails if `evolve` forgets one.
    """
    return AssertionError("not an event of a statement's stream")


def replaced(document: Document, earlier: Status | None) -> Policy | None:
    """Return what the approved statement that a document supersedes asks, None without one."""
    named = document.supersedes
    return for_a_new_version(named.policy) if named and earlier == "approved" else None


_document = msgspec.json.Decoder(Document).decode


def _drafted(body: StatementDrafted, event: Event) -> Statement:
    raw = body.document.encode()
    document = _document(raw)
    policy = replaced(document, body.earlier)
    return Statement(
        id=document.statement_id,
        version=event.version,
        creator=body.creator,
        title=document.title,
        sha256=sha256_hex(raw),
        payload_sha256=sha256_hex(b64u_encode(raw).encode()),
        content_sha256=sha256_hex(document.content.encode()),
        policy=document.policy,
        audience=audience(document, body.read_by, policy, body.drafters),
        drafted_at=event.at,
        created_ms=clock.to_ms(document.created_at),
        ends_ms=clock.to_ms(body.ends_at),
        seen=body.seen,
        items=parse_items(document) if is_change(document) else None,
        is_plain=document.is_plain,
        supersedes=document.supersedes,
        earlier=body.earlier,
        replaced=policy,
        type=document.type,
        usable=document.usable,
    )


def require_status(
    statement: Statement, now_ms: int, *allowed: Status, stopped: bool = False
) -> None:
    """Raise ConflictError `statement_<status>` unless a statement has an allowed status.

    Raises `statement_erased` for an erased one.
    """
    require_bodies(statement)
    status = statement.status_at(now_ms, stopped=stopped)
    if status not in allowed:
        raise ConflictError(f"statement_{status}", f"the statement is {status}")
