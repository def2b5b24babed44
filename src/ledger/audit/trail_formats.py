"""The formats of the trail: JSON lines, CSV, and OCSF events for systems that collect logs."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable
from typing import BinaryIO

import msgspec

from ledger.audit import ocsf
from ledger.audit.trail import COLUMNS, Line

# First characters that make a spreadsheet read a cell as a formula, or end the cell.
_FORMULA = frozenset("=+-@\t\r\n")
_ROWS = 1_000  # that are held before they are written
BOM = codecs.BOM_UTF8

WriteLines = Callable[[Iterable[Line], BinaryIO], None]


def write_jsonl(lines: Iterable[Line], out: BinaryIO) -> None:
    """Write the lines as JSON objects, one per line."""
    encoder = msgspec.json.Encoder()
    for line in lines:
        out.write(encoder.encode(line) + b"\n")


def write_ocsf(lines: Iterable[Line], out: BinaryIO) -> None:
    """Write the lines as events of OCSF, one JSON object per line."""
    encoder = msgspec.json.Encoder()
    for line in lines:
        out.write(encoder.encode(ocsf.event(line)) + b"\n")


def write_csv(lines: Iterable[Line], out: BinaryIO) -> None:
    """Write the lines as CSV (RFC 4180, UTF-8); the first row names the columns."""
    write_table(COLUMNS, (msgspec.structs.astuple(line) for line in lines), out)


def write_table(columns: Iterable[str], rows: Iterable[Iterable[str | int]], out: BinaryIO) -> None:
    """Write a table as CSV (RFC 4180, UTF-8); the first row names the columns.

    A cell that a spreadsheet would read as a formula gets an apostrophe as its first character.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_defused(value) for value in row])
        if number % _ROWS == 0:
            out.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
    out.write(text.getvalue().encode())


def _defused(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value


FORMATS: dict[str, WriteLines] = {"jsonl": write_jsonl, "csv": write_csv, "ocsf": write_ocsf}
