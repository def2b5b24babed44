"""A loss in the views: what it stops, voids and ends, and what people do after it."""

import sqlite3
from contextlib import closing
from typing import Literal
from uuid import UUID

import pytest

from ledger.domain import events
from ledger.domain.charter import STREAM
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.ledger_acts import KeptTree
from ledger.domain.passkey import AssertionEvidence
from ledger.pages.words import progress_sentence
from projections import (
    acceptances,
    devices,
    facts,
    inbox,
    invitations,
    keys,
    passkeys,
    statements,
    users,
    views,
)
from projections.statements import StatementDetail
from projections.users import User
from tests.support.links import link_key
from tests.support.readers import AUDITOR
from tests.support.story import CHANGE, Story, time_at

ALICE = "00000000-0000-0002-0000-000000000002"
PERSON = 2  # the position of her registration
LATER = time_at(100)
WAITS = {"threshold": 1, "of": [f"user:{ALICE}"]}
USABLE = {"by": [f"user:{ALICE}"], "times": 1}
SHOWN = AssertionEvidence("passkey-Alice", "c", "a", "s")


@pytest.fixture
def story() -> Story:
    told = Story()
    assert told.person("Alice", "administrator") == ALICE
    return told  # 4 events


def lose(story: Story, lost: Literal["unknown"] | None = "unknown") -> int:
    kept = KeptTree(story.head(), "00" * 32)
    return story.tell(
        STREAM,
        events.LedgerRestored(1, kept, lost, "ledger/1", (), "A disk failed.", "restore"),
    )


def reaffirm(story: Story, kid: str = "key-Alice") -> int:
    body = events.KeyReaffirmed(kid, kid, f"act-{story.head() + 1}", SHOWN, 1)
    return story.tell(UUID(ALICE), body)


def alice(story: Story, at: int) -> User:
    found = users.by_id(story.views(), ALICE, at=at, now=LATER)
    assert found is not None
    return found


def test_a_loss_stops_every_key_until_it_is_reaffirmed(story: Story) -> None:
    story.key(ALICE, "key-2", "passkey-Alice")  # 5
    lose(story)  # 6
    story.key(ALICE, "key-3", "passkey-Alice")  # 7
    reaffirm(story)  # 8
    before, lost, after = (alice(story, at) for at in (5, 6, 8))
    assert (before.kids, before.unaffirmed) == (["key-Alice", "key-2"], [])
    assert (lost.kids, lost.unaffirmed) == ([], ["key-Alice", "key-2"])
    assert (after.kids, after.unaffirmed) == (["key-Alice", "key-3"], ["key-2"])
    assert after.credential_ids == ["passkey-Alice"]


def test_a_key_says_whether_it_waits_has_ended_or_was_revoked(story: Story) -> None:
    story.key(ALICE, "key-2", "passkey-Alice", expires_at=time_at(30))  # 5
    approved = story.draft(ALICE)  # 6
    story.approve(ALICE, approved)  # 7
    lose(story)  # 8
    reaffirm(story)  # 9
    story.revoke(ALICE, "key-Alice")  # 10

    def statuses(at: int, now: str) -> list[str]:
        found = keys.of_user(story.views(), ALICE, at=at, now=now)
        return [each.status for each in found if each.kid in ("key-Alice", "key-2")]

    assert statuses(7, time_at(7)) == ["active", "active"]
    assert statuses(8, time_at(8)) == ["waiting", "waiting"]
    assert statuses(9, time_at(9)) == ["active", "waiting"]
    assert statuses(9, time_at(30)) == ["active", "expired"]
    assert statuses(10, time_at(10)) == ["revoked", "waiting"]


def test_a_restore_that_lost_nothing_stops_nothing(story: Story) -> None:
    lose(story, None)
    assert (alice(story, 5).kids, alice(story, 5).unaffirmed) == (["key-Alice"], [])


def test_the_next_loss_stops_a_reaffirmed_key_again(story: Story) -> None:
    lose(story)
    reaffirm(story)
    lose(story)  # 7
    assert alice(story, 7).unaffirmed == ["key-Alice"]


def test_a_loss_ends_what_waits_and_the_open_link(story: Story) -> None:
    story.passkey(ALICE, "by-code", active_from=time_at(50))  # 5
    opened = events.ReEnrolmentOpened(CHANGE, link_key("link").jwk, LATER)
    story.tell(UUID(ALICE), opened)  # 6
    lose(story)  # 7
    db = story.views()
    assert alice(story, 6).credential_ids == ["passkey-Alice", "by-code"]
    assert alice(story, 7).credential_ids == ["passkey-Alice"]
    assert alice(story, 7).recovering == []
    assert passkeys.open_link(db, PERSON, at=6, now=time_at(6)) is not None
    assert passkeys.open_link(db, PERSON, at=7, now=time_at(7)) is None


def test_a_loss_voids_codes_and_acceptances(story: Story) -> None:
    codes = events.RecoveryCodesSet((), "key-Alice", "codes", SHOWN, 1)
    story.tell(UUID(ALICE), codes)  # 5
    digest = policy_digest(FOUNDING)
    accepted = events.GovernanceAccepted(digest, None, "key-Alice", "accept", SHOWN, 1)
    story.tell(UUID(ALICE), accepted)  # 6
    lose(story)  # 7
    story.tell(UUID(ALICE), events.GovernanceAccepted(digest, None, "k", "again", SHOWN, 1))  # 8
    db = story.views()
    has_codes = [devices.has_codes(db, PERSON, at=at, now=LATER) for at in (6, 7)]
    assert has_codes == [True, False]
    counting = [bool(acceptances.accepted(db, digest, at=at)) for at in (6, 7, 8)]
    assert counting == [True, False, True]


def test_a_loss_voids_open_invitations(story: Story) -> None:
    invited = events.InvitationIssued(CHANGE, "one", "investor", link_key("one").jwk, LATER)
    story.tell(STREAM, invited)  # 5
    lose(story)  # 6
    story.tell(
        STREAM, events.InvitationIssued(CHANGE, "two", "investor", link_key("two").jwk, LATER)
    )
    states = {
        at: [
            each.state
            for each in invitations.page(story.views(), at=at, now=time_at(9), limit=9).items
        ]
        for at in (5, 6, 7)
    }
    assert states == {5: ["open"], 6: ["void"], 7: ["open", "void"]}


@pytest.mark.parametrize("first", [6, 7])
def test_a_late_approval_approves_what_a_loss_ended_in_one_batch_or_in_two(
    story: Story, first: int
) -> None:
    change = story.draft(ALICE, "Erases", policy=WAITS)  # 5
    lose(story)  # 6
    story.approve(ALICE, change, "approved")  # 7
    db = sqlite3.connect(":memory:", isolation_level=None)
    views.prepare(db)
    streams = facts.Streams()
    with closing(db):
        for rows in (story.read(0, first), story.read(first, 9)):
            batch = facts.decode(db, streams, rows)
            for view in views.VIEWS if rows else ():
                view.fold(db, batch)
        views.complete(db)
        found = statements.by_id(db, story, change, AUDITOR, at=7, now=time_at(9))
    assert found is not None
    assert (found.status, found.final_at) == ("approved", time_at(7))


def test_a_loss_ends_what_waits_for_approval_and_voids_the_uses_that_were_left(
    story: Story,
) -> None:
    before = story.draft(ALICE, "Before", policy=WAITS, usable=USABLE)  # 5
    lose(story)  # 6
    after = story.draft(ALICE, "After", policy=WAITS, usable=USABLE)  # 7
    db = story.views()

    def shown(name: str, at: int) -> StatementDetail:
        found = statements.by_id(db, story, name, AUDITOR, at=at, now=time_at(9))
        assert found is not None
        return found

    states = [(each.status, each.uses_left) for each in (shown(before, 5), shown(before, 6))]
    assert states == [("pending", 1), ("expired", 0)]
    assert (shown(after, 7).status, shown(after, 7).uses_left) == ("pending", 1)
    ended = shown(before, 7)
    assert (ended.final_at, ended.precedes_loss) == (time_at(6), True)
    assert "lost entries" in progress_sentence(ended)
    waiting = inbox.page(db, user_id=ALICE, at=7, now=time_at(9), limit=9).items
    assert [each.id for each in waiting] == [after]
