"""The trail over HTTP: as files for auditors, read part by part while they are sent."""

import asyncio
import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks import audit
from ledger.audit.selection import EVERY_EVENT, AskedEvents
from ledger.audit.source import AuditedLog
from ledger.audit.trail_formats import BOM
from ledger.errors import CorruptError, TooLargeError
from ledger.http import questions, trail
from ledger.http.turns import LongRead
from ledger.store.engines import open_log
from ledger.store.ports.log import LogStore, ReadAddress
from tests.integration.http.test_questions import Asked, asked
from tests.support.erasing import approved, erase, name_of
from tests.support.ledgers import Process, know_everybody, settled
from tests.support.refusals import refused

__all__ = ["asked"]


def lines(of: Asked, **query: Any) -> list[dict[str, Any]]:
    answer = of.auditor.client.get("/api/trail", params=query)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def table(raw: bytes) -> list[dict[str, str]]:
    assert raw.startswith(BOM)
    return [*csv.DictReader(io.StringIO(raw[len(BOM) :].decode(), newline=""))]


def test_an_auditor_gets_the_events_in_each_format(asked: Asked) -> None:
    get = asked.auditor.client.get
    found = lines(asked)
    assert [each["position"] for each in found] == [*range(1, len(found) + 1)]
    answer = get("/api/trail", params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="trail.csv"'
    assert [each["entryHash"] for each in table(answer.content)] == [
        each["entryHash"] for each in found
    ]
    told = lines(asked, format="ocsf")
    assert [each["metadata"]["sequence"] for each in told] == [each["position"] for each in found]
    record = asked.auditor.client.get("/api/access-record").json()["items"]
    assert ("trail", None) in {(each["kind"], each["statementId"]) for each in record}


def test_the_events_are_chosen_as_on_the_command_line(asked: Asked) -> None:
    (approved,) = lines(asked, statement=asked.drafted.id, type="statement-signed", actor="Bob")
    assert (approved["actorName"], approved["status"]) == ("Bob", "approved")
    position = approved["position"]
    assert [each["position"] for each in lines(asked, **{"from": "2", "to": "3"})] == [2, 3]
    assert lines(asked, after=position, to=str(position)) == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"format": "pdf"}, 400, "request_invalid"),
        ({"type": "nothing"}, 400, "event_type_unknown"),
        ({"actor": "Mallory"}, 404, "user_unknown"),
        ({"statement": "x"}, 400, "id_invalid"),
        ({"from": "999999"}, 400, "position_future"),
        ({"at": "5"}, 400, "query_unknown"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    asked: Asked, query: dict[str, str], status: int, code: str
) -> None:
    answer = asked.auditor.client.get("/api/trail", params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_answer_is_a_table_for_excel_too(asked: Asked) -> None:
    get = asked.auditor.client.get
    answer = get("/api/questions/events/csv")
    rows = asked.rows("events")
    assert [each["summary"] for each in table(answer.content)] == [each["summary"] for each in rows]
    assert answer.headers["content-disposition"] == 'attachment; filename="events.csv"'
    assert get("/api/questions/figures/csv").json()["code"] == "request_invalid"
    picture = get("/api/questions/figures/picture")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "<title>Statements by month of the draft</title>" in picture.text


def test_nobody_but_an_auditor_exports(asked: Asked) -> None:
    for path in ("/api/trail", "/api/questions/events/csv", "/api/questions/figures/picture"):
        answer = asked.bob.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "auditor_only")


def test_parts_have_so_many_lines_and_make_the_whole(tmp_path: Path) -> None:
    audit.grow(tmp_path, 500)
    address = str(tmp_path / "log.sqlite")
    store = open_log(address)
    wanted = trail.chosen(LongRead(), store.reading(), AskedEvents(first="2"))
    whole = trail.read_part(LongRead(), address, wanted, "csv", begins=True)
    assert whole.after is None
    raw, sizes = b"", []
    after: int | None = 1
    while after is not None:
        rest = wanted._replace(rows=wanted.rows._replace(after=after))
        part = trail.read_part(LongRead(), address, rest, "csv", begins=not raw, lines=100)
        sizes.append(part.raw.count(b"\r\n"))
        raw, after = raw + part.raw, part.after
    assert raw == whole.raw
    assert max(sizes) <= 101
    # Rows of any table, and where they go on.
    told: list[Any] = []
    asked = questions.AskedQuestion("diff", None, "1", None, 0, most=7)
    following: int | None = 0
    while following is not None:
        found = questions.answered(
            LongRead(), store, msgspec.structs.replace(asked, after=following)
        )
        assert len(found.tables[0].rows) <= 7
        told += found.tables[0].rows
        following = found.next
    every = questions.answered(LongRead(), store, msgspec.structs.replace(asked, most=10_000))
    assert told == [*every.tables[0].rows]
    store.close()


def test_a_question_that_needs_every_statement_is_refused_on_a_large_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.grow(tmp_path, 100)
    monkeypatch.setattr(questions, "MOST_EVENTS", 99)
    with closing(open_log(str(tmp_path / "log.sqlite"))) as store:
        for name in ("figures", "diff"):
            asked = questions.AskedQuestion(name, None, "1", None, 0)
            with refused(TooLargeError, "question_too_large"):
                questions.answered(LongRead(), store, asked)


class WithStandby:
    """A log whose long reads go to a copy of its file."""

    def __init__(self, store: LogStore, standby: Path) -> None:
        self._store = store
        self._standby = standby

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def reading(self, checkpoint: int = 0) -> ReadAddress:
        return self._store.reading(checkpoint)._replace(address=str(self._standby))


def test_a_standby_that_breaks_while_it_is_read_is_not_missed(tmp_path: Path) -> None:
    audit.grow(tmp_path, 1_200)
    standby = Path(shutil.copy(tmp_path / "log.sqlite", tmp_path / "standby.sqlite"))
    own = open_log(str(tmp_path / "log.sqlite"))
    store: Any = WithStandby(own, standby)
    begun = trail._begun(LongRead(), store, AskedEvents(), "jsonl")
    asked = questions.AskedQuestion("events", None, None, None, 0)
    expected = questions.answered(LongRead(), store, asked)
    standby.write_bytes(b"no database any more" * 1_000)
    assert questions.answered(LongRead(), store, asked) == expected

    async def whole() -> bytes:
        return b"".join([part async for part in trail._parts(store, begun, "jsonl")])

    raw = asyncio.run(whole())
    assert raw.count(b"\n") == own.head().sealed > 1_000
    assert trail._begun(LongRead(), store, AskedEvents(), "jsonl").part == begun.part
    with refused(CorruptError, "file_malformed"):  # without another place
        questions.answered(LongRead(), open_log(str(standby)), asked)


class Overtaken(LongRead):
    """A read during which something happens, once it has read what was erased so far."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self._happens = happens

    @contextmanager
    def rows(self, address: str) -> Iterator[AuditedLog]:
        with super().rows(address) as rows:
            erased: Any = rows.erased

            def then() -> list[Any]:
                found: list[Any] = erased()
                rows.erased = erased  # type: ignore[method-assign]  # once
                self._happens()
                return found

            rows.erased = then  # type: ignore[method-assign]  # this one object's
            yield rows


def test_an_erasure_in_the_middle_of_a_part_does_not_end_the_trail(tmp_path: Path) -> None:
    cast = settled(tmp_path / "cast")
    process = Process(cast.copy(tmp_path / "data"), cast.time)
    know_everybody(process, cast)
    with closing(process):
        raw = asyncio.run(approved(process, cast))

        def erases() -> None:
            asyncio.run(process.change(cast.dave, erase(raw)))

        address = process.store.address
        part = trail.read_part(Overtaken(erases), address, EVERY_EVENT, "jsonl", begins=True)
        assert name_of(raw).encode() in part.raw
        assert b"Erased by change" not in part.raw
        part = trail.read_part(LongRead(), address, EVERY_EVENT, "jsonl", begins=True)
        assert b"Erased by change" in part.raw
