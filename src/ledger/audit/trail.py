"""The trail: one line an event, for those who work with tables; as JSON lines or CSV.

Read from the log alone, in order, in flat memory. Each entry is held against its body and its leaf
hash on the way; whether what it says was decided rightly is `ledger audit`'s to say.
"""

import csv
import io
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import BinaryIO

import msgspec

from ledger.audit.logfile import Rows
from ledger.domain import entry, events
from ledger.domain.document import Document
from ledger.domain.events import (
    Event,
    InvitationIssued,
    KeyAttested,
    KeyRevoked,
    LedgerCreated,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    PasskeyAdded,
    PasskeyRemoved,
    RoleGranted,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
    UserRegistered,
)
from ledger.errors import CorruptError, LedgerError
from ledger.jose import parse_compact

MOST_TITLES = 10_000
# What a spreadsheet takes for the beginning of a formula, or for the end of a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ROWS = "SELECT pos, state, leaf FROM ev ORDER BY pos"
_FIRST = "SELECT state FROM ev WHERE originator_id = ? AND originator_version = 1"


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """One event; members stand in the order of the columns.

    `actor_id` is the person who acted, empty for the ledger itself; `object` is the id, kid,
    credential id or role that it is about; hashes are in hex.
    """

    position: int
    leaf_index: int
    time: str
    stream: str
    version: int
    type: str
    actor_id: str
    actor_name: str
    object: str
    summary: str
    kid: str
    entry_hash: str
    body_hash: str


COLUMNS = tuple(field.encode_name for field in msgspec.structs.fields(Line))


class Trail:
    """Tells the events of one log; it remembers people's names and some statements' titles."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._names: dict[str, str] = {}
        self._title = lru_cache(MOST_TITLES)(self._find_title)

    def lines(self) -> Iterator[Line]:
        """Yield a line for each event; raise CorruptError where stored bytes disagree."""
        for number, (position, state, leaf) in enumerate(self._rows.each(_ROWS), start=1):
            if position != number or not isinstance(state, bytes):
                raise CorruptError("position_missing", f"position {number} is not there")
            try:
                envelope, body = entry.unseal(state)
                event = events.decode_body(envelope, body)
            except LedgerError as error:
                detail = f"at position {position}, {error.detail}"
                raise CorruptError(error.code, detail, position=position) from error
            hashed = entry.leaf_hash(state)
            if hashed != leaf:
                detail = f"at position {position}, the stored leaf hash is not the entry's"
                raise CorruptError("leaf_mismatch", detail, position=position)
            yield self._line(position, event, hashed.hex(), envelope.body.sha256)

    def _line(self, position: int, event: Event, entry_hash: str, body_hash: str) -> Line:
        if isinstance(event.body, UserRegistered):
            self._names[event.body.user] = event.body.name
        actor = _actor(event)
        who = self._names.get(actor, "") if actor else "The ledger"
        about, words = self._words(event)
        return Line(
            position=position,
            leaf_index=position - 1,
            time=event.at,
            stream=str(event.stream),
            version=event.version,
            type=event.body.TAG,
            actor_id=actor,
            actor_name=who,
            object=about,
            summary=f"{who} {words}",
            kid=_kid(event),
            entry_hash=entry_hash,
            body_hash=body_hash,
        )

    def _words(self, event: Event) -> tuple[str, str]:  # noqa: C901  # a case for each event
        """Return what the event is about, and what happened in words behind who did it."""
        whose = self._names.get(str(event.stream), "somebody")
        match event.body:
            case LedgerCreated() as body:
                return body.ledger, f"was created; registration: {body.registration}"
            case LogKeysAnnounced(vkeys=vkeys):
                return vkeys[0], f"announced {len(vkeys)} keys that sign its checkpoints"
            case LogKeysRetired(vkeys=vkeys):
                return vkeys[0], f"retired {len(vkeys)} keys that signed its checkpoints"
            case LogFrozen(reason=reason):
                return "", f"ended: {reason}"
            case InvitationIssued(role=role, invitation_id=invitation):
                return invitation, f"invited somebody as {role}"
            case UserRegistered(role=role, user=user):
                return user, f"registered as {role}"
            case PasskeyAdded(credential_id=credential):
                return credential, "added a passkey"
            case PasskeyRemoved(credential_id=credential):
                return credential, f"removed a passkey of {whose}"
            case KeyAttested(kid=kid):
                return kid, "attested a signing key"
            case KeyRevoked(kid=kid):
                return kid, f"revoked a signing key of {whose}"
            case RoleGranted(role=role, user=user):
                return user, f"made {whose} {role}"
            case StatementDrafted():
                return str(event.stream), f"drafted {self._title(event.stream.bytes)}"
            case StatementSigned(status=status):
                title = self._title(event.stream.bytes)
                return str(event.stream), f"approved {title}, which is {status}"
            case StatementRejected(status=status, reason=reason):
                title = self._title(event.stream.bytes)
                return str(event.stream), f"rejected {title}, which is {status}: {reason}"
            case StatementWithdrawn():
                return str(event.stream), f"withdrew {self._title(event.stream.bytes)}"
            case _:
                raise CorruptError("event_unknown", f"no words for {event.body.TAG}")

    def _find_title(self, stream: bytes) -> str:
        for (state,) in self._rows.query(_FIRST, (stream,)):
            body = events.decode(state).body
            if isinstance(body, StatementDrafted):
                return f"“{msgspec.json.decode(body.document, type=Document).title}”"
        raise CorruptError("stream_unknown", f"no draft of {stream.hex()}")


def _actor(event: Event) -> str:
    """Return the id of the person who acted, empty for the ledger itself."""
    match event.body:
        case LedgerCreated() | LogKeysAnnounced() | LogKeysRetired() | LogFrozen():
            return ""
        case InvitationIssued(by=by) | PasskeyRemoved(by=by) | KeyRevoked(by=by):
            return by
        case RoleGranted(by=by):
            return by
        case StatementDrafted(creator=creator):
            return creator
        case StatementSigned(signer=signer) | StatementRejected(signer=signer):
            return signer
        case StatementWithdrawn(signer=signer):
            return signer
        case _:
            return str(event.stream)


def _kid(event: Event) -> str:
    """Return the thumbprint of the key that signed, empty where a passkey alone did."""
    body = event.body
    signed = getattr(body, "jws", None) or getattr(body, "act", None)
    if signed is None and isinstance(body, KeyAttested):
        signed = body.possession
    return "" if signed is None else parse_compact(signed).header.kid


# --- formats ---------------------------------------------------------------------------------


def write_jsonl(rows: Rows, out: BinaryIO) -> None:
    """Write the trail as one JSON object a line."""
    encoder = msgspec.json.Encoder()
    for line in Trail(rows).lines():
        out.write(encoder.encode(line) + b"\n")


def write_csv(rows: Rows, out: BinaryIO) -> None:
    """Write the trail as CSV (RFC 4180, UTF-8) whose first line names the columns.

    A cell that a spreadsheet would take for a formula has an apostrophe in front.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for line in Trail(rows).lines():
            writer.writerow([_defused(value) for value in msgspec.structs.astuple(line)])
    finally:
        text.detach()


def _defused(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


FORMATS: dict[str, Callable[[Rows, BinaryIO], None]] = {"jsonl": write_jsonl, "csv": write_csv}
