"""What a server keeps of one person outside the log: sessions, devices, messages, their account.

With what the log has, this is the whole of an access report: everything that a person did, and
everything that was done to their data.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ledger import clock
from ledger.audit.access_report import MayRead, of_person
from ledger.audit.answers import AnswerTable, Cell
from ledger.audit.source import AuditedLog
from ledger.organisation.people import link_in
from ledger.organisation.scim_entries import user_of
from ledger.store.ports.directory import Directory
from ledger.store.ports.messages import MessageStore
from ledger.store.ports.operations import Access, OperationalState

Rows = tuple[tuple[Cell, ...], ...]
_PAGE = 200
_EXPORTS = "Exports and reads: by them, and by others of statements they took part in"
_KEPT = "kept by the server, not part of the log"


class KeptBeside(NamedTuple):
    """What a server keeps outside the log."""

    state: OperationalState
    messages: MessageStore
    directory: Directory


def access_report(
    rows: AuditedLog,
    about: str,
    kept: KeptBeside,
    *,
    may_read: MayRead,
    most: int | None = None,
) -> list[AnswerTable]:
    """Return all tables of a person's access report; raise as `of_person`."""
    user, tables = of_person(rows, about, may_read=may_read, most=most)
    statements = {str(row[0]) for row in tables[-1].rows}
    return [
        *tables,
        *_operations(kept.state, user, statements, most),
        *_messages(kept.messages, user),
        _account(kept.directory, user),
    ]


def _operations(
    state: OperationalState, user: str, statements: set[str], most: int | None
) -> list[AnswerTable]:
    exports: list[tuple[Cell, ...]] = []
    for each in _accesses(state):
        if each.person == user or each.statement in statements:
            exports.append((_time(each.at_ms), each.person, each.kind, each.statement or ""))
        if len(exports) == most:
            break
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
        _table("Open sessions", "id opened-by browser opened seen expires", sessions),
        _table("Devices", "key browser label", notes),
        _table("Signing keys kept wrapped", "key passkey", wrapped),
        _table(_EXPORTS, "time person what statement", tuple(exports)),
    ]


def _messages(store: MessageStore, user: str) -> list[AnswerTable]:
    box = store.mailbox(user)
    address: Rows = ()
    if box is not None:
        verified = "" if box.verified_ms is None else _time(box.verified_ms)
        address = ((box.address, verified, box.pending, box.times, box.zone),)
    sent: Rows = tuple(
        (
            _time(each.message.made_ms),
            each.message.channel,
            each.message.kind,
            each.message.position,
            each.state,
            "" if each.tried_ms is None else _time(each.tried_ms),
        )
        for each in store.sent_to(user, before=None, limit=_PAGE)
    )
    hooks: Rows = tuple(
        (each.id, each.url, _time(each.made_ms), each.paused)
        for each in store.webhooks()
        if each.owner == user
    )
    feed: Rows = (("yes",),) if store.has_feed(user) else ()
    return [
        _table("Mail address", "address verified waits-for-a-code times zone", address),
        _table("Messages to them, the newest", "made channel kind position state tried", sent),
        _table("Webhooks they registered", "id url registered paused", hooks),
        _table("Feed", "open", feed),
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
        found.append(("kept out", "", "", "", "", ""))
    columns = "what name display-name id groups time"
    return _table("Account at the organisation", columns, tuple(found))


def _accesses(state: OperationalState) -> Iterator[Access]:
    """Yield the access record, the newest line first."""
    before: int | None = None
    while lines := state.accesses(before=before, limit=_PAGE):
        yield from (access for _, access in lines)
        before = lines[-1][0]


def _table(title: str, columns: str, rows: Rows) -> AnswerTable:
    return AnswerTable(title, tuple(columns.split()), rows, (_KEPT,))


def _time(at_ms: int) -> str:
    return clock.to_text(at_ms)
