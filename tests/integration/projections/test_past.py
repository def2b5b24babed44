"""What the views answer: about the past as about the present, and page by page."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from projections import inbox, keys, statements, timeline, users
from projections.follower import Follower, Views
from projections.paging import Page
from tests.support.random_story import random_story
from tests.support.readers import AUDITOR
from tests.support.story import Story, time_at


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Views]:
    opened = Views(tmp_path / "views.sqlite")
    yield opened
    opened.close()


def all_of(ask: Callable[[str | None], Page[Any]]) -> list[Any]:
    """Return the items of all pages of a list."""
    items: list[Any] = []
    cursor = None
    while True:
        page = ask(cursor)
        items += page.items
        cursor = page.next
        if cursor is None:
            return items


def answers(db: sqlite3.Connection, story: Story, at: int) -> dict[str, Any]:
    """Return what every query of every view answers at a position."""
    now = timeline.time_of(db, at)
    people = all_of(lambda cursor: users.page(db, at=at, now=now, limit=2, cursor=cursor))
    everything: dict[str, Any] = {"now": now, "users": people, "jwks": keys.jwk_set(db, at=at)}
    for user in people:
        everything[f"keys {user.name}"] = keys.of_user(db, user.id, at=at, now=now)
        everything[f"inbox {user.name}"] = all_of(
            lambda cursor, user=user: inbox.page(  # type: ignore[misc]  # user is bound at once
                db, user_id=user.id, at=at, now=now, limit=3, cursor=cursor
            )
        )
    conditions: list[dict[str, str]] = [
        {},
        *({"status": status} for status in STATUSES),
        *({"q": "ser", "status": status} for status in STATUSES[:2]),
        *({"creator": user.id} for user in people),
        *({"creator": user.id, "status": STATUSES[0]} for user in people),
    ]
    for condition in conditions:
        everything[f"statements {condition}"] = all_of(
            lambda cursor, condition=condition: statements.page(  # type: ignore[misc]  # as above
                db, AUDITOR, at=at, now=now, limit=3, cursor=cursor, **condition
            )
        )
    for summary in everything["statements {}"]:
        found = statements.by_id(db, story, summary.id, AUDITOR, at=at, now=now)
        jws = [*statements.shared_approvals(db, story, summary.position, at=at)]
        everything[f"statement {summary.id}"] = (found, jws)
    narrowed = [{}, {"type": "statement-signed.v1"}, *({"actor": user.id} for user in people)]
    for condition in narrowed:
        everything[f"timeline {condition}"] = all_of(
            lambda cursor, condition=condition: timeline.page(  # type: ignore[misc]  # as above
                db, AUDITOR, at=at, limit=30, cursor=cursor, **condition
            )
        )
    return everything


STATUSES = ("pending", "approved", "expired", "rejected", "withdrawn", "superseded")


def test_every_answer_about_the_past_is_what_a_view_of_only_the_past_would_say(
    opened: Views,
) -> None:
    story = random_story(130, seed=3)
    Follower(opened, story).catch_up()
    with opened.reader() as db:
        # A name is shown as it is: within a registration, a view of the past does not know it yet.
        for at in sorted({*range(story.head() + 1)} - story.registering):
            assert answers(db, story, at) == answers(story.views(at), story, at), at


def test_the_shown_statuses_are_those_that_the_events_recorded(opened: Views) -> None:
    story = random_story(300, seed=5)
    Follower(opened, story).catch_up()
    with opened.reader() as db:
        pages = {
            status: all_of(
                lambda cursor, status=status: statements.page(  # type: ignore[misc]  # as above
                    db, AUDITOR, at=300, now=time_at(300), limit=7, cursor=cursor, status=status
                )
            )
            for status in STATUSES
        }
        everything = all_of(
            lambda cursor: statements.page(
                db, AUDITOR, at=300, now=time_at(300), limit=7, cursor=cursor
            )
        )
    listed = sorted(itertools.chain.from_iterable(pages.values()), key=lambda each: -each.position)
    assert listed == everything
    assert all(item.status == status for status, items in pages.items() for item in items)
    assert all(pages.values())


def test_paging_finds_every_statement_once_while_new_ones_are_drafted(opened: Views) -> None:
    story = Story()
    alice = story.person("Alice", "creator")
    drafted = [story.draft(alice) for _ in range(25)]
    follower = Follower(opened, story)
    found: list[str] = []
    cursor = None
    for _ in range(20):
        follower.catch_up()
        with opened.reader() as db:
            at = opened.position(db)
            page = statements.page(db, AUDITOR, at=at, now=time_at(at), limit=3, cursor=cursor)
        found += [item.id for item in page.items]
        cursor = page.next
        if cursor is None:
            break
        story.draft(alice)
    assert found == drafted[::-1]


def test_answers_encode_in_the_names_of_the_http_reference(opened: Views) -> None:
    story = Story()
    alice, bob = story.person("Alice", "creator"), story.person("Bob", "investor")
    drafted = story.draft(alice, "Series A")
    story.approve(bob, drafted)
    Follower(opened, story).catch_up()
    with opened.reader() as db:
        shown = statements.by_id(db, story, drafted, AUDITOR, at=9, now=time_at(9))
        key = keys.by_kid(db, story, "key-Bob", at=9, now=time_at(9))
        page = timeline.page(db, AUDITOR, at=9, limit=1)
    assert sorted(msgspec.to_builtins(shown)) == STATEMENT_MEMBERS
    assert sorted(msgspec.to_builtins(key)) == KEY_MEMBERS
    assert [*msgspec.to_builtins(page)] == ["items", "next", "position"]


STATEMENT_MEMBERS = sorted(
    "id title creator createdAt status approvals rejections needed inQuestion expiresAt sha256"
    " position changedPosition document content policy readBy readers supersedes supersededBy"
    " finalAt decisions earlierDecisions progress outlook type versions replaced"
    " replacedProgress usable uses usesLeft precedesLoss account lateSignedAt".split()
)
KEY_MEMBERS = sorted(
    "kid user jwk credentialId home status attestedAt position revokedAt revokedPosition"
    " compromisedSince expiresAt attestation".split()
)
