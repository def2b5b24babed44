"""Effects of changes on types: kinds of statements that an administration defines."""

from typing import final

from ledger.domain.events.meaning import Explained, Words, effect
from ledger.domain.vocabulary import TypePending


@final
class TypeDefined(Explained, frozen=True):
    """A change defined a type, or a new version of one; `definition` is its exact text.

    `pending` says what happens to the pending statements of the versions before, None for a first
    one.
    """

    TAG = "type-defined.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} defined the type {name}, by change {change}",
            timeline="A type of statement was defined",
            about="name",
        ),
    )
    change: str
    name: str
    definition: str
    pending: TypePending | None


@final
class TypeRetired(Explained, frozen=True):
    """A change retired a type for ever: nobody drafts statements of it, and its name is taken."""

    TAG = "type-retired.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} retired the type {name}, by change {change}",
            timeline="A type of statement was retired",
            about="name",
        ),
    )
    change: str
    name: str
    pending: TypePending
