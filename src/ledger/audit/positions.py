"""Positions that somebody asks for, as positions or as times.

A time selects a position only if times do not decrease there: on a log whose times go back there is
no right answer, and none is given.
"""

from typing import NamedTuple

from ledger import clock
from ledger.audit.source import AuditedLog
from ledger.errors import CorruptError, MalformedError, NotFoundError


class Period(NamedTuple):
    """The events after a position, up to another one; none if `last` is not later."""

    after: int
    last: int


def find_position(rows: AuditedLog, asked: str | None) -> tuple[int, str | None]:
    """Return the requested position, and the time if a time was requested.

    A time selects the last entry that is not later. Raises MalformedError `time_invalid` or
    `position_future`; NotFoundError `position_unknown` for position 0 or a time before the first
    entry; CorruptError `time_backwards` if times decrease, so that no position is the right one.
    """
    newest = rows.newest()
    if asked is None or not _is_time(asked):
        position = newest if asked is None else int(asked[:19])
        if position > newest:
            raise MalformedError("position_future", f"the newest position is {newest}")
        if position == 0:
            raise NotFoundError("position_unknown", "positions start at 1")
        return position, None
    time = clock.from_rfc3339(asked)
    found = _until(rows, time)
    if found == 0:
        raise NotFoundError("position_unknown", "the log had no entry at that time")
    return found, time


def find_period(rows: AuditedLog, first: str | None, last: str | None) -> Period:
    """Return the period between two positions or times, both included; each may be left out.

    A period between two times can have no event. Raises MalformedError `period_invalid` for one
    that ends before it begins; and as `find_position`, but for a time before the first entry.
    """
    if last is None:
        end = rows.newest()
    elif _is_time(last):
        end = _until(rows, clock.from_rfc3339(last))
    else:
        end = find_position(rows, last)[0]
    after = 0 if first is None else _before(rows, first)
    if first is not None and last is not None:
        both = _is_time(first) and _is_time(last)
        ordered = clock.from_rfc3339(first) <= clock.from_rfc3339(last) if both else after < end
        if not ordered:
            raise MalformedError("period_invalid", "the period ends before it begins")
    return Period(after, end)


def _before(rows: AuditedLog, first: str) -> int:
    """Return the position before the first one that is asked for."""
    if not _is_time(first):
        return find_position(rows, first)[0] - 1
    at_ms = clock.to_ms(clock.from_rfc3339(first))
    return _until(rows, clock.to_text(at_ms - 1)) if at_ms > 0 else 0


def _until(rows: AuditedLog, time: str) -> int:
    """Return the newest position that is not later than a time, 0 for none."""
    found, later = rows.at_time(time)
    if found is not None and later is not None and later < found:
        detail = f"position {later} is later than {time}, and position {found} is not"
        raise CorruptError("time_backwards", detail, position=found)
    return found or 0


def _is_time(asked: str) -> bool:
    return not (asked.isascii() and asked.isdigit())
