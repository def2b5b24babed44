"""Groups: streams join them, leave them, and join again."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from ledger.store.ports.log import AppendResult, Membership, Needs, Receipt, Stale
from ledger.store.sqlite.store import SqliteLog
from tests.support.writes import write

ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(tmp_path / "log.sqlite")
    yield opened
    opened.close()


def positions(outcomes: list[AppendResult]) -> list[int]:
    assert all(isinstance(outcome, Receipt) for outcome in outcomes), outcomes
    return [outcome.position for outcome in outcomes if isinstance(outcome, Receipt)]


def test_a_stream_that_left_a_group_is_no_member_until_it_joins_again(store: SqliteLog) -> None:
    group, needs = "role/investor", [Needs(groups=("role/investor",))]
    store.append([write(joins=((group, ONE), (group, TWO)))])
    counted = write(groups=((group, 1),))
    left, stale = store.append([write(leaves=((group, ONE),)), counted])
    assert (positions([left]), stale) == ([2], Stale())
    (facts,) = store.load(needs)
    assert facts.groups == {group: Membership(2, frozenset({TWO}))}
    assert store.members() == {ONE, TWO}  # everybody who was a member once
    store.append([write(joins=((group, ONE),))])
    (facts,) = store.load(needs)
    assert facts.groups == {group: Membership(3, frozenset({ONE, TWO}))}
