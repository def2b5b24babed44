"""What a page shows of a statement's versions: its place among them, and what changed."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import msgspec

from ledger.domain.content import parse_content
from ledger.domain.policy import Policy
from ledger.domain.vocabulary import Assurance
from ledger.pages.differences import Difference, differences
from projections.statements import StatementDetail, Version

# Of a comparison: of the content, and of all else.
MOST_CHANGES = 100
MOST_CHANGE_CHARS = 10_000


class VersionPlace(msgspec.Struct, frozen=True):
    """The number of a version, how many there are, and the ones before and after it."""

    number: int
    count: int
    before: Version | None
    after: Version | None


def place_of(statement: StatementDetail) -> VersionPlace | None:
    """Return a statement's place among its versions, None if it has no other."""
    every = statement.versions
    if len(every) < 2:
        return None
    at = next(n for n, each in enumerate(every) if each.id == statement.id)
    before = every[at - 1] if at else None
    after = every[at + 1] if at + 1 < len(every) else None
    return VersionPlace(at + 1, len(every), before, after)


def strictest(rules: Policy, replaced: Policy | None) -> Assurance:
    """Return what each decision must show, by either policy."""
    asked = [each.assurance for each in (rules, replaced) if each is not None]
    return "passkey" if "passkey" in asked else "key"


class ShownChange(NamedTuple):
    """A difference; `is_long` is one whose values are too long for the page."""

    row: Difference
    is_long: bool


class ShownChanges(NamedTuple):
    """The first differences between two versions; `more` says that there are others."""

    changes: list[ShownChange]
    more: bool

    @property
    def rows(self) -> list[Difference]:
        """Those whose values the page shows."""
        return [each.row for each in self.changes if not each.is_long]


def changed_since(before: bytes, after: bytes) -> ShownChanges:
    """Return what differs between two documents: title, content, policy, readers and uses.

    Each has its place in the document; one in the content, which is a text there, goes
    on inside it. The content and the rest have bounds of their own: many changes of one do not
    leave out those of the other.
    """
    old, new = json.loads(before), json.loads(after)
    content = differences(
        parse_content(old["content"]), parse_content(new["content"]), ("content",)
    )
    others = [_part(document) for document in (old, new)]
    rest = differences(parse_content(others[0]), parse_content(others[1]))
    first, second = _first(content), _first(rest)
    return ShownChanges(first.changes + second.changes, first.more or second.more)


def _first(rows: Iterator[Difference]) -> ShownChanges:
    shown: list[ShownChange] = []
    chars = MOST_CHANGE_CHARS
    for row in islice(rows, MOST_CHANGES):
        size = len(row.before) + len(row.after)
        shown.append(ShownChange(row, size > chars))
        chars -= 0 if size > chars else size
    return ShownChanges(shown, next(rows, None) is not None)


def _part(document: dict[str, object]) -> str:
    shown = {
        name: document[name]
        for name in ("title", "policy", "readers", "usable")
        if name in document
    }
    return json.dumps(shown)
