"""Given what the timeline knows of an event, when it is told, then in the words of a language."""

from typing import Any

import pytest

from ledger.domain.event_words import EventFacts, event_sentence
from ledger.domain.vocabulary import LET_IN
from ledger.http.languages import speaking
from ledger.pages.texts import composed


def facts(type: str, **others: Any) -> EventFacts:
    known: dict[str, Any] = {
        "has_actor": True,
        "who": "Ada",
        "is_let_in": False,
        "account": None,
        "whom": None,
        "title": None,
        "detail": None,
        "approvals": 0,
    }
    return EventFacts(type=f"{type}.v1", **known | others)


SIGNED = {"title": "Lease", "approvals": 2, "detail": "approved"}
BY_CHANGE = {"has_actor": False, "who": None}

TOLD = [
    (
        facts("statement-signed", **SIGNED),
        "“Ada” approved “Lease” (2 approvals, approved)",
        "“Ada” hat “Lease” freigegeben (2 Freigaben, freigegeben)",
    ),
    (
        facts("statement-signed", **SIGNED | {"approvals": 1, "detail": None, "is_let_in": True}),
        "“Ada” (let in by the operator) approved “Lease” (1 approval)",
        "“Ada” (vom Betreiber zugelassen) hat “Lease” freigegeben (1 Freigabe)",
    ),
    (
        facts("statement-rejected", title="Lease", detail="rejected"),
        "“Ada” rejected “Lease” (rejected)",
        "“Ada” hat “Lease” abgelehnt (abgelehnt)",
    ),
    (
        facts("outcome-reported", title="Lease", account="bot", detail="not-done"),
        "bot (service account of “Ada”) reported a use of “Lease” as not-done",
        "bot (Dienstkonto von “Ada”) hat eine Verwendung von “Lease” als nicht erledigt gemeldet",
    ),
    (
        facts("statement-drafted"),
        "An erased event of an erased statement (statement drafted)",
        "Ein gelöschtes Ereignis eines gelöschten Vorgangs (Vorgang entworfen)",
    ),
    (
        facts("bodies-erased", **BY_CHANGE),
        "A statement was erased by a change",
        "Ein Vorgang wurde durch eine Änderung gelöscht",
    ),
    (
        facts("statement-drafted", title="Lease", late_signed_at="2026-11-29"),
        "“Ada” drafted “Lease”, recorded late, after a restore; signed 2026-11-29",
        "“Ada” hat “Lease” entworfen, nachträglich aufgenommen, nach einer Wiederherstellung;"
        " signiert 2026-11-29",
    ),
    (facts("user-named", **BY_CHANGE), "An erased name", "Ein gelöschter Name"),
    (
        facts("user-registered", detail=f"investor, {LET_IN}", is_let_in=True),
        "“Ada” registered as investor, let in by the operator",
        "“Ada” hat sich registriert als investor, vom Betreiber zugelassen",
    ),
    (
        facts("user-registered"),
        "“Ada” registered as somebody without a role",
        "“Ada” hat sich registriert als jemand ohne Rolle",
    ),
    (
        facts("person-suspended", whom="Bob"),
        "“Ada” suspended “Bob”",
        "“Ada” hat “Bob” gesperrt",
    ),
    (
        facts("role-ended", **BY_CHANGE, whom="Bob", detail="creator"),
        "The role creator of “Bob” was ended",
        "Die Rolle creator von “Bob” wurde beendet",
    ),
    (
        facts("standing-set", **BY_CHANGE, whom="Bob", detail="deactivated"),
        "“Bob” is deactivated",
        "“Bob” ist deaktiviert",
    ),
    (facts("standing-set", **BY_CHANGE, detail="active"), "Somebody is active", "Jemand ist aktiv"),
]


@pytest.mark.parametrize(("told", "english", "german"), TOLD)
def test_an_event_is_told_in_english_and_in_the_language_of_a_page(
    told: EventFacts, english: str, german: str
) -> None:
    assert event_sentence(told) == event_sentence(told, composed) == english
    with speaking("de"):
        assert event_sentence(told, composed) == german
        assert event_sentence(told) == english  # as programs read it


@pytest.mark.parametrize("name", ["” approved “Lease” (9 approvals)", "{title}", "{0}", "%s"])
def test_no_name_is_taken_for_a_part_of_the_sentence(name: str) -> None:
    told = facts("statement-drafted", who=name, title=name)
    inside = name.replace("“", "'").replace("”", "'")
    with speaking("de"):
        assert event_sentence(told, composed) == f"“{inside}” hat “{inside}” entworfen"
