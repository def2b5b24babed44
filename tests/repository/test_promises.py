"""Every sentence of the trust model is an entry of the register, and every promise is complete."""

import re
import subprocess
import sys

import msgspec
import pytest

from ledger import data_files
from ledger.store.sqlite import log_schema as schema
from tests.support import promises, sabotage
from tests.support.architecture import ROOT
from tests.support.promises import Limit, Promise

PROMISES, LIMITS = promises.promises(), promises.limits()
ENTRIES: list[Promise | Limit] = [*PROMISES, *LIMITS]
TEXT = promises.PAGE.read_text("utf-8")
GOOD = PROMISES[0]
ENTRY = re.compile(r"^- \*\*([PL]-\d+)\*\* (.*)$", re.MULTILINE)


def changed(**members: object) -> Promise:
    return msgspec.structs.replace(GOOD, **members)


def test_the_page_is_what_make_reference_writes() -> None:
    assert promises.rendered() == TEXT


def test_every_sentence_of_the_page_is_an_entrys() -> None:
    body = TEXT[TEXT.index("\n## ") :]
    sentences = {each.id: each.sentence for each in ENTRIES}
    assert dict(ENTRY.findall(body)) == sentences
    rest = [line for line in body.splitlines() if line and not ENTRY.match(line)]
    assert {line.split()[0] for line in rest} == {"##", "###", "*Not", "*Tests:*", "*Test:*"}


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.id)
def test_a_promise_is_complete(promise: Promise) -> None:
    assert [*promises.faults(promise)] == []


@pytest.mark.parametrize("limit", LIMITS, ids=lambda each: each.id)
def test_a_limit_is_a_sentence_and_its_test_is_there(limit: Limit) -> None:
    assert [*promises.faults_of_limit(limit)] == []


def test_every_test_that_is_named_is_one_that_pytest_finds() -> None:
    """The id of a case changes with its parameters, and its function stays."""
    named = {name for each in PROMISES for name in (each.accepted, each.refused)}
    named |= {each.shown for each in LIMITS if each.shown is not None}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", *sorted(named)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:]


def test_an_id_is_one_entrys() -> None:
    assert len({each.id for each in ENTRIES}) == len(ENTRIES)
    assert all(each.id[0] == "P" for each in PROMISES)
    assert all(each.id[0] == "L" for each in LIMITS)


def test_entries_stand_in_the_order_of_their_numbers_under_each_heading() -> None:
    for section in promises.sections():
        for entries in (section.promise, section.limit):
            assert [each.id for each in entries] == sorted(each.id for each in entries)


def test_every_table_and_file_of_the_ledger_has_an_entry() -> None:
    tables = re.findall(r"CREATE TABLE (\w+)", schema._SCHEMA)
    files = [str(name) for key, name in vars(data_files).items() if key.endswith("_FILE")]
    assert len(tables) == 11
    assert len(files) >= 8
    assert [name for name in (*tables, *files) if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize(
    "broken",
    [
        changed(id="P-1"),
        changed(about=""),
        changed(sentence="An attacker can do much. Nobody sees it."),
        changed(sentence="An attacker can do much"),
        changed(not_covered=""),
        changed(code=()),
        changed(code=("ledger.verify.auditor:Auditor.nothing",)),
        changed(code=("ledger.verify.nothing:Auditor",)),
        changed(code=("ledger.verify.auditor",)),
        changed(accepted="tests/repository/test_promises.py::test_nothing"),
        changed(refused="tests/unit/test_nothing.py::test_nothing"),
        changed(refused="src/ledger/errors.py::LedgerError"),
        changed(refused=GOOD.accepted),
    ],
)
def test_a_promise_without_its_sentence_code_or_tests_is_refused(broken: Promise) -> None:
    assert [*promises.faults(broken)] != []


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"file": "src/ledger/errors.py"}, "none of its code"),
        ({"before": "this text is nowhere"}, "has 0 times"),
        ({"before": "return"}, "times 'return'"),
        ({"after": GOOD.sabotage.before}, "changes nothing"),
        ({"after": "if ("}, "no Python"),
    ],
)
def test_a_sabotage_that_shows_nothing_is_refused(members: dict[str, str], told: str) -> None:
    edit = msgspec.structs.replace(GOOD.sabotage, **members)
    (fault,) = promises.faults(changed(sabotage=edit))
    assert told in fault


def test_a_limit_whose_test_is_not_there_is_refused() -> None:
    limit = Limit("L-999", "Something", "Nobody detects it.", "tests/unit/x.py::test_x")
    assert [*promises.faults_of_limit(limit)] == ["there is no test tests/unit/x.py::test_x"]


def test_the_register_states_a_complete_run_of_these_promises() -> None:
    (figures,) = sabotage.FIGURES.findall(sabotage.README.read_text("utf-8"))
    count = len(PROMISES)
    assert figures == f"{count} promises, {count} sabotages caught"
