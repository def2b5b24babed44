"""What a server keeps of one person outside the log: sessions, devices, exports, messages.

With what the log has, this is the whole of an access report: everything that a person did, and
everything that was done to their data. A report creates no file: an operational state that is new
must know when it began, or what was used once could be used again.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from ledger import clock
from ledger.audit.access_report import LEFT_OUT, MayRead, of_person
from ledger.audit.answers import AnswerTable, Cell
from ledger.audit.source import AuditedLog
from ledger.data_files import MESSAGES_FILE, SESSIONS_FILE, is_database
from ledger.organisation.people import link_in
from ledger.organisation.scim_entries import user_of
from ledger.store.engines import open_directory, open_messages, open_operations
from ledger.store.ports.directory import Directory
from ledger.store.ports.messages import MessageStore, Sending
from ledger.store.ports.operations import Access, OperationalState

Rows = tuple[tuple[Cell, ...], ...]
_PAGE = 200
_EXPORTS = "Exports and reads: by them, and of their data and statements by others"
_KEPT = "kept by the server, not part of the log"
_OF_STATE = "sessions, devices, wrapped keys, exports, the account at the organisation"
_OF_MESSAGES = "mail address, messages, webhooks, feed"


class Kept(NamedTuple):
    """What a server keeps outside the log; None for what is not there."""

    state: OperationalState | None
    directory: Directory | None
    messages: MessageStore | None


@contextmanager
def kept_outside(address: str, data: Path) -> Iterator[Kept]:
    """Open what is kept outside the log at an address; `data` is this server's directory."""
    has_state, has_messages = (
        is_database(address) or (data / name).is_file() for name in (SESSIONS_FILE, MESSAGES_FILE)
    )
    with ExitStack() as opened:
        state = directory = messages = None
        if has_state:
            now_ms = time.time_ns() // 1_000_000
            state = opened.enter_context(closing(open_operations(address, data, born_ms=now_ms)))
            directory = opened.enter_context(closing(open_directory(address, data)))
        if has_messages:
            messages = opened.enter_context(closing(open_messages(address, data)))
        yield Kept(state, directory, messages)


def access_report(
    rows: AuditedLog, about: str, kept: Kept, *, may_read: MayRead, most: int | None = None
) -> tuple[str, list[AnswerTable]]:
    """Return a person's id, and all tables of their access report; raise as `of_person`."""
    user, tables = of_person(rows, about, may_read=may_read, most=most)
    statements = {str(row[0]) for row in tables[-1].rows}
    missing: list[tuple[Cell, ...]] = []
    if kept.state is None or kept.directory is None:
        missing.append((_OF_STATE,))
    else:
        tables += _operations(kept.state, user, statements, most)
        tables.append(_account(kept.directory, user))
    if kept.messages is None:
        missing.append((_OF_MESSAGES,))
    else:
        tables += _messages(kept.messages, user, most)
    if missing:
        tables.append(_table("Not here, so not in this report", "what", tuple(missing)))
    return user, tables


def _operations(
    state: OperationalState, user: str, statements: set[str], most: int | None
) -> list[AnswerTable]:
    concerns = {user, *statements}
    exports = (
        (_time(each.at_ms), each.person, each.kind, each.about or "")
        for each in _accesses(state)
        if each.person == user or each.about in concerns
    )
    sessions: Rows = tuple(
        (
            each.id,
            each.opened_by,
            each.browser,
            _time(each.opened_ms),
            _time(each.seen_ms),
            _time(each.expires_ms),
        )
        for each in state.sessions_of(user)
    )
    notes: Rows = tuple(
        (reference, each.browser, each.label)
        for reference, each in sorted(state.device_notes(user).items())
    )
    wrapped: Rows = tuple(
        (f"kid:{each.kid}", f"passkey:{each.credential_id}") for each in state.wrapped_keys(user)
    )
    return [
        _table("Sessions", "id opened-by browser opened seen expires", sessions),
        _table("Devices", "key browser label", notes),
        _table("Signing keys kept wrapped", "key passkey", wrapped),
        _cut(_EXPORTS, "time person what about", exports, most),
    ]


def _account(directory: Directory, user: str) -> AnswerTable:
    found: list[tuple[Cell, ...]] = []
    if (entry := directory.entry("link", user)) is not None:
        link = link_in(entry)
        names = (link.username, "", link.subject)
        found.append(("account", *names, ", ".join(link.groups), _time(link.linked_ms)))
        known = directory.entry("user", link.user) if link.user else None
        if known is not None:
            told = user_of(known)
            names = (told.user_name, told.display_name, told.external_id)
            found.append(("directory", *names, "", _time(told.changed_ms)))
    if directory.entry("block", user) is not None:
        found.append(("blocked", "", "", "", "", ""))
    columns = "what name display-name id groups time"
    return _table("Account at the organisation", columns, tuple(found))


def _messages(store: MessageStore, user: str, most: int | None) -> list[AnswerTable]:
    box = store.mailbox(user)
    address: Rows = ()
    if box is not None:
        verified = "" if box.verified_ms is None else _time(box.verified_ms)
        address = ((box.address, verified, box.pending, box.times, box.zone),)
    sent = (
        (
            _time(each.message.made_ms),
            each.message.channel,
            each.message.kind,
            each.message.position,
            each.state,
            "" if each.tried_ms is None else _time(each.tried_ms),
        )
        for each in _sent(store, user)
    )
    hooks: Rows = tuple(
        (each.id, _origin(each.url), _time(each.made_ms), each.paused)
        for each in store.webhooks()
        if each.owner == user
    )
    feed: Rows = (("yes",),) if store.has_feed(user) else ()
    return [
        _table("Mail address", "address verified waits-for-a-code times zone", address),
        _cut("Messages to them", "made channel kind position state tried", sent, most),
        _table("Webhooks they registered", "id origin registered paused", hooks),
        _table("Feed", "open", feed),
    ]


def _origin(url: str) -> str:
    """Return an address without its path, which is often a secret that lets anybody post there."""
    scheme, host, *_ = urlsplit(url)
    return f"{scheme}://{host.rpartition('@')[2]}"


def _accesses(state: OperationalState) -> Iterator[Access]:
    """Yield the access record, the newest line first."""
    before: int | None = None
    while lines := state.accesses(before=before, limit=_PAGE):
        yield from (access for _, access in lines)
        before = lines[-1][0]


def _sent(store: MessageStore, user: str) -> Iterator[Sending]:
    """Yield the messages to a person, the newest first."""
    before: int | None = None
    while sent := store.sent_to(user, before=before, limit=_PAGE):
        yield from sent
        before = sent[-1].number


def _cut(
    title: str, columns: str, rows: Iterable[tuple[Cell, ...]], most: int | None
) -> AnswerTable:
    """Return a table of at most so many rows, which says if there are more."""
    found = tuple(islice(rows, None if most is None else most + 1))
    shown = _table(title, columns, found[:most])
    if len(shown.rows) == len(found):
        return shown
    return msgspec.structs.replace(shown, notes=(*shown.notes, LEFT_OUT))


def _table(title: str, columns: str, rows: Rows) -> AnswerTable:
    return AnswerTable(title, tuple(columns.split()), rows, (_KEPT,))


def _time(at_ms: int) -> str:
    return clock.to_text(at_ms)
