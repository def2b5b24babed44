"""How long a code's passkey waits under a charter that sets the wait, and one that shortens it."""

from collections.abc import Callable
from typing import Any

import msgspec

from ledger.domain.events import PasskeyAdded
from tests.support.changes import set_charter, values
from tests.vectors.recovery_codes.lost import Lost

DAY_MS = 86_400_000
WEEK = values("open", recovery_wait=7 * DAY_MS)
Step = Callable[[Lost], None]


def lengthen(told: Lost) -> None:
    """Let recoveries wait for a week."""
    told.change(told.ada, 3, set_charter(WEEK, values("open")))


def shorten(told: Lost) -> None:
    """Let recoveries wait for 24 hours again."""
    told.change(told.ada, 4, set_charter(values("open"), WEEK))


def lengthen_again(told: Lost) -> None:
    """Let recoveries wait for a week, and for 24 hours again."""
    told.change(told.ada, 5, set_charter(WEEK, values("open")))
    told.change(told.ada, 6, set_charter(values("open"), WEEK))


def spell_out(told: Lost) -> None:
    """Let recoveries wait for 24 hours, in a charter that says so."""
    told.change(told.ada, 4, set_charter(values("open", recovery_wait=DAY_MS), WEEK))


def recovering(wait_ms: int) -> Callable[[Lost], PasskeyAdded]:
    """Return the passkey of a code that works so much later."""
    return lambda told: msgspec.structs.replace(told.recovery(), active_from=told.later(wait_ms))


def recover(wait_ms: int) -> Step:
    def told_so(told: Lost) -> None:
        told.tell(told.ivy.user, recovering(wait_ms)(told))

    return told_so


def waiting(ms: int) -> Step:
    return lambda told: told.wait(ms)


def _after(*steps: Step, last: Callable[[Lost], Any]) -> Step:
    def told_so(told: Lost) -> None:
        told.set()
        for step in steps:
            step(told)
        told.last(last(told))

    return told_so


TOLD_MS = 1000  # how long after an event the next one is told
REST_MS = 7 * DAY_MS - TOLD_MS  # what is left of a week after the change that shortened it

WAITS: dict[str, tuple[Step, str | None]] = {
    "a code under a wait of a week": (_after(lengthen, last=recovering(7 * DAY_MS)), None),
    "a code under a wait of a week that works after 24 hours": (
        _after(lengthen, last=recovering(DAY_MS)),
        "decision_mismatch",
    ),
    "a code just after the wait was shortened": (
        _after(lengthen, shorten, last=recovering(REST_MS)),
        None,
    ),
    "a code just after the wait was shortened that works after 24 hours": (
        _after(lengthen, shorten, last=recovering(DAY_MS)),
        "decision_mismatch",
    ),
    "a code five days after the wait was shortened": (
        _after(lengthen, shorten, waiting(5 * DAY_MS), last=recovering(REST_MS - 5 * DAY_MS)),
        None,
    ),
    "a code a week after the wait was shortened": (
        _after(lengthen, shorten, waiting(7 * DAY_MS), last=recovering(DAY_MS)),
        None,
    ),
    "a code after the wait was shortened, lengthened and shortened": (
        _after(lengthen, shorten, waiting(DAY_MS), lengthen_again, last=recovering(REST_MS)),
        None,
    ),
    "a key by a passkey whose wait was lengthened meanwhile": (
        _after(recover(DAY_MS), lengthen, waiting(DAY_MS), last=Lost.attestation),
        None,
    ),
    "a key by a passkey whose wait was shortened meanwhile": (
        _after(lengthen, recover(7 * DAY_MS), shorten, waiting(DAY_MS), last=Lost.attestation),
        "passkey_waiting",
    ),
    "a code under a wait that was set again at once to 24 hours": (
        _after(lengthen, spell_out, last=recovering(REST_MS)),
        None,
    ),
}
