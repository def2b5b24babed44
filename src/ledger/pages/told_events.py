"""Events in the words of the reader's language; programs get the English ones."""

import sqlite3
from collections.abc import Iterable

from ledger.domain.event_words import event_sentence
from ledger.domain.readers import Reader
from ledger.pages.texts import composed
from projections import timeline
from projections.timeline import TimelineItem


def told_events(
    db: sqlite3.Connection, events: Iterable[TimelineItem], reader: Reader
) -> dict[int, str]:
    """Return what happened, one sentence for each event, by position."""
    found = timeline.facts(db, [each.position for each in events], reader)
    return {position: event_sentence(each, composed) for position, each in found.items()}
