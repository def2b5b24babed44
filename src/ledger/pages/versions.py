"""What a page shows of a statement's versions: its place among them, and what changed."""

import json
from itertools import chain

import msgspec

from ledger.domain.content import parse_content
from ledger.domain.policy import Policy
from ledger.domain.vocabulary import Assurance
from ledger.pages.differences import Difference, differences
from projections.statements import StatementDetail, Version


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


def changed_since(before: bytes, after: bytes) -> list[Difference]:
    """Return what differs between two documents: title, content, policy, readers and uses.

    Each has its place in the document; one in the content, which is a text there, goes
    on inside it.
    """
    old, new = json.loads(before), json.loads(after)
    content = differences(
        parse_content(old["content"]), parse_content(new["content"]), ("content",)
    )
    others = [_part(document) for document in (old, new)]
    rest = differences(parse_content(others[0]), parse_content(others[1]))
    return [*chain(content, rest)]


def _part(document: dict[str, object]) -> str:
    shown = {
        name: document[name]
        for name in ("title", "policy", "readers", "usable")
        if name in document
    }
    return json.dumps(shown)
