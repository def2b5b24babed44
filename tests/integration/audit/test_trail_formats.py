"""The trail in the formats of others: CSV that Excel opens, and events of OCSF."""

import csv
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.__main__ import main
from ledger.audit.ocsf import event
from ledger.audit.trail import COLUMNS, Line, Trail
from ledger.audit.trail_formats import write_csv, write_ocsf
from ledger.domain.events import BODIES
from ledger.store.engines import audited_log

# The schema is not in the repository; the file has what it requires of this class.
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "vectors/ocsf/entity-management-1.2.0.json").read_text()
)
TYPES: dict[str, type] = {"integer": int, "string": str, "object": dict}


@pytest.fixture(scope="module")
def lines(story: Path) -> list[Line]:
    with closing(audited_log(str(story / "log.sqlite")).open()) as rows:
        return [*Trail(rows).lines()]


def check(told: dict[str, Any], kind: str = "event") -> None:
    """Require what the schema requires of an object, and nothing that it does not have."""
    known = SCHEMA[kind]
    assert set(known.get("required", ())) <= told.keys()
    assert not known.get("one_of") or told.keys() & set(known["one_of"])
    for name, value in told.items():
        expected = known["attributes"][name]
        if expected in SCHEMA:
            check(value, expected)
        else:
            assert type(value) is TYPES[expected], name
        assert value in known.get("values", {}).get(name, [value])


def test_every_type_of_event_meets_the_class_of_ocsf(lines: list[Line]) -> None:
    assert {line.type for line in lines} == {*BODIES}
    for line in lines:
        told = event(line)
        check(told)
        assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
        assert told["metadata"]["sequence"] == line.position
        assert told["message"] == line.summary


def test_an_event_of_ocsf_has_every_column_but_the_leaf_index(lines: list[Line]) -> None:
    (line,) = (each for each in lines if each.position == 1)
    texts = {name: f"<{name}>" for name in line.__struct_fields__ if name not in ("type", "time")}
    del texts["position"], texts["leaf_index"], texts["version"]
    said = json.dumps(event(msgspec.structs.replace(line, **texts)))
    assert [each for each in texts.values() if each not in said] == []


def test_ocsf_is_one_object_a_line(lines: list[Line]) -> None:
    out = io.BytesIO()
    write_ocsf(lines, out)
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [each["metadata"]["uid"] for each in told] == [line.entry_hash for line in lines]


def test_the_columns_of_decisions_say_what_was_seen_and_why(lines: list[Line]) -> None:
    signed = [line for line in lines if line.type == "statement-signed.v1"]
    assert {line.form for line in signed} == {"shared", "individual"}
    assert all(line.title and len(line.document_hash) == 64 for line in signed)
    assert any(line.document_type == "ledger/change 1" for line in signed)
    rejected = next(line for line in lines if line.type == "statement-rejected.v1")
    assert (rejected.reason, rejected.status) == ("The amount is too low.", "rejected")
    assert rejected.roles.split() == sorted(rejected.roles.split()) != []
    revoked = next(line for line in lines if line.type == "key-revoked.v1")
    assert revoked.compromised_since.endswith("Z")
    granted = next(line for line in lines if line.type == "role-granted.v1")
    assert granted.change in {line.stream for line in signed}


def test_a_key_has_the_same_reference_in_every_column_and_is_never_a_formula(
    lines: list[Line],
) -> None:
    attested = {line.object for line in lines if line.type == "key-attested.v1"}
    signed = {line.key for line in lines if line.type == "statement-signed.v1"}
    assert signed <= attested
    out = io.BytesIO()
    write_csv(lines, out)
    table = csv.DictReader(io.StringIO(out.getvalue().decode(), newline=""))
    ids = ("position", "stream", "actorId", "object", "key", "change", "entryHash")
    for row, line in zip(
        table, json.loads(json.dumps([_json(each) for each in lines])), strict=True
    ):
        assert {name: row[name] for name in ids} == {name: str(line[name]) for name in ids}


def _json(line: Line) -> dict[str, Any]:
    return dict(zip(COLUMNS, [getattr(line, name) for name in line.__struct_fields__], strict=True))


def test_csv_for_excel_begins_with_a_byte_order_mark(story: Path, tmp_path: Path) -> None:
    out = tmp_path / "trail.csv"
    options = ["--format", "csv", "--bom", "--data", str(story), "--output", str(out)]
    assert main(["export", *options]) == 0
    raw = out.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfposition,leafIndex,")
    assert "Alice Ångström" in raw.decode("utf-8-sig")
