"""Two trails are read at once, and each turn is for one part."""

import pytest

from ledger.http import questions, trail
from ledger.http.turns import Turns


@pytest.mark.parametrize(("turns", "count"), [(trail.TURNS, 2), (questions.TURNS, 1)])
def test_so_many_parts_of_an_answer_are_read_at_once(turns: Turns, count: int) -> None:
    assert turns.count == count
