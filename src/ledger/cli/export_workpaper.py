"""`ledger export --format workpaper`: a population, a sample of it, and what was done, as a ZIP."""

import argparse
import io
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ledger import __version__, clock
from ledger.audit.answers import AnswerTable, Cell
from ledger.audit.compared_rows import time_ms_at
from ledger.audit.population import Population, population
from ledger.audit.positions import find_period
from ledger.audit.source import AuditedLog
from ledger.audit.trail_formats import BOM, write_table
from ledger.audit.workpaper import sheets
from ledger.errors import MalformedError
from ledger.settings import Settings
from ledger.store.engines import audited_log

MOST_SEED_CHARS = 200
_ROUTES = ("/api/statements", "/api/approvals", "/api/changes")
_REFUSED = ("time", "event", "code", "status", "person", "route", "count")
_DATE = (1980, 1, 1, 0, 0, 0)  # the same paper gives the same bytes


def write(settings: Settings, chosen: argparse.Namespace, out: BinaryIO) -> None:
    """Write the working paper of a type and period; raise MalformedError `option_invalid`."""
    count, seed = chosen.sample, chosen.seed
    if count is not None and (count < 1 or not seed):
        raise MalformedError("option_invalid", "--sample is 1 or more, and needs a --seed")
    if seed is not None and len(seed) > MOST_SEED_CHARS:
        raise MalformedError("option_invalid", f"--seed has at most {MOST_SEED_CHARS} characters")
    if len(chosen.types) > 1 or chosen.statements:
        raise MalformedError("option_invalid", "a working paper is of one type of statement")
    name = chosen.types[0] if chosen.types else ""
    with closing(audited_log(settings.log_address).open()) as rows, rows.snapshot():
        rows.require_format()
        period = find_period(rows, chosen.first, chosen.last)
        found = population(rows, name, period)
        made = sheets(rows, found, count=count, seed=seed or "")
        ends = (
            _end(rows, chosen.first, period.after + 1),
            _end(rows, chosen.last, period.last),
        )
    made["refused"], note = _refused(settings.security_log, ends)
    _write_zip(out, _readme(found, name, count, seed or "", (*ends, note)), made)


def _end(rows: AuditedLog, asked: str | None, position: int) -> str:
    """Return the time that was asked for, or that of the event at an end of the period."""
    if asked is not None and not asked.isdigit():
        return clock.from_rfc3339(asked)
    return clock.to_text(time_ms_at(rows, position))


def _refused(path: Path | None, ends: tuple[str, str]) -> tuple[AnswerTable, str]:
    """Return the refused requests about statements in the security record, and where it was."""
    lines: list[tuple[Cell, ...]] = []
    if path is None or not path.is_file():
        return AnswerTable("Refused attempts", _REFUSED, ()), "no security record was there"
    with path.open("rb") as file:
        for raw in file:
            line = _parsed(raw)
            if line is not None and ends[0] <= line["time"] <= ends[1] and _is_refusal(line):
                lines.append(tuple("" if line[n] is None else line[n] for n in _REFUSED))
    return AnswerTable("Refused attempts", _REFUSED, tuple(lines)), "from the security record"


def _parsed(raw: bytes) -> dict[str, Any] | None:
    """Return a line of the record; None for one that a crash cut off."""
    try:
        line = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    return line if all(name in line for name in (*_REFUSED, "outcome")) else None


def _is_refusal(line: dict[str, Any]) -> bool:
    path = str(line["route"]).partition(" ")[2]
    return line["outcome"] == "failure" and path.startswith(_ROUTES)


def _readme(
    found: Population, name: str, count: int | None, seed: str, told: tuple[str, str, str]
) -> str:
    first, last, refused = told
    about = "statements without a type" if not name else f"statements of the type {name}"
    drawn = min(count or len(found.statements), len(found.statements))
    how = (
        "every statement of the population"
        if count is None
        else f"{drawn} of {len(found.statements)}, drawn with the seed {seed!r}"
    )
    return f"""Working paper: {about}

Made by approval-ledger {__version__}. The conclusions are blank: they are the auditor's.

POPULATION
  period         {first} to {last}
  positions      {found.period.after + 1} to {found.period.last}, each of them there
  statements     {len(found.statements)} drafted in the period
  tree before    size {found.period.after}, root {found.root_before}
  tree at end    size {found.period.last}, root {found.root_at_end}
  erased         {found.erased} drafts of any type, whose content a change destroyed
  checkpoint     size {found.checkpoint}, root {found.checkpoint_root or "-"}

The roots are those of the log's tree (RFC 9162), from the leaves. A checkpoint that you have from
elsewhere, of one of these sizes, has the same root. A consistency proof between the two sizes shows
that nothing was changed or left out in between.

SAMPLE
  {how}
  rank           SHA-256 over the seed and the statement's id, both in UTF-8, one after the other
  rule           the statements with the smallest ranks, in that order

Anybody can repeat the draw: compute the rank of each statement in population.csv and sort.

FILES
  population.csv every statement of the population, with its rank
  sample.csv     what was done with each statement of the sample; conclusion and remarks are blank
  rules.csv      each rule that changed in the period, with its old and its new value
  refused.csv    refused requests about statements, {refused}; not part of the log, and not complete

Status, approvals and uses are as of the end of the period, as the log records them: run
`ledger audit` to see that the log is right.
"""


def _write_zip(out: BinaryIO, readme: str, made: dict[str, AnswerTable]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("README.txt", _DATE), readme)
        for name, table in made.items():
            sheet = io.BytesIO(BOM)
            sheet.seek(0, io.SEEK_END)
            write_table(table.columns, table.rows, sheet)
            archive.writestr(zipfile.ZipInfo(f"{name}.csv", _DATE), sheet.getvalue())
