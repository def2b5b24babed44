"""A statement as of a version of its stream: its state, and how each event changes it. Pure.

decisions.py decides the events, drafting.py the first one.
"""

import msgspec

from ledger import clock
from ledger.domain.changes.items import Item, is_change, parse_items
from ledger.domain.counting import RecordedDecision, recorded, without
from ledger.domain.document import Document, DocumentType
from ledger.domain.events import (
    ApprovalRetracted,
    Event,
    LedgerBody,
    PersonBody,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
    StatementWithdrawnByChange,
)
from ledger.domain.policy import Policy
from ledger.domain.readers import Audience, audience
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

    @property
    def counts_on(self) -> dict[str, RecordedDecision]:
        """The recorded decisions that a later one depends on: of a final one, only with steps."""
        depends = self.status == "pending" or self.policy.ordered
        return self.approvals | self.rejections if depends else {}

    def status_at(self, now_ms: int, *, stopped: bool = False) -> Status:
        """Return the status at a time. A pending statement expires without an event.

        `stopped` tells whether a change ended the pending statements of its type and version.
        """
        ended = self.status == "pending" and (stopped or self.ends_ms <= now_ms)
        return "expired" if ended else self.status


def evolve(statement: Statement | None, event: Event) -> Statement:
    """Return the statement after the next event of its stream."""
    if isinstance(event.body, StatementDrafted):
        return _drafted(event.body, event.version)
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
        case StatementWithdrawn() | StatementWithdrawnByChange():
            return msgspec.structs.replace(statement, version=event.version, status="withdrawn")
        case body:
            raise _misplaced(body)


def _misplaced(_: StatementDrafted | LedgerBody | PersonBody) -> AssertionError:
    """Return the error for an event that cannot follow in a statement's stream.

    The argument's type lists all other events: mypy fails if `evolve` forgets one.
    """
    return AssertionError("not an event of a statement's stream")


def _drafted(body: StatementDrafted, version: int) -> Statement:
    raw = body.document.encode()
    document = msgspec.json.decode(raw, type=Document)
    return Statement(
        id=document.statement_id,
        version=version,
        creator=body.creator,
        title=document.title,
        sha256=sha256_hex(raw),
        payload_sha256=sha256_hex(b64u_encode(raw).encode()),
        content_sha256=sha256_hex(document.content.encode()),
        policy=document.policy,
        audience=audience(document, body.read_by),
        ends_ms=clock.to_ms(body.ends_at),
        seen=body.seen,
        items=parse_items(document) if is_change(document) else None,
        is_plain=document.is_plain,
        type=document.type,
    )


def require_status(
    statement: Statement, now_ms: int, *allowed: Status, stopped: bool = False
) -> None:
    """Raise ConflictError `statement_<status>` unless a statement has an allowed status."""
    status = statement.status_at(now_ms, stopped=stopped)
    if status not in allowed:
        raise ConflictError(f"statement_{status}", f"the statement is {status}")
