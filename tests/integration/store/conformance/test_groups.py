"""Groups: streams join them, leave them, and join again."""

from uuid import UUID

from ledger.store.ports.log import LogStore, Membership, Needs, Stale
from tests.support.writes import positions, write

ONE, TWO = UUID(int=1), UUID(int=2)


def test_a_stream_that_left_a_group_is_no_member_until_it_joins_again(store: LogStore) -> None:
    group, needs = "role/investor", [Needs(groups=("role/investor",))]
    store.append([write(joins=((group, ONE), (group, TWO)))])
    counted = write(groups=((group, 1),))
    left, stale = store.append([write(leaves=((group, ONE),)), counted])
    assert (positions([left]), stale) == ([2], Stale())
    (facts,) = store.load(needs)
    assert facts.groups == {group: Membership(2, frozenset({TWO}))}
    store.append([write(joins=((group, ONE),))])
    (facts,) = store.load(needs)
    assert facts.groups == {group: Membership(3, frozenset({ONE, TWO}))}
