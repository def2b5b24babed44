"""Cells of a CSV file that a spreadsheet would run, also one with another separator."""

import csv
import io

import pytest

from ledger.audit.trail_formats import write_table

RUN = "cmd|' /C calc'!A0"


def written(value: str) -> str:
    out = io.BytesIO()
    write_table((), [(value, 1)], out)
    return out.getvalue().decode()


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize(
    "before",
    [
        "",
        " ",
        '"',
        "'",
        "\u00a0",
        "\u3000",
        "a;",
        "a; ",
        'a;"',
        "a\t",
        "a\n",
        "a\r\n",
        "a;;",
        "\t",
        "\n",
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_spreadsheet_finds_a_cell_that_begins_a_formula(
    sign: str, before: str, separator: str
) -> None:
    """`quoting` off: a quotation mark in the middle of a cell does not begin a quoted one."""
    file = written(f"{before}{sign}{RUN}")
    for line in csv.reader(io.StringIO(file, newline=""), delimiter=separator):
        for cell in line:
            assert not cell.lstrip(' \t\r\n"\u00a0\u3000').startswith(sign)


@pytest.mark.parametrize("value", ["a = b", "a-b", "me@example.org", "1;2", "a; b", "x=;y"])
def test_what_runs_nowhere_stays_as_it_is(value: str) -> None:
    assert written(value) == f"{value},1\r\n"


def test_a_number_stays_a_number() -> None:
    out = io.BytesIO()
    write_table(("n",), [(-5,)], out)
    assert out.getvalue() == b"n\r\n-5\r\n"
