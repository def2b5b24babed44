"""What a change may erase, and what erasing it records. Pure.

The bodies of a statement's events are erased, all of them or none; of a deactivated person, the
body of the event that names them. The entries stay. Erased evidence decides nothing: how the
statement stood is then what the erasing event states, and no decision rests on a name.
"""

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain.charter import Charter
from ledger.domain.document import Document
from ledger.domain.epochs import precedes_loss
from ledger.domain.events import (
    BodiesErased,
    Effect,
    ErasedEvent,
    Event,
    NameErased,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementSuperseded,
    StatementWithdrawn,
    StatementWithdrawnByChange,
    UserNamed,
)
from ledger.domain.person_state import Person
from ledger.domain.statement import Statement, without_bodies
from ledger.domain.usable import uses_left
from ledger.domain.vocabulary import Status
from ledger.errors import ConflictError, CorruptError


class Erasing(NamedTuple):
    """What an erasure depends on besides the state of what it erases.

    `positions` are those of the events of the statement or person so far, and `versions` the
    statements that are to replace a statement. `stated` is the event of an erasure that comes
    later in the log, whose evidence is gone.
    """

    positions: tuple[int, ...] = ()
    versions: tuple[Statement, ...] = ()
    stated: "StatedErasure | None" = None


StatedErasure = BodiesErased | NameErased
NAMED = 4  # the version of the event that names a person: the last one of the registration


def of_name(change: str, known: Person, found: Erasing) -> NameErased:
    """Return the erasure of a person's name by a change.

    Raises ConflictError `change_no_effect` if it is erased, and `not_erasable` unless the person is
    deactivated.
    """
    if known.name_erased_by is not None:
        raise ConflictError("change_no_effect", "the name is erased already")
    if known.standing != "deactivated":
        raise not_erasable("the person is not deactivated")
    return NameErased(change, found.positions[NAMED - 1 : NAMED])


def of_statement(
    change: str, subject: Statement, found: Erasing, rules: Charter, *, now_ms: int
) -> BodiesErased:
    """Return the erasure of a statement by a change.

    Raises ConflictError `change_no_effect` if it is erased, and `not_erasable` for a change, for a
    statement that is pending or that another one is to replace, and while a use is left.
    """
    if subject.erased_by is not None:
        raise ConflictError("change_no_effect", "the statement is erased already")
    if subject.is_erased and isinstance(
        found.stated, BodiesErased
    ):  # nobody can recompute how it stood
        return BodiesErased(change, found.positions, found.stated.status, found.stated.successor)
    if subject.items is not None:
        raise not_erasable("a change stays, because its effects rest on it")

    def status_of(each: Statement) -> str:
        stopped = rules.stops(each.type, each.drafted_at)
        return each.status_at(now_ms, stopped=stopped)

    if status_of(subject) == "pending":
        raise not_erasable("the statement is pending")
    if any(status_of(each) == "pending" for each in found.versions) and not subject.superseded_by:
        raise not_erasable("a version that is to replace the statement is pending")
    if _has_use_left(subject, rules, now_ms):
        raise not_erasable("a use of the statement is left")
    status = subject.status_at(now_ms, stopped=rules.stops(subject.type, subject.drafted_at))
    return BodiesErased(change, found.positions, status, subject.superseded_by)


def may_be_after(status: Status, now: Status) -> bool:
    """Tell whether a loss can have changed how a statement stands from one status to another.

    What was pending before the lost part has ended, and a version that superseded it is lost. So a
    late change cannot state anything else of what nobody can read any more.
    """
    return now == "expired" or (status, now) == ("superseded", "approved")


def _has_use_left(subject: Statement, rules: Charter, now_ms: int) -> bool:
    usable = subject.usable
    if usable is None or subject.status != "approved":
        return False
    if precedes_loss(subject.drafted_at, rules.losses):  # they are void
        return False
    ended = usable.until is not None and clock.to_ms(usable.until) <= now_ms
    return not ended and uses_left(usable.times, subject.uses) > 0


def not_erasable(why: str) -> ConflictError:
    """Return the error for what no change erases."""
    return ConflictError("not_erasable", f"a change cannot erase this: {why}")


# --- erased evidence -----------------------------------------------------------------------------


def stated(events: Iterable[Event]) -> dict[UUID, StatedErasure]:
    """Return what these events state of erasures, by stream."""
    return {each.stream: each.body for each in events if isinstance(each.body, StatedErasure)}


def erased_positions(events: Iterable[Event]) -> dict[UUID, frozenset[int]]:
    """Return the positions that these events state as erased, by stream."""
    return {stream: frozenset(body.positions) for stream, body in stated(events).items()}


def is_unknown(subject: Statement | None) -> bool:
    """Tell whether a statement's evidence is gone, at a position before its erasure."""
    return subject is not None and subject.is_erased and subject.erased_by is None


def as_stated(subject: Statement, drafted: StatementDrafted, at: str) -> Statement:
    """Return an erased statement as the draft of a version states it, which supersedes it.

    The draft copies its digest and policy, and the log stated its status.
    """
    named = msgspec.json.decode(drafted.document, type=Document).supersedes
    if named is None or drafted.earlier is None:
        raise CorruptError("event_misplaced", "the draft supersedes nothing")
    return msgspec.structs.replace(
        subject,
        creator=drafted.creator,
        sha256=named.sha256,
        policy=named.policy,
        status=drafted.earlier,
        drafted_at=at,
        ends_ms=clock.to_ms(at) + 1,
        is_erased=False,
    )


# --- erased events, in the order of the log ------------------------------------------------------


def require_stated(stated: Container[int], position: int) -> None:
    """Raise CorruptError `body_missing` unless an erasure states the position."""
    if position not in stated:
        raise CorruptError("body_missing", "the body is missing, and no change erased it")


def without_due(due: tuple[Effect, ...], event: ErasedEvent) -> tuple[Effect, ...]:
    """Return the effects still due after an erased event; if any was due, it must be the first.

    Raises CorruptError `effects_missing`.
    """
    if due and (due[0].stream, due[0].body.TAG) != (event.stream, event.tag):
        raise CorruptError("effects_missing", "what the last event brings about is missing")
    return due[1:]


def next_erased(known: Statement | None, event: ErasedEvent, *, has_begun: bool) -> Statement:
    """Return the statement after an erased event; raise CorruptError `event_misplaced`.

    Raises CorruptError `version_gap` if it does not follow the erased events before it.
    """
    begins = event.tag == StatementDrafted.TAG
    if begins != (event.version == 1) or (begins and has_begun):
        raise CorruptError("event_misplaced", "a stream must begin once, with its draft")
    version = 0 if known is None else known.version
    if event.version != version + 1 or (known is not None and not is_unknown(known)):
        raise CorruptError("version_gap", f"version {event.version} follows {version}")
    return without_bodies(event)


def next_unnamed(known: Person, event: ErasedEvent) -> Person:
    """Return the person after the erased event that named them, which ends their registration.

    Raises CorruptError `event_misplaced`.
    """
    due = (UserNamed.TAG, NAMED, NAMED - 1)
    if (event.tag, event.version, known.version) != due:
        raise CorruptError("event_misplaced", "of a person, only the name is erased")
    return msgspec.structs.replace(known, version=event.version)


def require_passed(body: BodiesErased, passed: Sequence[tuple[int, str]]) -> None:
    """Require that an erasure names the events before it, by position and type, and no others.

    Another part of an audit passes them if they do not begin with the draft. Raises CorruptError
    `erasure_mismatch`.
    """
    if not passed or passed[0][1] != StatementDrafted.TAG:
        return
    if body.positions != tuple(position for position, _ in passed):
        detail = "the erasure names other positions than the events without a body"
        raise CorruptError("erasure_mismatch", detail)
    require_possible(body, tuple(tag for _, tag in passed))


# --- what entries say ----------------------------------------------------------------------------

_WITHDRAWN = (StatementWithdrawn.TAG, StatementWithdrawnByChange.TAG)


def require_possible(body: BodiesErased, tags: tuple[str, ...]) -> None:
    """Raise CorruptError `erasure_mismatch` unless the erased events can lead to what it states.

    `tags` are the types of the erased events, in order, which their entries say.
    """
    last = tags[-1] if tags else ""
    superseded = StatementSuperseded.TAG in tags
    possible = {
        "approved": StatementSigned.TAG in tags and not superseded,
        "rejected": StatementRejected.TAG in tags and last not in _WITHDRAWN and not superseded,
        "withdrawn": last in _WITHDRAWN,
        "superseded": superseded,
        "expired": last not in _WITHDRAWN and not superseded,
    }
    begins = tags[:1] == (StatementDrafted.TAG,)
    if not begins or not possible.get(body.status, False):
        detail = f"events of these types do not lead to a statement that is {body.status}"
        raise CorruptError("erasure_mismatch", detail)
    if (body.successor is not None) != superseded:
        raise CorruptError("erasure_mismatch", "the erasure states another successor")
