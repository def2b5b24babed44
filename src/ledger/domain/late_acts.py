"""Late acts: what people signed in a part of the log that a restore lost, recorded again. Pure.

A restore from before an erasure has the bodies again, and the change that erased them is among what
was lost. The people of governance signed that change, and their signatures still say what they
wanted. So the change is recorded again directly after the restore: its draft and its approvals, as
people sent them. These acts are *late*: each is decided as of the time that it states, by what the
ledger kept, as if nothing had been lost. Nobody records an older signature in this way: a late act
is signed after the newest event that was kept, and before the restore. Nothing but erasures is
recorded late. An erasure is the one effect that nothing later can have taken back.
"""

from collections.abc import Sequence

import msgspec

from ledger import clock
from ledger.domain import acts
from ledger.domain.acts import parse_act, stated_act
from ledger.domain.approval import parse_approval
from ledger.domain.changes.evidence_items import EraseName, EraseStatement
from ledger.domain.changes.items import Item
from ledger.domain.charter import Charter
from ledger.domain.events import Body, StatementDrafted, StatementSigned
from ledger.errors import ConflictError, RefusedError

LateAct = StatementDrafted | StatementSigned


def is_late(body: Body) -> bool:
    """Tell whether an event records a late act."""
    return isinstance(body, LateAct) and body.late is not msgspec.UNSET


def signed_ms(body: LateAct) -> int:
    """Return the time that a late act states, in milliseconds.

    Raises as `parse_act`, `stated_act` and `parse_approval`; RefusedError `iat_stale` without one.
    """
    iat: int | None
    if isinstance(body, StatementDrafted):
        iat = stated_act(parse_act(body.act), acts.Draft).iat
    else:
        iat = parse_approval(body.jws).header.iat
    if iat is None:
        raise RefusedError("iat_stale", "a late act states when it was signed")
    return iat * 1000


def late_signed_at(body: Body) -> str | None:
    """Return when a late act was signed, None for any other event; raise as `signed_ms`."""
    late = isinstance(body, LateAct) and body.late is not msgspec.UNSET
    return clock.to_text(signed_ms(body)) if isinstance(body, LateAct) and late else None


def told_late(signed_at: str) -> str:
    """Return what the trail, answers and timelines say of a late act, in words."""
    return f"recorded late, after a restore; signed {signed_at}"


def as_if_nothing_was_lost(charter: Charter) -> Charter:
    """Return the charter without its last restore, which lost the acts."""
    past, losses = charter.restorations[:-1], charter.losses[:-1]
    return msgspec.structs.replace(charter, restorations=past, losses=losses)


def require_late(charter: Charter, at_ms: int, *, kept_at: str) -> None:
    """Require that an act was signed between the newest kept event and the restore after it.

    `kept_at` is that event's time. Raises RefusedError `iat_stale`.
    """
    restored_ms, kept_ms = clock.to_ms(charter.restorations[-1].at), clock.to_ms(kept_at)
    if not kept_ms - clock.SKEW_MS <= at_ms <= restored_ms:
        detail = "a late act is signed between the newest event that was kept and the restore"
        raise RefusedError("iat_stale", detail)


def require_erasing(items: Sequence[Item] | None) -> None:
    """Raise ConflictError `late_refused` unless these are items of a change that only erases."""
    if items is None or not all(isinstance(each, EraseStatement | EraseName) for each in items):
        raise ConflictError("late_refused", "only a change that erases, and nothing else, is late")
