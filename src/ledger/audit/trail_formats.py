"""The formats of the trail: JSON lines, CSV, and OCSF events for systems that collect logs."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import BinaryIO, Protocol

import msgspec

from ledger.audit import ocsf
from ledger.audit.trail import COLUMNS, Line

# What makes a spreadsheet read a cell as a formula, as OWASP lists it, also in full width. A cell
# begins at the start of a value, and inside it after a semicolon, tab or end of line: a spreadsheet
# that separates by semicolons does not see our quotation marks. Spaces and quotation marks before
# the sign do not help.
_FORMULA = re.compile(r"""(^|[;\t\r\n])(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])""")
# What that finds nothing in: most values, found many times sooner.
_is_plain = re.compile(r"""([^\s"'=+\-@\uff1d\uff0b\uff0d\uff20;][^;\t\r\n]*)?""").fullmatch
_ENDS_A_CELL = re.compile(r"^[\t\r\n]")
_ROWS = 1_000  # that are held before they are written
BOM = codecs.BOM_UTF8


class WriteLines(Protocol):
    """Writes lines of the trail in one format; `begins` is false for the parts after the first."""

    def __call__(self, lines: Iterable[Line], out: BinaryIO, *, begins: bool = True) -> None:
        """Write the lines."""


def write_jsonl(lines: Iterable[Line], out: BinaryIO, *, begins: bool = True) -> None:
    """Write the lines as JSON objects, one per line; every part is written alike."""
    del begins
    encoder = msgspec.json.Encoder()
    for line in lines:
        out.write(encoder.encode(line) + b"\n")


def write_ocsf(lines: Iterable[Line], out: BinaryIO, *, begins: bool = True) -> None:
    """Write the lines as events of OCSF, one JSON object per line; every part is written alike."""
    del begins
    encoder = msgspec.json.Encoder()
    for line in lines:
        out.write(encoder.encode(ocsf.event(line)) + b"\n")


def write_csv(lines: Iterable[Line], out: BinaryIO, *, begins: bool = True) -> None:
    """Write the lines as CSV (RFC 4180, UTF-8); the first row names the columns."""
    rows = (msgspec.structs.astuple(line) for line in lines)
    write_table(COLUMNS if begins else (), rows, out)


def write_table(columns: Sequence[str], rows: Iterable[Iterable[str | int]], out: BinaryIO) -> None:
    """Write a table as CSV (RFC 4180, UTF-8); the first row names the columns, if there are any.

    A value that a spreadsheet would read as a formula, or whose part it would take for a cell with
    one, gets an apostrophe there.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if columns:
        writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        writer.writerow([v if isinstance(v, int) or _is_plain(v) else _defused(v) for v in row])
        if number % _ROWS == 0:
            out.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
    out.write(text.getvalue().encode())


def _defused(value: str) -> str:
    said = _FORMULA.sub(r"\1'", value)
    return f"'{said}" if _ENDS_A_CELL.match(said) else said


FORMATS: dict[str, WriteLines] = {"jsonl": write_jsonl, "csv": write_csv, "ocsf": write_ocsf}
