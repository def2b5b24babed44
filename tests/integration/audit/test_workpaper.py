"""Working papers: a population that is proved complete, and a sample that anyone draws again."""

import csv
import hashlib
import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ledger.__main__ import main
from ledger.domain.events import StatementDrafted
from ledger.tlog.merkle import Edge
from tests.support.audited import SIZE
from tests.support.chronicle import statement_id
from tests.support.every_event import every_type
from tests.support.ledgers import rows
from tests.support.states import without_triggers

Sheets = dict[str, list[dict[str, str]]]
Papers = Callable[..., tuple[str, Sheets]]


@pytest.fixture
def paper(story: Path, tmp_path: Path) -> Papers:
    def made(*options: str, data: Path = story) -> tuple[str, Sheets]:
        out = tmp_path / "paper.zip"
        given = ["--format", "workpaper", "--data", str(data), "--output", str(out)]
        assert main(["export", *given, *options]) == 0
        with zipfile.ZipFile(out) as archive:
            read = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
        told = read.pop("README.txt")
        tables = {
            name.removesuffix(".csv"): [*csv.DictReader(io.StringIO(text, newline=""))]
            for name, text in read.items()
        }
        return told, tables

    return made


def test_the_population_is_every_statement_of_the_type_in_the_period(paper: Papers) -> None:
    events = every_type(end=True).events
    drafted = [
        (number, str(event.stream))
        for number, event in enumerate(events, start=1)
        if isinstance(event.body, StatementDrafted) and event.body.type is None
    ]
    _, sheets = paper()
    assert [(int(e["position"]), e["statement"]) for e in sheets["population"]] == drafted
    (position, one), *_ = drafted
    _, sheets = paper("--from", str(position), "--to", str(position))
    assert [each["statement"] for each in sheets["population"]] == [one]
    _, sheets = paper("--type", "ledger/change")
    assert {each["type"] for each in sheets["population"]} == {"ledger/change 1"}


def test_the_paper_names_the_roots_at_both_ends(ledger: Path, paper: Papers) -> None:
    told, _ = paper("--from", "101", "--to", "200", data=ledger)
    leaves = [leaf for _, _, leaf in rows(ledger / "log.sqlite")]
    assert len(leaves) == SIZE
    for size in (100, 200):
        tree, _ = Edge().extend(b"".join(leaves[:size]))
        assert f"size {size}, root {tree.root().hex()}" in told
    assert "positions      101 to 200, each of them there" in told


def test_anyone_draws_the_same_sample_from_the_population(paper: Papers) -> None:
    told, sheets = paper("--sample", "3", "--seed", "spring")
    ranks = {
        hashlib.sha256(f"spring{each['statement']}".encode()).hexdigest(): each["statement"]
        for each in sheets["population"]
    }
    expected = [ranks[each] for each in sorted(ranks)[:3]]
    assert [each["statement"] for each in sheets["sample"]] == expected
    chosen = [each["statement"] for each in sheets["population"] if each["in the sample"]]
    assert sorted(chosen) == sorted(expected)
    assert "3 of" in told
    assert "'spring'" in told
    assert paper("--sample", "3", "--seed", "autumn")[1]["sample"] != sheets["sample"]


def test_an_item_says_who_asked_who_approved_and_what_came_after(paper: Papers) -> None:
    _, sheets = paper()
    items = {each["statement"]: each for each in sheets["sample"]}
    order = items[statement_id(6)]
    assert order["requester"].startswith("“Alice Ångström” (")
    assert order["approvers"].startswith("“Alice Ångström” as creator (position ")
    assert (order["used after approval"], order["status at the end"]) == ("yes", "approved")
    assert order["used by somebody who did not approve"] == "yes"
    assert order["outcomes"] == "use 1: not-done; use 1: done"
    met = int(order["policy met at position"])
    assert f"position {met}," in order["approvers"]
    assert "The amount is too low." in items[statement_id(2)]["rejections"]
    assert items[statement_id(2)]["policy met at position"] == ""
    assert items[statement_id(4)]["taken back"].startswith("“Alice Ångström”")
    assert {each["conclusion"] + each["remarks"] for each in items.values()} == {""}


def test_a_changed_rule_has_its_old_and_its_new_value(paper: Papers) -> None:
    _, sheets = paper()
    rules = {each["rule"]: each for each in sheets["rules"]}
    governance = rules["governance"]
    assert json.loads(governance["old"]) == {"threshold": 1, "of": ["role:administrator"]}
    assert json.loads(governance["new"]) == {"threshold": 2, "of": ["role:administrator"]}
    assert (rules["role board"]["old"], rules["role board"]["new"]) == ("defined", "closed")
    assert rules["type offer"]["new"] == "retired"
    assert json.loads(rules["charter"]["new"])["registration"] == "open"
    assert all(each["change"] for each in sheets["rules"])


def test_refused_attempts_come_from_the_security_record(
    paper: Papers, story: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(story, tmp_path / "data"))
    line = {
        "time": "2026-11-21T03:04:30.000Z",
        "event": "request",
        "outcome": "failure",
        "code": "not_a_signer",
        "status": 403,
        "person": "somebody",
        "route": "POST /api/statements/{statement_id}/sign",
        "count": 1,
    }
    others = [
        line | {"outcome": "success"},
        line | {"route": "POST /api/authenticate"},
        line | {"time": "2030-01-01T00:00:00.000Z"},
    ]
    text = "\n".join(json.dumps(each) for each in (line, *others))
    (data / "security.jsonl").write_text(f'{text}\n{{"time": "2026')
    told, sheets = paper(data=data)
    assert [(each["code"], each["person"]) for each in sheets["refused"]] == [
        ("not_a_signer", "somebody")
    ]
    assert "from the security record" in told
    assert "no security record was there" in paper()[0]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--sample", "3"], "option_invalid"),
        (["--sample", "0", "--seed", "x"], "option_invalid"),
        (["--seed", "x" * 201], "option_invalid"),
        (["--type", "a", "--type", "b"], "option_invalid"),
        (["--actor", "Bob"], "option_invalid"),
        (["--from", "2999-01-01T00:00:00Z"], "period_empty"),
    ],
)
def test_a_paper_that_cannot_be_made_is_refused(
    story: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: str
) -> None:
    assert main(["export", "--format", "workpaper", "--data", str(story), *options]) == 2
    assert capsys.readouterr().err.startswith(f"ledger: {code}")


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("DELETE FROM ev WHERE pos = 100", "position_missing"),
        ("UPDATE checkpoint SET root = zeroblob(32)", "root_mismatch"),
    ],
)
def test_a_population_with_a_gap_or_another_root_is_not_written(
    ledger: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    script: str,
    code: str,
) -> None:
    copy = shutil.copytree(ledger, tmp_path / "copy")
    with closing(sqlite3.connect(copy / "log.sqlite")) as db, without_triggers(db):
        db.executescript(script)
    out = tmp_path / "paper.zip"
    options = ["--format", "workpaper", "--data", str(copy), "--output", str(out)]
    assert main(["export", *options]) == 1
    assert code in capsys.readouterr().err
    assert not out.exists()
