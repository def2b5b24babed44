"""A person's keys and passkeys as devices: what was added lately, what each one signed.

It has no tables of its own: it asks those of keys, people, decisions and the timeline. A person's
stream number is the position of their registration; their first passkey and key are the next two.
"""

import sqlite3
from collections.abc import Mapping

import msgspec

from ledger.domain.event_words import event_sentence
from ledger.domain.events import Body, RecoveryCodesSet, kid_of
from ledger.domain.readers import Reader
from projections import timeline
from projections.facts import OPEN, LogReader
from projections.losses import LAST
from projections.passkeys import COMPLETE, FROM, LIVE
from projections.questioned import key_number
from projections.timeline import TellEvent, TimelineItem
from projections.users import KEY_IN_FORCE

# A person's newest events that one page looks through.
MOST_LOOKED_AT = 1_000
_FIRST = 2  # positions after the registration


class Added(msgspec.Struct, frozen=True):
    """A key (`kid:…`) or passkey (`passkey:…`) that was added to an account, and when."""

    reference: str
    at: str


class HeldPasskey(msgspec.Struct, frozen=True):
    """A passkey of a person, live or removed, with its end and the date of a compromise."""

    position: int
    removed_at: str | None
    compromised_since: str | None


class SignedWith(msgspec.Struct, frozen=True):
    """What a key or passkey signed, the newest first; `all_seen` if no older event was left out."""

    items: list[TimelineItem]
    all_seen: bool


def added_since(
    db: sqlite3.Connection, person: int, since: str, *, at: int, now: str
) -> list[Added]:
    """Return the live keys and passkeys that were added later than a time, the newest first.

    What came with the registration is not among them, and no passkey of a recovery that waits.
    """
    rows = db.execute(
        "SELECT 'kid:' || k.kid, k.position, k.at FROM signing_key k WHERE k.user = :person"  # noqa: S608
        f" AND k.position >= :first AND k.at > :since AND {KEY_IN_FORCE.format(row='k')}"
        " UNION ALL SELECT 'passkey:' || p.credential_id, p.position, p.at FROM passkey p"
        " WHERE p.user = :person AND p.position >= :first AND p.at > :since"
        f" AND {LIVE.format(row='p')} ORDER BY 2 DESC",
        {"person": person, "first": person + _FIRST + 1, "at": at, "now": now, "since": since},
    )
    return [Added(reference, time) for reference, _, time in rows]


def signatures(db: sqlite3.Connection, person: int, *, at: int) -> tuple[dict[int, int], bool]:
    """Return how many decisions each key signed, by `key_number`, and whether that is all.

    It counts among the person's newest events only.
    """
    rows = db.execute(
        "SELECT d.key, count(*) FROM (SELECT position, stream FROM timeline WHERE actor = :person"
        " AND position <= :at ORDER BY position DESC LIMIT :most) t"
        " JOIN decision d ON d.statement = t.stream AND d.position = t.position GROUP BY d.key",
        {"person": person, "at": at, "most": MOST_LOOKED_AT},
    )
    found: dict[int, int] = dict(rows.fetchall())
    return found, len(_acts(db, person, since="", at=at, most=MOST_LOOKED_AT + 1)) <= MOST_LOOKED_AT


def signatures_of(counts: Mapping[int, int], kid: str) -> int:
    """Return the count of one key."""
    return counts.get(key_number(kid), 0)


def signed_with(  # noqa: PLR0913  # the reader, besides what is asked for
    db: sqlite3.Connection,
    log: LogReader,
    reader: Reader,
    reference: str,
    *,
    person: int,
    since: str,
    at: int,
    tell: TellEvent = event_sentence,
) -> SignedWith:
    """Return what a key or passkey of a person signed or confirmed from a time on.

    What they may no longer read is left out. `tell` writes the summaries.
    """
    positions = _acts(db, person, since=since, at=at, most=MOST_LOOKED_AT + 1)
    looked_at = positions[:MOST_LOOKED_AT]
    kind, _, name = reference.partition(":")
    used = [
        each.position
        for each in log.events_at(looked_at)
        if name
        in (_passkeys_of(each.event.body) if kind == "passkey" else _keys_of(each.event.body))
    ]
    return SignedWith(timeline.items(db, used, reader, tell), len(positions) <= MOST_LOOKED_AT)


def _acts(db: sqlite3.Connection, person: int, *, since: str, at: int, most: int) -> list[int]:
    rows = db.execute(
        "SELECT position FROM timeline WHERE actor = ? AND position <= ? AND at >= ?"
        " ORDER BY position DESC LIMIT ?",
        (person, at, since, most),
    )
    return [position for (position,) in rows]


def _keys_of(body: Body) -> tuple[str, ...]:
    # A key's own attestation is signed by it too, and is not what somebody did with it.
    return () if "possession" in body.MEANING.evidence else (kid_of(body),)


def _passkeys_of(body: Body) -> tuple[str, ...]:
    used = (getattr(body, name, None) for name in ("assertion", "confirmation"))
    return tuple(each.credential_id for each in used if each is not None)


def has_codes(db: sqlite3.Connection, person: int, *, at: int, now: str) -> bool:
    """Tell whether a person made recovery codes, since what ended older ones.

    That is a re-enrolment, or a loss.
    """
    row = db.execute(
        "SELECT 1 FROM timeline WHERE stream = :person AND position <= :at AND type = :type"  # noqa: S608
        f" AND at >= coalesce((SELECT max({FROM}) FROM passkey e WHERE e.user = :person"
        f" AND {COMPLETE}), '')"
        f" AND position > {LAST}",
        {
            "person": person,
            "at": at,
            "now": now,
            "type": timeline.TYPES.index(RecoveryCodesSet.TAG),
        },
    ).fetchone()
    return row is not None


def passkey(
    db: sqlite3.Connection, person: int, credential_id: str, *, at: int, now: str
) -> HeldPasskey | None:
    """Return a person's passkey as of a position; None if they never had it."""
    row = db.execute(
        "SELECT position, removed, (SELECT min(since) FROM compromise c WHERE c.user = p.user"  # noqa: S608
        " AND c.subject = 'passkey:' || p.credential_id AND c.position <= :at),"
        f" (SELECT min({FROM}) FROM passkey e WHERE e.user = p.user AND {COMPLETE}"
        f" AND e.position <> p.position AND p.at < {FROM})"
        " FROM passkey p WHERE credential_id = :id AND user = :person AND position <= :at",
        {"id": credential_id, "person": person, "at": at, "now": now},
    ).fetchone()
    if row is None:
        return None
    position, removed, since, re_enrolled_at = row
    ended = removed != OPEN and removed <= at
    ended_at = timeline.time_of(db, removed) if ended else re_enrolled_at
    return HeldPasskey(position, ended_at, since)
