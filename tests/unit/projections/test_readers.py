"""Given statements for some, when somebody asks, then only what they may read is there."""

import itertools
import sqlite3
from typing import Any

import pytest

from ledger.domain import readers as rule
from ledger.domain.document import parse_document
from ledger.domain.readers import Reader
from ledger.domain.vocabulary import ReadBy
from projections import readers, statements, timeline
from tests.support.readers import AUDITOR
from tests.support.story import Story, time_at

ROLES: tuple[tuple[str, ...], ...] = (
    ("creator",),
    ("investor",),
    ("administrator",),
    ("auditor",),
    ("legal",),
    ("creator", "legal"),
    (),
)


class World(Story):
    """People with different roles, and statements for every kind of audience."""

    def __init__(self) -> None:
        super().__init__()
        self.users: list[str] = []
        for number, roles in enumerate(ROLES):
            user = self.person(f"Person {number}", "guest")
            self.end_role(user, "guest")
            for role in roles:
                self.grant(user, role)
            self.users.append(user)
        one, two = self.users[1], self.users[6]
        policies: list[dict[str, Any]] = [
            {"threshold": 1, "of": [f"user:{one}"]},
            {"threshold": 1, "of": ["role:investor", "role:legal"]},
            {"threshold": 1, "of": [f"user:{one}"], "veto": ["role:administrator", f"user:{two}"]},
            {"steps": [{"threshold": 1, "of": [f"user:{one}"]}] * 2},
        ]
        named: list[dict[str, Any]] = [
            {},
            {"readers": []},
            {"readers": [f"user:{two}"]},
            {"readers": ["role:legal", "role:investor"]},
        ]
        self.drafted: dict[str, tuple[ReadBy, bytes]] = {}
        who: tuple[ReadBy, ...] = ("everyone", "participants")
        for policy, members, read_by in itertools.product(policies, named, who):
            for creator in (self.users[0], self.users[5]):
                id_ = self.draft(creator, "Series A", policy, read_by, **members)
                self.approve(one, id_)
                document = self.events_at([self.head() - 1])[0].event.body
                self.drafted[id_] = (read_by, document.document.encode())  # type: ignore[union-attr]  # a draft

    def may_read(self, reader: Reader) -> list[str]:
        """Return what the rule lets a person read, the newest first."""
        found = [
            id_
            for id_, (read_by, raw) in self.drafted.items()
            if rule.audience(parse_document(raw), read_by).may_read(reader)
        ]
        return found[::-1]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def listed(db: sqlite3.Connection, reader: Reader, **conditions: Any) -> list[str]:
    """Return every statement of a list, from pages of three."""
    found: list[str] = []
    cursor = None
    while True:
        page = statements.page(
            db, reader, at=10_000, now=time_at(0), limit=3, cursor=cursor, **conditions
        )
        found += [each.id for each in page.items]
        if page.next is None:
            return found
        cursor = page.next


CONDITIONS: list[dict[str, Any]] = [{}, {"status": "pending"}, {"q": "series"}]


@pytest.mark.parametrize("number", range(len(ROLES)))
def test_every_query_returns_what_the_rule_lets_a_person_read(world: World, number: int) -> None:
    db, user = world.views(), world.users[number]
    reader = readers.of(db, user)
    assert reader.roles == frozenset(ROLES[number])
    expected = world.may_read(reader)
    for conditions in CONDITIONS:
        assert listed(db, reader, **conditions) == expected, conditions
    for id_ in world.drafted:
        asked = (db, world, id_, reader)
        is_there = id_ in expected
        assert (statements.by_id(*asked, at=10_000, now=time_at(0)) is not None) == is_there
        assert (statements.find(db, id_, reader, at=10_000) is not None) == is_there
        events = timeline.page(db, reader, at=10_000, limit=9, stream=id_).items
        assert len(events) == (2 if is_there else 0)
    everything = timeline.page(db, reader, at=10_000, limit=10_000).items
    told = {each.statement_id for each in everything} - {None}
    assert told == set(expected)
    of_people = [each for each in everything if each.statement_id is None]
    # The story tells the names of its people after everything else.
    assert len(of_people) == world.head() - 2 * len(world.drafted) + len(world.users)


def test_a_person_who_is_not_in_the_read_models_yet_reads_what_is_for_everyone(
    world: World,
) -> None:
    nobody = readers.of(world.views(), "00000000-0000-4000-8000-00000000dead")
    expected = world.may_read(nobody)
    assert len(expected) == len(world.drafted) // 2
    assert listed(world.views(), nobody) == expected
    told = timeline.page(world.views(), nobody, at=10_000, limit=10_000).items
    assert {each.statement_id for each in told} - {None} == set(expected)


def test_a_person_with_very_many_roles_reads_the_same(world: World) -> None:
    user = world.users[4]
    many = Reader(user, frozenset({"legal", *(f"role-{n}" for n in range(200))}))
    few = Reader(user, frozenset({"legal"}))
    assert listed(world.views(), many) == listed(world.views(), few) == world.may_read(few)


def test_a_role_that_ended_opens_nothing_and_a_new_one_opens_the_whole_history() -> None:
    story = Story()
    alice, bob = story.person("Alice", "creator"), story.person("Bob", "investor")
    carol = story.person("Carol", "creator")
    drafted = story.draft(alice, policy={"threshold": 1, "of": ["role:investor"]})
    then = story.head()
    story.grant(carol, "investor")
    story.end_role(bob, "investor")
    db = story.views()
    found = {
        user: statements.by_id(db, story, drafted, readers.of(db, user), at=then, now=time_at(then))
        for user in (alice, bob, carol)
    }
    assert [user for user, each in found.items() if each is not None] == [alice, carol]


def test_a_newer_version_that_one_may_not_read_is_not_named() -> None:
    story = Story()
    alice, bob = story.person("Alice", "creator"), story.person("Bob", "investor")
    policy = {"threshold": 1, "of": [f"user:{bob}"]}
    first = story.draft(alice, policy=policy)
    rules = {"threshold": 1, "of": ["role:legal"]}
    second = story.draft(alice, policy=rules, supersedes=first, earlier="pending")
    story.supersede(first, second)
    db, at = story.views(), story.head()
    shown = [
        statements.by_id(db, story, first, readers.of(db, user), at=at, now=time_at(at))
        for user in (alice, bob)
    ]
    assert [each and each.superseded_by for each in shown] == [second, None]
    assert [each and [v.id for v in each.versions] for each in shown] == [[first, second], [first]]


def test_nobody_takes_part_in_a_statement_by_the_role_of_an_auditor(world: World) -> None:
    db = world.views()
    numbers = [item.position for item in timeline.page(db, AUDITOR, at=10_000, limit=10_000).items]
    assert len(readers.readable(db, AUDITOR, numbers)) == len(world.drafted)
    assert len(readers.foreign(db, AUDITOR, numbers)) == len(world.drafted)
    creator = readers.of(db, world.users[0])
    mine = readers.readable(db, creator, numbers) - readers.foreign(db, creator, numbers)
    assert len(mine) == len(world.drafted) // 2


def test_the_newest_that_a_person_may_read_come_from_indexes_in_order(world: World) -> None:
    db, user = world.views(), world.users[5]
    reader = readers.of(db, user)
    sql, names = readers.newest(reader)
    given = {"below": 10_000, "at": 10_000, "now": time_at(0)} | readers.given(db, reader) | names
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", given)]
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN statement") for step in plan)
    used = {step.split("INDEX ")[1].split(" ")[0] for step in plan if "INDEX" in step}
    assert used >= {"statement_for_everyone", "statement_by_creator", "statement_by_member"}
