"""A re-enrolment in the views: what it ends from which time on, and its link."""

from uuid import UUID

import pytest

from ledger.clock import to_ms
from ledger.domain import events
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person, evolve, settled
from ledger.domain.policy import Policy
from projections import devices, keys, passkeys, users
from projections.outlook import able
from projections.passkeys import OpenLink, Recovering
from projections.users import User
from tests.support.links import link_key
from tests.support.story import CHANGE, Story, time_at

ALICE = "00000000-0000-0002-0000-000000000002"
PERSON = 2  # the position of her registration
LATER = time_at(100)
NEW = "passkey-new"


@pytest.fixture
def story() -> Story:
    told = Story()
    assert told.person("Alice", "creator") == ALICE
    return told  # 4 events


def alice(story: Story, at: int, now: str) -> User:
    found = users.by_id(story.views(), ALICE, at=at, now=now)
    assert found is not None
    return found


def re_enrol(story: Story, starts: str, *, needs_admission: bool = False) -> int:
    return story.passkey(
        ALICE, NEW, active_from=starts, re_enrols=True, needs_admission=needs_admission
    )


def admit(story: Story) -> int:
    return story.tell(UUID(ALICE), events.PasskeyAdmitted(CHANGE, NEW))


def cancel(story: Story, recovery: str = f"passkey:{NEW}") -> int:
    body = events.RecoveryCancelled(
        user=ALICE,
        recovery=recovery,
        by=ALICE,
        kid="key",
        act=f"act-{story.head() + 1}",
        assertion=AssertionEvidence("passkey", "c", "a", "s"),
        sign_count=1,
    )
    return story.tell(UUID(ALICE), body)


def test_until_its_passkey_works_everything_goes_on_and_is_announced(story: Story) -> None:
    re_enrol(story, LATER)  # 5
    before = alice(story, 5, time_at(99))
    assert before.credential_ids == ["passkey-Alice", NEW]
    assert before.kids == ["key-Alice"]
    assert before.recovering == [Recovering(NEW, LATER, re_enrols=True, needs_admission=False)]
    assert before.re_enrolled_at is None
    shown = users.recovering(story.views(), at=5, now=time_at(99), limit=9)
    assert [each.id for each in shown] == [ALICE]


def test_from_then_on_everything_older_has_ended(story: Story) -> None:
    re_enrol(story, LATER)  # 5
    story.passkey(ALICE, "passkey-meanwhile")  # 6
    story.key(ALICE, "key-meanwhile", "passkey-Alice")  # 7
    after = alice(story, 7, LATER)
    assert (after.credential_ids, after.kids, after.recovering) == ([NEW], [], [])
    assert after.re_enrolled_at == LATER
    assert users.recovering(story.views(), at=7, now=LATER, limit=9) == []
    db = story.views()
    assert passkeys.positions(db, [PERSON], at=7, now=LATER) == [5]
    assert passkeys.positions(db, [PERSON], at=7, now=LATER, also_ended=True) == [3, 5, 6]
    ended = [(key.status, key.revoked_at) for key in keys.of_user(db, ALICE, at=7, now=LATER)]
    assert ended == [("revoked", LATER)] * 2
    old = devices.passkey(db, PERSON, "passkey-Alice", at=7, now=LATER)
    assert old is not None
    assert old.removed_at == LATER
    new = devices.passkey(db, PERSON, NEW, at=7, now=LATER)
    assert new is not None
    assert new.removed_at is None


def test_what_comes_later_stays(story: Story) -> None:
    re_enrol(story, time_at(6))  # 5
    story.key(ALICE, "key-new", NEW)  # 6, at the very moment
    assert alice(story, 6, time_at(6)).kids == ["key-new"]
    shown = keys.of_user(story.views(), ALICE, at=6, now=LATER)
    assert [key.status for key in shown] == ["revoked", "active"]


def test_a_suspension_ends_with_it_and_a_later_one_does_not(story: Story) -> None:
    story.suspend(ALICE, by=ALICE)  # 5
    open_link(story, "one")  # 6
    re_enrol(story, time_at(9))  # 7
    assert alice(story, 7, time_at(8)).standing == "suspended"
    assert alice(story, 7, time_at(9)).standing == "active"
    story.tell(UUID(int=1), events.RoleDefined(CHANGE, "legal"))  # 8
    story.set_standing(ALICE, "suspended")  # 9
    assert alice(story, 9, LATER).standing == "suspended"


@pytest.mark.parametrize("redeemed_first", [False, True])
def test_a_suspension_after_the_link_was_opened_does_not_end_with_it(
    story: Story, redeemed_first: bool
) -> None:
    open_link(story, "one")  # 5
    if redeemed_first:
        re_enrol(story, time_at(9))
    story.suspend(ALICE, by=ALICE)
    if not redeemed_first:
        re_enrol(story, time_at(9))
    assert alice(story, 7, LATER).standing == "suspended"
    assert alice(story, 7, LATER).re_enrolled_at == time_at(9)


def test_a_deactivation_does_not_end(story: Story) -> None:
    re_enrol(story, time_at(9))  # 5
    story.set_standing(ALICE, "deactivated")  # 6
    assert alice(story, 6, LATER).standing == "deactivated"


def test_a_cancelled_one_ends_nothing(story: Story) -> None:
    re_enrol(story, LATER)  # 5
    cancel(story)  # 6
    after = alice(story, 6, time_at(200))
    assert (after.credential_ids, after.kids) == (["passkey-Alice"], ["key-Alice"])
    assert after.re_enrolled_at is None
    assert alice(story, 5, time_at(200)).re_enrolled_at == LATER  # as of before


def test_the_end_of_its_passkey_brings_nothing_back(story: Story) -> None:
    re_enrol(story, time_at(6))  # 5
    story.passkey(ALICE, "passkey-spare")  # 6
    story.remove_passkey(ALICE, NEW)  # 7
    after = alice(story, 7, LATER)
    assert (after.credential_ids, after.re_enrolled_at) == (["passkey-spare"], time_at(6))


def test_one_that_needs_an_admission_waits_for_it(story: Story) -> None:
    re_enrol(story, time_at(6), needs_admission=True)  # 5
    waiting = Recovering(NEW, time_at(6), re_enrols=True, needs_admission=True)
    assert alice(story, 5, LATER).recovering == [waiting]
    assert alice(story, 5, LATER).kids == ["key-Alice"]
    admit(story)  # 6
    assert alice(story, 6, LATER).re_enrolled_at == time_at(6)
    assert alice(story, 5, LATER).re_enrolled_at is None


def test_a_late_admission_ends_what_came_before_it(story: Story) -> None:
    re_enrol(story, time_at(5), needs_admission=True)  # 5
    story.key(ALICE, "key-2", "passkey-Alice")  # 6
    admit(story)  # 7
    story.key(ALICE, "key-new", NEW)  # 8
    after = alice(story, 8, LATER)
    assert (after.kids, after.re_enrolled_at) == (["key-new"], time_at(7))


def test_an_early_admission_waits_for_the_time(story: Story) -> None:
    re_enrol(story, LATER, needs_admission=True)  # 5
    admit(story)  # 6
    assert alice(story, 6, time_at(99)).kids == ["key-Alice"]
    waiting = Recovering(NEW, LATER, re_enrols=True, needs_admission=False)
    assert alice(story, 6, time_at(99)).recovering == [waiting]
    assert alice(story, 6, LATER).kids == []


def test_somebody_with_nothing_but_the_passkey_that_waits_cannot_act(story: Story) -> None:
    story.remove_passkey(ALICE, "passkey-Alice")  # 5
    story.revoke(ALICE, "key-Alice")  # 6
    re_enrol(story, LATER)  # 7
    rules = policy_of_creators()
    shown = [able(story.views(), rules, decided=0, at=7, now=now) for now in (time_at(99), LATER)]
    assert [[*each] for each in shown] == [[], [ALICE]]


def policy_of_creators() -> Policy:
    return Policy(threshold=1, of=("role:creator",))


def open_link(story: Story, name: str, ends: str = LATER) -> int:
    body = events.ReEnrolmentOpened(CHANGE, link_key(name).jwk, ends)
    return story.tell(UUID(ALICE), body)


def test_a_link_is_open_until_it_is_used_replaced_cancelled_or_expires(story: Story) -> None:
    kids = [link_key(name).kid for name in ("one", "two", "three")]
    open_link(story, "one")  # 5
    open_link(story, "two")  # 6
    cancel(story, f"kid:{kids[1]}")  # 7
    open_link(story, "three")  # 8
    re_enrol(story, LATER)  # 9
    shown = [
        passkeys.open_link(story.views(), PERSON, at=at, now=time_at(9)) for at in range(4, 10)
    ]
    one, two, three = (OpenLink(kid, LATER) for kid in kids)
    assert shown == [None, one, two, None, three, None]
    assert passkeys.open_link(story.views(), PERSON, at=8, now=LATER) is None


def test_the_views_say_what_the_states_say(story: Story) -> None:
    re_enrol(story, time_at(8), needs_admission=True)  # 5
    story.suspend(ALICE, by=ALICE)  # 6
    story.passkey(ALICE, "passkey-code", active_from=time_at(9))  # 7
    admit(story)  # 8
    story.key(ALICE, "key-new", NEW)  # 9
    story.passkey(ALICE, "passkey-3", active_from=time_at(12), re_enrols=True)  # 10
    story.key(ALICE, "key-3", NEW)  # 11
    state: Person | None = None
    told = {each.position: each.event for each in story.events_at(range(1, 12))}
    for at in range(2, 12):
        state = evolve(state, told[at])
        for now in (time_at(at), time_at(8), time_at(9), time_at(12), LATER):
            if now >= time_at(at):
                check(alice(story, at, now), settled(state, to_ms(now)), to_ms(now))


def check(shown: User, state: Person, now_ms: int) -> None:
    held = [each for each in state.passkeys.values() if not each.removed]
    assert shown.credential_ids == [each.credential_id for each in held]
    waiting = [each.credential_id for each in held if each.waits(now_ms)]
    assert [each.credential_id for each in shown.recovering] == waiting
    assert shown.kids == [each.kid for each in state.keys.values() if not each.revoked]
    assert (shown.standing, shown.re_enrolled_at) == (state.standing, state.re_enrolled_at)
