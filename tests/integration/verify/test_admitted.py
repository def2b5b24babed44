"""Evidence of somebody whom the operator let in: reports, the replay and the trail say so."""

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.audit.replay import fold
from ledger.audit.selection import Selection
from ledger.audit.source import RowFilter
from ledger.audit.trail import Trail
from ledger.cli.replay import to_text
from ledger.store.engines import audited_log
from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from ledger.verify.report_words import told_limits
from tests.support.chronicle import Chronicle
from tests.support.comebacks import admitted_story, returned_story
from tests.support.dossier import APPROVED, bundle_of, log_signer
from tests.support.kept_log import keep

TOLD = admitted_story()


def replayed(told: Chronicle, path: Path) -> tuple[dict[str, Any], str, list[str]]:
    """Return the people of a replay by name, its text, and the trail's sentences."""
    keep(told, path)
    with closing(audited_log(str(path)).open()) as rows:
        world = fold(rows, rows.newest(), time=None, statement=None, decide=True)
        said = [line.summary for line in Trail(rows).lines()]
    people = {each["name"]: each for each in msgspec.to_builtins(world)["people"]}
    return people, to_text(world, None), said


def test_the_replay_and_the_trail_say_whom_the_operator_let_in(tmp_path: Path) -> None:
    people, text, said = replayed(TOLD, tmp_path / "log.sqlite")
    by = {name: each["admittedBy"] for name, each in people.items()}
    assert by == {"Dave": None, "Alice": None, "Eve": "operator"}
    (line,) = (each for each in text.splitlines() if "let in by the operator" in each)
    assert line.startswith("  “Eve” (administrator), 1 of 1 keys active, let in by the operator")
    assert "“Eve” registered as administrator, let in by the operator" in said
    assert "“Alice” registered as creator" in said
    (approved,) = (each for each in said if " approved " in each)
    assert approved.startswith("“Eve” (let in by the operator) approved “")


def test_the_trail_says_whom_the_operator_let_in_where_it_begins_with_their_name(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.sqlite"
    keep(TOLD, path)
    for wanted in (RowFilter(after=14), RowFilter(tags=("user-named.v1", "statement-signed.v1"))):
        with closing(audited_log(str(path)).open()) as rows:
            said = [line.summary for line in Trail(rows).lines(Selection(wanted))]
        assert "“Eve” registered under this name" in said
        assert said[-1].startswith("“Eve” (let in by the operator) approved “")


def test_the_replay_says_who_came_back_by_a_change(tmp_path: Path) -> None:
    people, text, _ = replayed(returned_story(), tmp_path / "log.sqlite")
    since = people["Bob"]["reEnrolledAt"]
    assert f"1 of 2 keys active, re-enrolled {since}" in text


@pytest.mark.parametrize("mode", ["statement", "redacted", "full"])
def test_each_decision_of_somebody_whom_the_operator_let_in_says_so(mode: Mode) -> None:
    raw = bundle_of(TOLD.states, mode, APPROVED)
    found = verify(raw, expected_keys=[log_signer().key], now_ms=TOLD.time.ms)
    assert found.verdict == "verified"
    ((decided,),) = (shown.decisions for shown in found.statements)
    assert (decided.name, decided.admitted_by) == ("Eve", "operator")
    assert told_limits(decided) == ", person let in by the operator"
