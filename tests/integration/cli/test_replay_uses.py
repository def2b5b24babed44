"""`ledger replay` shows the uses of a statement, with what was reported of each."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.domain import events
from ledger.store.sqlite.store import SqliteLog
from tests.support.chronicle import statement_id
from tests.support.event_names import positions
from tests.support.every_event import every_type
from tests.support.writes import stored, write

STORY = every_type()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose log tells every type of event."""
    data = tmp_path_factory.mktemp("data")
    with closing(SqliteLog(data / "log.sqlite")) as store:
        for event, state in zip(STORY.events, STORY.states, strict=True):
            one = stored(event.stream, event.version, state, tag=event.body.TAG)
            moved = events.memberships([event])
            joins, leaves = (
                [each for each in moved if moved[each] is is_in] for is_in in (True, False)
            )
            store.append(
                [write(event.stream, events=(one,), joins=tuple(joins), leaves=tuple(leaves))]
            )
    return data


def test_uses_are_shown_with_their_outcomes_as_of_a_position(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = statement_id(6)
    asked = ["replay", "--data", str(ledger), "--statement", order]
    assert main([*asked, "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)["statements"]
    uses = [(u["number"], u["generation"], u["outcome"], u["freed"]) for u in shown["uses"]]
    assert uses == [(1, 1, "not-done", True), (1, 2, "done", False)]
    first = positions(STORY)["statement-6 statement-used"]
    assert main([*asked, "--at", str(first)]) == 0
    assert "use 1 by “Bob”: no outcome" in capsys.readouterr().out
