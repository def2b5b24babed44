"""What a message says: its kind, a time, ids and a digest, and what a type lets it tell. Pure.

Every repetition of a message has the same id and the same bytes: both derive from the event's place
in the log, its leaf hash, and who is told what.
"""

import hashlib
from typing import Any, NamedTuple

import msgspec

from ledger.domain.events import (
    BODIES,
    ApprovalRetracted,
    BodiesErased,
    Body,
    ErasedEvent,
    Event,
    OutcomeReported,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementSuperseded,
    StatementUsed,
    StatementWithdrawn,
    StatementWithdrawnByChange,
)
from ledger.domain.text import plain
from ledger.domain.vocabulary import Status
from ledger.encoding import b64u_encode, jcs

# Of statements; every other event is `person.` or `ledger.`, and its tag without the version.
_STATEMENT_KINDS: dict[type[Body], str] = {
    StatementDrafted: "statement.drafted",
    StatementSigned: "statement.approval",
    StatementRejected: "statement.rejection",
    ApprovalRetracted: "statement.retraction",
    StatementWithdrawn: "statement.withdrawn",
    StatementWithdrawnByChange: "statement.withdrawn",
    StatementSuperseded: "statement.superseded",
    StatementUsed: "statement.used",
    OutcomeReported: "statement.outcome",
    # Nobody can read what was erased, but that it was erased is known to all.
    BodiesErased: "ledger.statement_erased",
}
APPROVED, REJECTED = "statement.approved", "statement.rejected"
EXPIRING, EXPIRED = "statement.expiring", "statement.expired"
TEST = "webhook.test"
# The kinds that a decision has besides its own once it ends its statement.
MOST_SHOWN_CHARS = 200  # of a value that people read
_ENDINGS: dict[Status, str] = {"approved": APPROVED, "rejected": REJECTED}


class ToldValue(NamedTuple):
    """A member of the content: its name, its label in the schema, and its value as drafted."""

    name: str
    label: str
    value: bytes


class ToldContent(NamedTuple):
    """What messages tell of a statement beside that something happened; nothing by default."""

    title: str = ""
    values: tuple[ToldValue, ...] = ()

    def shown(self) -> list[tuple[str, str]]:
        """Return labels and values as people read them."""
        return [(plain(each.label), _shown(each.value)) for each in self.values]


NOTHING = ToldContent()


class Outline(msgspec.Struct, frozen=True):
    """What a message tells: its kind, when it happened, and of which stream.

    `position` and `leaf` are those of the event, or of the draft where only time has passed.
    `status` is the statement's after this, `sha256` the digest of its document. `content` is what
    its type lets messages tell.
    """

    kind: str
    at: str
    stream: str
    position: int
    leaf: bytes
    status: Status | None = None
    sha256: str | None = None
    content: ToldContent = NOTHING

    @property
    def of_statement(self) -> bool:
        """Whether it is about a statement, which not everybody may read."""
        return is_of_statement(self.kind)


def is_of_statement(kind: str) -> bool:
    """Tell whether messages of a kind are about a statement."""
    return kind.startswith("statement.")


def kind_of(event: Event | ErasedEvent) -> str:
    """Return the kind of an event's message."""
    tag = event.tag if isinstance(event, ErasedEvent) else event.body.TAG
    body = BODIES[tag]
    if (kind := _STATEMENT_KINDS.get(body)) is not None:
        return kind
    return f"{body.MEANING.stream}.{tag.partition('.')[0].replace('-', '_')}"


def kinds_of(event: Event | ErasedEvent, ended: Status | None) -> list[str]:
    """Return the kinds of an event's messages; `ended` is the status that it gave its statement."""
    ending = None if ended is None else _ENDINGS.get(ended)
    return [kind_of(event), *([] if ending is None else [ending])]


def every_kind() -> list[str]:
    """Return every kind of message that webhooks get."""
    people = {
        f"{body.MEANING.stream}.{tag.partition('.')[0].replace('-', '_')}"
        for tag, body in BODIES.items()
        if body not in _STATEMENT_KINDS
    }
    statements = {*_STATEMENT_KINDS.values(), APPROVED, REJECTED, EXPIRING, EXPIRED}
    return sorted(people | statements | {TEST})


def message_id(ledger: str, told: Outline, channel: str, to: str) -> str:
    """Return the id of a message: the same at every repetition, and no other one's."""
    named = [ledger, told.position, told.leaf.hex(), told.kind, channel, to]
    return f"msg_{b64u_encode(hashlib.sha256(jcs(named)).digest()[:24])}"


def webhook_body(ledger: str, told: Outline) -> bytes:
    """Return the body of a webhook's message."""
    data: dict[str, Any] = {"ledger": ledger, "position": told.position, "leaf": told.leaf.hex()}
    data["statement" if told.of_statement else "stream"] = told.stream
    if told.status is not None:
        data["status"] = told.status
    if told.sha256 is not None:
        data["sha256"] = told.sha256
    if told.content.title:
        data["title"] = told.content.title
    if told.content.values:
        data["content"] = {each.name: msgspec.Raw(each.value) for each in told.content.values}
    return msgspec.json.encode({"type": told.kind, "timestamp": told.at, "data": data})


def _shown(value: bytes) -> str:
    # A number stays as it was drafted: it may be larger than any that can be computed with.
    text = plain(msgspec.json.decode(value)) if value.startswith(b'"') else value.decode()
    return text if len(text) <= MOST_SHOWN_CHARS else f"{text[: MOST_SHOWN_CHARS - 1]}…"
