"""New versions of statements of a type: by whom, as an auditor says of the last event."""

from functools import partial
from typing import Any, NamedTuple

from tests.support.type_definitions import POLICY, define, definition, stated
from tests.support.versions import copied
from tests.vectors.changes.company import Company, grant
from tests.vectors.types.tries import CONTENT, Tries, define_types, draft_of_type, draft_unseen


class Typed(NamedTuple):
    """A definition, and the document of Cal's statement of the type."""

    text: str
    older: bytes


def _terms(told: Company, version: int = 1, **members: Any) -> str:
    """Return the definition of a type that creators and Ben draft."""
    drafters = ["role:creator", f"user:{told.ben.user}"]
    return definition(version, **{"drafters": drafters} | members)


def _typed(told: Company, **members: Any) -> Typed:
    text = _terms(told, **members)
    define_types(told, define(text))
    return Typed(text, draft_of_type(told, text, number=5))


def _version(told: Company, text: str, older: bytes) -> None:
    """Record Ben's version of Cal's statement, with the end of the one before."""
    of_type = {"content": CONTENT, "policy": POLICY, "type": stated(text)}
    told.draft(told.ben, 9, supersedes=copied(older), **of_type)


def _try(told: Company, text: str, older: bytes, by: str = "ben", **members: Any) -> None:
    """Append, as the last event, a version that nobody has decided."""
    found = {"type": stated(text), "supersedes": copied(older)} | members
    draft_unseen(told, getattr(told, by), **found)


def ended(told: Company) -> None:
    _version(told, *_typed(told, supersede="drafters"))


def replacing(told: Company) -> None:
    text, older = _typed(told, supersede="drafters")
    told.sign(told.ivy, told.ivy.shared(older), older)
    _version(told, text, older)


def tried(told: Company, *, by: str = "ben", **members: Any) -> None:
    _try(told, *_typed(told, **members), by)


def untyped(told: Company) -> None:
    text, older = _typed(told, supersede="drafters")
    told.change(told.ada, 4, grant(told.ben, "creator"))
    _try(told, text, older, type=None, said=None)


def of_another_type(told: Company) -> None:
    _, older = _typed(told, supersede="drafters")
    other = _terms(told, name="offer", supersede="drafters")
    told.change(told.ada, 4, define(other))
    _try(told, other, older, said="offer")


def of_an_untyped_one(told: Company) -> None:
    text = _terms(told, supersede="drafters")
    define_types(told, define(text))
    _try(told, text, told.draft(told.cal, 5, policy=POLICY))


def after_the_type_changed(told: Company, *, before: str, after: str) -> None:
    """Draft by the newest version, which says otherwise than that of the older statement."""
    text, older = _typed(told, supersede=before)
    newest = _terms(told, 2, supersede=after)
    told.change(told.ada, 4, define(newest, text))
    (_version if after == "drafters" else _try)(told, newest, older)


SUPERSEDING: Tries = {
    "a version of a pending statement by another drafter": (ended, None),
    "a version of an approved statement by another drafter": (replacing, None),
    "a version by another drafter of a type that says nothing of it": (tried, "creator_only"),
    "a version by another drafter of a type that leaves it to creators": (
        partial(tried, supersede="creator"),
        "creator_only",
    ),
    "a version by somebody who does not draft the type": (
        partial(tried, by="ivy", supersede="drafters"),
        "drafter_only",
    ),
    "a version by another drafter without the type": (untyped, "creator_only"),
    "a version by another drafter of another type": (of_another_type, "creator_only"),
    "a version by a drafter of a statement without the type": (of_an_untyped_one, "creator_only"),
    "a version by another drafter since the type says so": (
        partial(after_the_type_changed, before="creator", after="drafters"),
        None,
    ),
    "a version by another drafter since the type says so no more": (
        partial(after_the_type_changed, before="drafters", after="creator"),
        "creator_only",
    ),
}
