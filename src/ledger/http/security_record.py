"""The security record: who signed in, was refused, administered or exported, one JSON line each.

docs/reference/security-record.md documents every member. The record holds no content, no names, no
secrets and nothing that a client wrote. It never waits: a worker writes what a bounded queue
holds, and what finds the queue full is counted and the count is written.
"""

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from ledger import clock
from ledger.errors import LedgerError, MalformedError, UnavailableError
from ledger.http.exchange import OK, Exchange
from ledger.http.recorded_routes import EVENTS, OF_CHANGES
from ledger.http.refusal import REFUSALS as REFUSALS_BEFORE
from ledger.http.team import ALONE, Team
from ledger.system import private_files
from ledger.system.bounded_file import BoundedFile
from ledger.system.worker import Backoff, Worker

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_QUEUED = 10_000
SECOND_S = 1.0
# Lines of refusals a second; what a stranger can do a thousand times costs no thousand lines.
MAX_STRANGERS_LINES = 20
MAX_MEMBERS_LINES = 100
IDLE_S = 60.0
CONNECTION = "connection"
REQUEST = "request"
SUPPRESSED = "suppressed"
DROPPED = "dropped"

# A ceremony that begins is not worth a line; one that is refused is.
UNRECORDED_SUCCESS = frozenset(event for event in EVENTS.values() if event.endswith("_begin"))
# Strangers can sign out as often as they ask, and nothing happens.
UNRECORDED_OF_NOBODY = frozenset({"sign_out"})
# The refusals of every other route that are recorded; of the routes above, all are.
REFUSALS = frozenset({401, 403, 413, 422, 429})
BUSY = "server_busy"

SecurityOutcome = Literal["success", "failure"]
Sink = Callable[[Sequence[bytes]], None]

_log = logging.getLogger("ledger.security")
_encode = msgspec.json.Encoder().encode


class SecurityLine(msgspec.Struct, omit_defaults=True):
    """One line of the record."""

    time: str
    event: str
    outcome: SecurityOutcome
    code: str
    status: int | None
    request_id: str | None
    client: str | None
    person: str | None
    route: str | None
    count: int
    position: int | None = None
    statement: str | None = None
    mode: str | None = None


class SecurityRecord:
    """The record of one server; callable from any thread."""

    def __init__(self, sink: Sink, team: Team = ALONE) -> None:
        """Write to `sink`; the processes of a team share the bounds of a second."""
        self._sink = sink
        self._most = {
            True: team.share_of(MAX_MEMBERS_LINES),
            False: team.share_of(MAX_STRANGERS_LINES),
        }
        self._lock = threading.Lock()
        self._queue: deque[SecurityLine] = deque()
        self._refusals: dict[tuple[object, ...], SecurityLine] = {}
        self._lines = {True: 0, False: 0}  # of refusals, of members and of strangers
        self._suppressed = 0
        self._since_s = 0.0
        self._unsaid = 0  # dropped since the last line about it
        self.dropped = 0
        self.written = 0
        self._worker = Worker("security", self._turn, backoff=Backoff(0.5, 10.0))

    # --- what is recorded ----------------------------------------------------------------------

    def answered(self, exchange: Exchange) -> None:
        """Record an answer, if it is one of those that are recorded."""
        name = exchange.name or ""
        event = EVENTS.get(name)
        if exchange.status < 400:
            event = event or (OF_CHANGES[name] if exchange.of_change else None)
            unrecorded = UNRECORDED_SUCCESS
            if exchange.person is None:
                unrecorded |= UNRECORDED_OF_NOBODY
            if event is not None and event not in unrecorded and not exchange.is_bare:
                self.add(_entry(event, "success", exchange))
        elif event is not None or exchange.status in REFUSALS or exchange.code == BUSY:
            # What a refused request says of a statement was not looked at.
            self._refuse(_entry(event or REQUEST, "failure", exchange))

    def refused_connection(self, status: int, client: str, request_id: str) -> None:
        """Record what a connection refused by itself, before any application was asked."""
        code, _ = REFUSALS_BEFORE[status]
        self._refuse(
            SecurityLine(
                _now(), CONNECTION, "failure", code, status, request_id, client, None, None, 1
            )
        )

    def add(self, entry: SecurityLine) -> None:
        """Queue a line, or count it as dropped."""
        with self._lock:
            if len(self._queue) >= MAX_QUEUED:
                self.dropped += 1
                self._unsaid += 1
                return
            self._queue.append(entry)
        self._worker.wake()

    def _refuse(self, entry: SecurityLine) -> None:
        """Add a refusal to those like it of the same second."""
        key = (entry.client, entry.person, entry.event, entry.code, entry.route)
        is_member = entry.person is not None
        with self._lock:
            found = self._refusals.get(key)
            if found is not None:
                found.count += 1
                return
            if self._lines[is_member] >= self._most[is_member]:
                self._suppressed += 1
                return
            if not self._refusals:
                self._since_s = time.monotonic()
            self._refusals[key] = entry
            self._lines[is_member] += 1
        self._worker.wake()

    # --- writing -------------------------------------------------------------------------------

    @property
    def queued(self) -> int:
        """How many lines wait to be written."""
        return len(self._queue) + len(self._refusals)

    def warnings(self) -> list[str]:
        """Return why the record is not written; nothing if it is."""
        trouble = self._worker.trouble
        return [] if trouble is None else [f"the security record is not written: {trouble}"]

    def start(self) -> None:
        """Write in a thread of its own."""
        self._worker.start()

    def stop(self) -> None:
        """End the thread and write what is left."""
        self._worker.stop()
        try:
            self._write(everything=True)
        except LedgerError as error:
            _log.error("%d lines of the security record are lost: %s", self.queued, error)

    def _turn(self) -> None:
        self._write()
        self._worker.wait(SECOND_S if self._refusals else IDLE_S)

    def _write(self, *, everything: bool = False) -> None:
        """Write what is queued, and the refusals of a second that is over.

        Raises UnavailableError `storage_failed`; everything is still there then.
        """
        with self._lock:
            if everything or time.monotonic() - self._since_s >= SECOND_S:
                self._end_second()
            entries = [*self._queue]
            unsaid = self._unsaid
        if unsaid:
            entries.append(_count_of(DROPPED, unsaid))
        if not entries:
            return
        try:
            self._sink([_encode(entry) + b"\n" for entry in entries])
        except OSError as error:
            raise UnavailableError("storage_failed", f"{error.strerror or error}") from error
        with self._lock:
            self._unsaid -= unsaid
            for _ in range(len(entries) - bool(unsaid)):
                self._queue.popleft()
            self.written += len(entries)
        if unsaid:
            _log.warning("%d lines of the security record were dropped", unsaid)

    def _end_second(self) -> None:
        room = MAX_QUEUED - len(self._queue)
        kept = [*self._refusals.values()]
        if self._suppressed:
            kept.append(_count_of(SUPPRESSED, self._suppressed))
        self._queue.extend(kept[:room])
        lost = len(kept) - min(room, len(kept))
        self.dropped += lost
        self._unsaid += lost
        self._refusals.clear()
        self._lines = {True: 0, False: 0}
        self._suppressed = 0


def open_record(path: Path | None, team: Team = ALONE) -> SecurityRecord:
    """Return the record in a file, or on standard error for None.

    Raises MalformedError `setting_invalid` for a file that cannot be written, ConflictError
    `file_is_link` for a symbolic link.
    """
    if path is None:
        return SecurityRecord(_to_standard_error, team)
    try:
        private_files.ensure(path)
    except OSError as error:
        detail = f"LEDGER_SECURITY_LOG is a file that can be written, or stderr: {error}"
        raise MalformedError("setting_invalid", detail) from error
    return SecurityRecord(BoundedFile(path, max_bytes=MAX_FILE_BYTES).append, team)


def record_command(path: Path | None, event: str) -> None:
    """Record what an operator's command did, at once, beside a server that may run.

    A record that cannot be written is told in the log: what the command did is done.
    """
    record = open_record(path)
    record.add(SecurityLine(_now(), event, "success", OK, None, None, None, None, None, 1))
    record.stop()


def _entry(event: str, outcome: SecurityOutcome, exchange: Exchange) -> SecurityLine:
    succeeded = outcome == "success"
    return SecurityLine(
        time=_now(),
        event=event,
        outcome=outcome,
        code=exchange.code,
        status=exchange.status,
        request_id=exchange.request_id,
        client=exchange.client,
        person=exchange.person,
        route=exchange.name,
        count=1,
        position=exchange.position if succeeded else None,
        statement=exchange.statement if succeeded else None,
        mode=exchange.mode if succeeded else None,
    )


def _count_of(event: str, count: int) -> SecurityLine:
    return SecurityLine(_now(), event, "failure", event, None, None, None, None, None, count)


def _now() -> str:
    return clock.to_text(time.time_ns() // 1_000_000)


def _to_standard_error(lines: Sequence[bytes]) -> None:
    sys.stderr.buffer.write(b"".join(lines))
    sys.stderr.buffer.flush()
