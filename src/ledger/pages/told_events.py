"""Events in the words of the reader's language; programs get the English ones."""

from ledger.domain.event_words import EventFacts, event_sentence
from ledger.pages.texts import composed


def told_event(told: EventFacts) -> str:
    """Return what happened, in one sentence: the `tell` of pages that list events."""
    return event_sentence(told, composed)
