"""Answers to questions about a log: tables with their notes, as text and JSON."""

from collections.abc import Iterable, Sequence

import msgspec

from ledger.domain.text import plain

Cell = str | int
WIDEST = 120  # of a column in text; one long reason would fill every other row with spaces


class AnswerTable(msgspec.Struct, frozen=True, rename="camel"):
    """A table that answers a question.

    `title` says what was asked, `notes` what the table rests on and what it leaves out.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def to_text(answer: AnswerTable) -> str:
    """Return an answer as text for a terminal, with columns of equal width.

    A cell of more than WIDEST characters moves what follows it in its own row.
    """
    told = [f"{answer.title}: {len(answer.rows):,}"]
    told += [f"  {note}" for note in answer.notes]
    if answer.rows:
        told.append("")
        told += _aligned([answer.columns, *answer.rows])
    return "\n".join(told) + "\n"


def to_json(answers: Sequence[AnswerTable]) -> str:
    """Return answers as JSON: each row is an object with the names of the columns."""
    told = [
        {
            "title": each.title,
            "notes": each.notes,
            "rows": [dict(zip(each.columns, row, strict=True)) for row in each.rows],
        }
        for each in answers
    ]
    return msgspec.json.format(msgspec.json.encode(told)).decode()


def _aligned(rows: Sequence[Iterable[Cell]]) -> list[str]:
    columns = [_of_one_width([*map(_on_one_line, cells)]) for cells in zip(*rows, strict=True)]
    return ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]


def _of_one_width(cells: list[str]) -> list[str]:
    width = min(max(map(len, cells)), WIDEST)
    return [cell.ljust(width) for cell in cells]


def _on_one_line(cell: Cell) -> str:
    """Return a cell on one line; texts of others reach a terminal."""
    text = str(cell)
    if not text.isprintable():
        text = plain(text.replace("\n", " ⏎ "))
    return text or "–"
