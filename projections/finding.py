"""Find statements by title, by who created or approved them, by digest, or by their contents."""

import heapq
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from projections.decisions import INDIVIDUAL
from projections.paging import EXAMINED
from projections.rows import json_list
from projections.search import Question

Row = tuple[int, int]  # a statement's number, and whether it matches the other conditions

MOST_PEOPLE = 10  # whose name has the words; more are not looked at
MOST_ACTS = 1_000  # of each of them, the newest, which can be approvals
# What one page of a search in contents reads. At the limit it returns a cursor.
MOST_READ = 100
MOST_CHARS = 500_000
_DIGEST = re.compile(r"[0-9a-f]{6,64}")
_PEOPLE = (
    "SELECT u.id, u.name FROM title_word t CROSS JOIN user u ON u.id = t.rowid"
    " WHERE t.title_word MATCH :names AND u.id <= :at LIMIT :most"
)
_APPROVED = (
    "SELECT DISTINCT a.stream FROM (SELECT stream FROM timeline WHERE actor = :person"  # noqa: S608
    " AND position <= :at ORDER BY position DESC LIMIT :acts) a JOIN decision d"
    " ON d.statement = a.stream AND d.person = :person AND d.position <= :at"
    f" AND d.kind <= {INDIVIDUAL}"
)
# `substr` has an index of its own; a longer digest is compared as a whole.
_BY_DIGEST = (
    "SELECT id FROM statement_text WHERE substr(sha256, 1, 8) BETWEEN :first AND :last"
    " AND lower(hex(sha256)) GLOB :digest LIMIT :most"
)


def found(
    db: sqlite3.Connection, question: Question, text: str, matches: str, given: dict[str, Any]
) -> Iterator[Row]:
    """Yield the statements before :below that a question finds, the newest first.

    `matches` selects a statement `s` by its number, and whether it is one that is asked for.
    """
    arms: list[Iterable[Row]] = [_by_title(db, question, matches, given)]
    people = [
        number
        for number, name in db.execute(
            _PEOPLE, given | {"names": question.names, "most": MOST_PEOPLE}
        )
        if question.fits(name)
    ]
    created = (
        f"{matches} FROM statement s WHERE s.creator = :person AND s.id < :below ORDER BY s.id DESC"
    )
    for person in people:
        arms.append(db.execute(created, given | {"person": person}))
        acts = given | {"person": person, "acts": MOST_ACTS}
        arms.append(_of(db, matches, given, db.execute(_APPROVED, acts)))
    if digest := _digest_in(text):
        arms.append(_of(db, matches, given, _by_digest(db, digest)))
    merged = heapq.merge(*arms, key=itemgetter(0), reverse=True)
    for number, same in groupby(merged, key=itemgetter(0)):
        yield number, max(fits for _, fits in same)


def _by_title(
    db: sqlite3.Connection, question: Question, matches: str, given: dict[str, Any]
) -> Iterator[Row]:
    rows = db.execute(
        f"{matches}, x.title FROM title_word t CROSS JOIN statement s ON s.id = t.rowid"
        " JOIN statement_text x ON x.id = s.id"
        " WHERE t.title_word MATCH :match AND t.rowid < :below ORDER BY t.rowid DESC",
        given | {"match": question.match},
    )
    for number, fits, title in rows:
        yield number, fits and question.fits(title)


def _of(
    db: sqlite3.Connection, matches: str, given: dict[str, Any], numbers: Iterable[tuple[int]]
) -> Iterable[Row]:
    ids = json_list([number for (number,) in numbers])
    return db.execute(
        f"{matches} FROM statement s WHERE s.id IN (SELECT value FROM json_each(:ids))"  # noqa: S608
        " AND s.id < :below ORDER BY s.id DESC",
        given | {"ids": ids},
    )


def _digest_in(text: str) -> str | None:
    """Return the beginning of a digest, if the text is nothing else; spaces may group it."""
    digest = "".join(text.split()).lower()
    return digest if _DIGEST.fullmatch(digest) else None


def _by_digest(db: sqlite3.Connection, digest: str) -> Iterable[tuple[int]]:
    first, last = (bytes.fromhex(digest[:16].ljust(16, fill)) for fill in "0f")
    given = {"first": first, "last": last, "digest": f"{digest}*", "most": EXAMINED}
    return db.execute(_BY_DIGEST, given)


def in_contents(
    rows: Iterable[Row], limit: int, question: Question, content_of: Callable[[int], str]
) -> tuple[list[int], int | None]:
    """Return up to `limit` statements whose contents have the words, and the key to go on after.

    It reads MOST_READ documents or MOST_CHARS characters at most.
    """
    numbers: list[int] = []
    read = chars = 0
    for number, fits in rows:
        content = content_of(number) if fits else ""
        if fits and question.fits(" ".join(_texts(_parsed(content)))):
            if len(numbers) == limit:
                return numbers, numbers[-1]
            numbers.append(number)
        read, chars = read + 1, chars + len(content)
        if read == MOST_READ or chars > MOST_CHARS:
            return numbers, number
    return numbers, None


def _parsed(content: str) -> Any:
    return json.loads(content, parse_int=str, parse_float=str)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts and numbers of a JSON value; its members' names are none."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += each.values()
        elif isinstance(each, list):
            left += each
        elif isinstance(each, str):
            yield each
