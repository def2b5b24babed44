"""What is left of a told log once its erasures have destroyed the bodies that they name."""

from collections.abc import Sequence
from contextlib import suppress

from ledger.domain import erasure, events
from ledger.domain.entry import cut, is_erased, join
from ledger.domain.erasure import StatedErasure
from ledger.domain.events import ErasedEvent, Event
from ledger.errors import LedgerError
from ledger.verify.auditor import Auditor


def without_erased(states: Sequence[bytes]) -> list[bytes]:
    """Return the stored states after the erasures that they state."""
    left = [*states]
    for state in states:
        body = events.decode(state).body
        if isinstance(body, StatedErasure):
            for position in body.positions:
                left[position - 1] = join(cut(states[position - 1])[0], b"")
    return left


def replayed(states: Sequence[bytes]) -> Auditor:
    """Return an auditor of a whole log after these states; raise as it does."""
    auditor = Auditor()
    known = [events.read(state) for state in states]
    auditor.erasures = erasure.stated(each for each in known if isinstance(each, events.Event))
    for position, state in enumerate(states, start=1):
        add = auditor.add_erased if is_erased(state) else auditor.add
        add(position, state)
    auditor.finish()
    return auditor


def audit(stored: list[tuple[int, bytes, bytes]]) -> Auditor:
    """Return the auditor after the complete log, or raise its error."""
    auditor = informed(stored)
    for row in stored:
        take(auditor, row)
    auditor.finish()
    return auditor


def informed(stored: list[tuple[int, bytes, bytes]]) -> Auditor:
    """Return an auditor that has seen nothing yet, and knows what this log states of erasures."""
    auditor, known = Auditor(), list[Event]()
    for _, state, _ in stored:
        with suppress(LedgerError):  # the auditor refuses it, or passes an erased one
            known.append(events.decode(state))
    auditor.erasures = erasure.stated(known)
    return auditor


def take(auditor: Auditor, row: tuple[int, bytes, bytes]) -> Event | ErasedEvent:
    """Have an auditor check the next row, with its body or without."""
    add = auditor.add_erased if is_erased(row[1]) else auditor.add
    return add(*row)
