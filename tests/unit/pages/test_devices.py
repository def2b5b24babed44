"""The cards of signing keys on the account page."""

import pytest

from ledger.http.languages import speaking
from ledger.pages.devices import browser_words, key_cards
from ledger.store.ports.operations import DeviceNote
from projections import users
from tests.support.story import Story, time_at

ALICE = "00000000-0000-0002-0000-000000000002"
NOTES = {
    "kid:key-2": DeviceNote("Firefox on Linux", "Laptop"),
    "kid:key-3": DeviceNote("Safari on Mac"),
}


@pytest.fixture
def story() -> Story:
    told = Story()
    told.person("Alice", "creator")
    told.key(ALICE, "key-2", "passkey-Alice")  # 5
    told.key(ALICE, "key-3", "passkey-Alice")  # 6
    told.revoke(ALICE, "key-3")  # 7
    return told


def cards(story: Story, now: str) -> list[tuple[str, str, bool, bool]]:
    db = story.views()
    me = users.by_id(db, ALICE, at=7, now=now)
    assert me is not None
    shown = key_cards(db, me, NOTES, at=7, now=now)
    return [(card.kid, card.title, card.is_live, card.is_old) for card in shown]


def test_keys_that_work_come_first_and_are_called_by_label_browser_or_what_they_are(
    story: Story,
) -> None:
    assert cards(story, time_at(7)) == [
        ("key-2", "Laptop", True, False),
        ("key-Alice", "Signing key", True, False),
        ("key-3", "Safari on Mac", False, False),
    ]


def test_a_key_that_works_is_old_after_a_year(story: Story) -> None:
    later = time_at(7).replace("2026", "2027")
    assert later != time_at(7)
    assert [old for *_, old in cards(story, later)] == [True, True, False]


def test_a_browser_is_named_in_the_language_of_the_page() -> None:
    assert browser_words("Firefox on Linux") == "Firefox on Linux"
    assert [browser_words(each) for each in ("Another program", "")] == ["", ""]
    with speaking("de"):
        assert browser_words("Safari on Mac") == "Safari unter Mac"
        assert browser_words("no such form") == "no such form"
