"""What was added to an account, and how often each key signed, as of every position."""

from uuid import UUID

import pytest

from ledger.domain.events import RecoveryCodesSet
from ledger.domain.passkey import AssertionEvidence
from projections import devices
from projections.devices import Added, HeldPasskey
from tests.support.story import Story, time_at

ALICE = "00000000-0000-0002-0000-000000000002"
PERSON = 2  # the position of her registration
NO_ONES = AssertionEvidence(
    credential_id="passkey-Alice", authenticator_data="a", client_data_json="c", signature="s"
)
ALWAYS = "2000-01-01T00:00:00.000Z"


NOW = time_at(60)


@pytest.fixture
def story() -> Story:
    told = Story()
    assert told.person("Alice", "creator") == ALICE
    return told  # 4 events


def added(story: Story, *, since: str = ALWAYS, at: int, now: str | None = None) -> list[Added]:
    now = now or time_at(at)
    return devices.added_since(story.views(), PERSON, since, at=at, now=now)


def counts(story: Story, at: int) -> tuple[list[int], bool]:
    found, is_all = devices.signatures(story.views(), PERSON, at=at)
    return [devices.signatures_of(found, kid) for kid in ("key-Alice", "key-2")], is_all


def test_what_came_with_the_registration_is_no_news(story: Story) -> None:
    assert added(story, at=4) == []


def test_keys_and_passkeys_that_were_added_later_are_news_the_newest_first(story: Story) -> None:
    story.key(ALICE, "key-2", "passkey-Alice")  # 5
    story.passkey(ALICE, "passkey-2")  # 6
    news = [Added("passkey:passkey-2", time_at(6)), Added("kid:key-2", time_at(5))]
    assert added(story, at=6) == news
    assert added(story, at=5) == news[1:]
    assert added(story, since=time_at(5), at=6) == news[:1]


def test_what_has_ended_is_no_news(story: Story) -> None:
    story.key(ALICE, "key-2", "passkey-Alice")  # 5
    story.passkey(ALICE, "passkey-2")  # 6
    story.key(ALICE, "key-3", "passkey-Alice", expires_at=time_at(8))  # 7
    story.revoke(ALICE, "key-2")  # 8
    story.remove_passkey(ALICE, "passkey-2")  # 9
    assert len(added(story, at=7)) == 3
    assert added(story, at=9) == []


def test_a_passkey_of_a_recovery_is_news_when_it_works(story: Story) -> None:
    story.passkey(ALICE, "passkey-2", active_from=time_at(9))  # 5
    story.passkey(ALICE, "passkey-3")  # 6
    assert len(added(story, at=6, now=time_at(8))) == 1
    assert len(added(story, at=6, now=time_at(9))) == 2


def test_codes_that_a_person_ever_made_are_known_from_then_on(story: Story) -> None:
    made = RecoveryCodesSet(keys=(), kid="key-Alice", act="act-5", assertion=NO_ONES, sign_count=1)
    story.tell(UUID(ALICE), made)  # 5
    known = [devices.has_codes(story.views(), PERSON, at=at, now=NOW) for at in (4, 5)]
    assert known == [False, True]
    assert devices.has_codes(story.views(), story.head(), at=5, now=NOW) is False


def test_another_persons_devices_are_no_news(story: Story) -> None:
    story.key(story.person("Bob", "investor"), "key-2", "passkey-Bob")
    assert added(story, at=8) == []


def test_each_key_has_the_number_of_decisions_that_it_signed_by_then(story: Story) -> None:
    drafted = story.draft(ALICE)  # 5
    story.key(ALICE, "key-2", "passkey-Alice")  # 6
    story.approve(ALICE, drafted, kid="key-2")  # 7
    other = story.draft(ALICE)  # 8
    story.approve(ALICE, other, kid="key-2")  # 9
    story.approve(ALICE, story.draft(ALICE), kid="key-Alice")  # 10, 11
    assert counts(story, 6) == ([0, 0], True)
    assert counts(story, 11) == ([1, 2], True)


def test_only_the_newest_acts_are_counted_and_it_says_so(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted = story.draft(ALICE)  # 5
    story.approve(ALICE, drafted, kid="key-Alice")  # 6
    other = story.draft(ALICE)  # 7
    story.approve(ALICE, other, kid="key-Alice")  # 8
    monkeypatch.setattr(devices, "MOST_LOOKED_AT", 3)
    assert counts(story, 8) == ([2, 0], False)
    monkeypatch.setattr(devices, "MOST_LOOKED_AT", 1)
    assert counts(story, 8) == ([1, 0], False)


def test_a_passkey_has_its_end_and_the_earliest_date_of_a_compromise(story: Story) -> None:
    story.passkey(ALICE, "passkey-2")  # 5
    story.declare(ALICE, "passkey:passkey-2", time_at(6))  # 6
    story.declare(ALICE, "passkey:passkey-2", time_at(5))  # 7
    found = [
        devices.passkey(story.views(), PERSON, "passkey-2", at=at, now=NOW) for at in (4, 5, 6, 7)
    ]
    assert found == [
        None,
        HeldPasskey(5, None, None),
        HeldPasskey(5, time_at(6), time_at(6)),
        HeldPasskey(5, time_at(6), time_at(5)),
    ]


def test_a_passkey_is_found_by_its_own_person_only(story: Story) -> None:
    story.person("Bob", "investor")  # 5 to 7
    assert devices.passkey(story.views(), PERSON, "passkey-Bob", at=7, now=NOW) is None
