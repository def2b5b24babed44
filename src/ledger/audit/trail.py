"""The trail: one line per event, for use in tables; trail_formats.py writes it.

It reads only the log, in order, with constant memory. It does not recompute decisions: `ledger
audit` does.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ledger.audit.named import Named
from ledger.audit.selection import EVERY_EVENT, Selection
from ledger.audit.source import AuditedLog
from ledger.audit.stored_events import ErasedRow, StoredEvent, stored_rows
from ledger.domain import events
from ledger.domain.events import (
    Body,
    OutcomeReported,
    StatementDrafted,
    StatementSigned,
    StatementUsed,
    UserRegistered,
    signature_of,
)
from ledger.domain.late_acts import late_signed_at, told_late
from ledger.domain.quoting import quoted
from ledger.encoding import b64u_decode
from ledger.errors import CorruptError, LedgerError
from ledger.jose import Header

# How the trail writes members of events that name a key or a passkey: as references.
_REFERENCES = {"kid": "kid:", "credential_id": "passkey:"}
_header = msgspec.json.Decoder(Header)


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """One event; the members have the order of the columns.

    `actor_id` is the person who acted, empty for the ledger itself. `object` is the id or reference
    that the event is about, and `key` the reference of the key that signed. References begin with
    `kid:` or `passkey:`, so that no spreadsheet takes one for a formula. Hashes are in hex.
    `late_signed_at` is when a person signed an act that a restore had lost, of late acts alone.
    """

    position: int
    leaf_index: int
    time: str
    stream: str
    version: int
    type: str
    actor_id: str
    actor_name: str
    account: str
    object: str
    summary: str
    key: str
    title: str
    document_type: str
    document_hash: str
    roles: str
    form: str
    step: str
    status: str
    reason: str
    late_signed_at: str
    compromised_since: str
    change: str
    entry_hash: str
    body_hash: str


# What service accounts sign.
OfAccounts = StatementDrafted | StatementUsed | OutcomeReported
# The columns of `Trail.brief`.
BRIEF = ("position", "time", "type", "summary", "key", "object", "documentHash")
COLUMNS = tuple(field.encode_name for field in msgspec.structs.fields(Line))


class Trail:
    """Describes the events of one log."""

    def __init__(self, rows: AuditedLog) -> None:
        self._rows = rows
        self.named = Named(rows)

    def lines(self, wanted: Selection = EVERY_EVENT) -> Iterator[Line]:
        """Return a line for each event of a selection, one by one.

        Raises CorruptError if a position of a period is missing or stored bytes contradict each
        other.
        """
        return map(self.line, self.events(wanted))

    def events(self, wanted: Selection) -> Iterator[StoredEvent | ErasedRow]:
        """Yield the events of a selection; raise as `lines`.

        The actor of an erased event is unknown, so a selection by actor leaves it out.
        """
        for each in stored_rows(self._rows, wanted.rows):
            if wanted.actor is None if isinstance(each, ErasedRow) else wanted.takes(each.event):
                yield each

    def line(self, found: StoredEvent | ErasedRow) -> Line:
        """Return the line of one event."""
        if isinstance(found, ErasedRow):
            return _erased(found)
        position, event, leaf, body_sha256 = found
        body, actor = event.body, events.actor(event)
        self.named.learn(event.stream, body)
        stream = str(event.stream)
        draft = self.named.draft(event.stream) if body.MEANING.stream == "statement" else None
        return Line(
            position=position,
            leaf_index=position - 1,
            time=event.at,
            stream=stream,
            version=event.version,
            type=body.TAG,
            actor_id=actor or "",
            actor_name=self.named.name(actor),
            account=self._account(body, actor),
            object=_about(body, stream),
            summary=self._summary(body, actor, stream, None if draft is None else draft.title),
            key=_key(body),
            title="" if draft is None else draft.title,
            document_type="" if draft is None else draft.type_in_words,
            document_hash="" if draft is None else draft.sha256,
            roles=" ".join(getattr(body, "roles", None) or _role(body)),
            form=body.form if isinstance(body, StatementSigned) else "",
            step=_text(body, "step"),
            status=_text(body, "status") or _text(body, "standing") or _text(body, "outcome"),
            reason=_text(body, "reason"),
            late_signed_at=_late(body),
            compromised_since=_text(body, "compromised_since") or _text(body, "since"),
            change=_text(body, "change"),
            entry_hash=leaf.hex(),
            body_hash=body_sha256,
        )

    def brief(self, found: StoredEvent | ErasedRow) -> tuple[str | int, ...]:
        """Return the columns BRIEF of one event, as `line` has them."""
        if isinstance(found, ErasedRow):
            line = _erased(found)
            return (line.position, line.time, line.type, line.summary, "", line.object, "")
        position, event, *_ = found
        body, stream = event.body, str(event.stream)
        self.named.learn(event.stream, body)
        draft = self.named.draft(event.stream) if body.MEANING.stream == "statement" else None
        title = None if draft is None else draft.title
        return (
            position,
            event.at,
            body.TAG,
            self._summary(body, events.actor(event), stream, title),
            _key(body),
            _about(body, stream),
            "" if draft is None else draft.sha256,
        )

    def _summary(self, body: Body, actor: str | None, stream: str, title: str | None) -> str:
        """Return the event's sentence, from the words that its class declares for the trail."""
        if isinstance(body, OfAccounts):
            who = self.named.acting(actor, body.kid)
        elif body.MEANING.stream == "statement":
            who = self.named.signer(actor)
        else:
            who = self.named.called(actor)
        slots = _Slots(who=who, title=quoted(title or ""))
        slots.body = body
        template = body.MEANING.words.trail
        if "{whose}" in template:
            slots["whose"] = self.named.called(stream) or "somebody"
        late = _late(body)
        told = template.format_map(slots)
        return f"{told}, {told_late(late)}" if late else told

    def _account(self, body: Body, actor: str | None) -> str:
        """Return the name of the service account that acted, empty without one."""
        return self.named.account(actor, body.kid) if isinstance(body, OfAccounts) else ""


def _erased(found: ErasedRow) -> Line:
    """Return the line of an event whose body a change erased: what its entry says."""
    position, event, change, leaf, body_sha256 = found
    return Line(
        position=position,
        leaf_index=position - 1,
        time=event.at,
        stream=str(event.stream),
        version=event.version,
        type=event.tag,
        actor_id="",
        actor_name="",
        account="",
        object=str(event.stream),
        summary=f"Erased by change {change}",
        key="",
        title="",
        document_type="",
        document_hash="",
        roles="",
        form="",
        step="",
        status="",
        reason="",
        late_signed_at="",
        compromised_since="",
        change=change,
        entry_hash=leaf.hex(),
        body_hash=body_sha256,
    )


class _Slots(dict[str, Any]):
    """The members of an event that a template names, each looked up when the template needs it."""

    body: Body

    def __missing__(self, name: str) -> Any:
        body = self.body
        if name == "role":
            named = body.role_in_words if isinstance(body, UserRegistered) else _text(body, "role")
            return named or events.NO_ROLE
        value = getattr(body, name)
        return len(value) if isinstance(value, tuple) else value


def _text(body: object, member: str) -> str:
    """Return a member of an event as text; empty where it has none, or no value."""
    value = getattr(body, member, None)
    return "" if value is None else str(value)


def _role(body: object) -> tuple[str, ...]:
    role = getattr(body, "role", None)
    return () if role is None else (role,)


def _about(body: Body, stream: str) -> str:
    """Return the id or reference that an event is about; the first of several."""
    member = body.MEANING.words.about
    if member is None:
        return ""
    if member == "stream":
        return stream
    found = getattr(body, member)
    first = str(found[0] if isinstance(found, tuple) else found)
    return _REFERENCES.get(member, "") + first


def _late(body: Body) -> str:
    """Return when a late act was signed; empty for any other event."""
    try:
        return late_signed_at(body) or ""
    except LedgerError as error:
        raise CorruptError(error.code, f"a late act is malformed: {error.detail}") from error


def _key(body: Body) -> str:
    """Return the reference of the key that signed the evidence; empty where no key signed."""
    signed = signature_of(body) or _text(body, "possession")
    if not signed:
        return ""
    try:
        header = _header.decode(b64u_decode(signed[: signed.find(".")]))
    except (LedgerError, msgspec.MsgspecError) as error:
        raise CorruptError("jws_malformed", "a signature's header is malformed") from error
    return f"kid:{header.kid}"
