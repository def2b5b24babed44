"""When a mail is due: at once, or with the day's, and never in a person's quiet hours. Pure."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.store.ports.messages import Mailbox

DAILY_MINUTE = 8 * 60  # of the person's day
DAY_MINUTES = 24 * 60


def due_ms(mailbox: Mailbox, *, now_ms: int, is_urgent: bool) -> int:
    """Return when a mail that is made now is due; what is urgent is due at once."""
    if is_urgent:
        return now_ms
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(_zone(mailbox.zone))
    minute = now.hour * 60 + now.minute
    if mailbox.times == "daily":
        return _at(now, DAILY_MINUTE, now_ms)
    start, end = mailbox.quiet_from, mailbox.quiet_to
    is_quiet = start <= minute < end if start <= end else not end <= minute < start
    return _at(now, end, now_ms) if is_quiet and start != end else now_ms


def _zone(name: str) -> tzinfo:
    """Return a zone; UTC for one that the system does not have, or not any more."""
    if name == "UTC":  # a small system has no table of zones
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _at(now: datetime, minute: int, now_ms: int) -> int:
    """Return the next time at which a clock there shows this minute of a day."""
    day = now.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
    if day <= now:
        day += timedelta(days=1)
    found = day.timestamp()
    return max(round(found * 1000), now_ms)
