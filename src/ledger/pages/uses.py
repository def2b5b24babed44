"""Uses of a statement on its page: who can use it, in a sentence, and what a person can do.

The server decides again when the act arrives. web/static/js/lib/uses.js writes the same sentence.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ledger.domain import policy
from ledger.domain.usable import GENERATIONS, Usable
from ledger.domain.vocabulary import AUDITOR
from ledger.pages.policy_texts import called, listed, moment
from ledger.pages.texts import text
from projections.statements import StatementDetail, Use
from projections.users import User


def usable_sentence(usable: Usable, names: Mapping[str, str]) -> str:
    """Return who can use a statement, how often and until when."""
    by = [
        text("uses.holders", role=name) if kind == "role" else called(name, names)
        for kind, _, name in (each.partition(":") for each in usable.by)
    ]
    until = "" if usable.until is None else text("uses.until", time=moment(usable.until))
    times = text("uses.times", count=usable.times)
    return text("uses.sentence", by=listed(by), times=times, until=until)


class ShownUse(NamedTuple):
    """A use, and whether the person who is shown it can report its outcome or confirm it."""

    use: Use
    outcome: str
    can_report: bool
    can_confirm: bool


class ShownUses(NamedTuple):
    """The uses of a statement as a person is shown them, and who can use it."""

    sentence: str
    uses: list[ShownUse]
    can_use: bool


def shown_uses(
    statement: StatementDetail, me: User, names: Mapping[str, str], *, takes_part: bool, now: str
) -> ShownUses:
    """Return the uses, and which acts are open to `me`; `now` is the time of the page."""
    usable, roles = statement.usable, frozenset(me.roles)
    signs = not roles <= {AUDITOR}
    named = usable is not None and any(policy.covers(each, me.id, roles) for each in usable.by)
    in_time = usable is not None and (usable.until is None or now < usable.until)
    return ShownUses(
        sentence="" if usable is None else usable_sentence(usable, names),
        uses=[_shown(each, me, takes_part=takes_part and signs) for each in statement.uses],
        can_use=statement.status == "approved"
        and named
        and signs
        and in_time
        and bool(statement.uses_left),
    )


def without_acts(shown: ShownUses) -> ShownUses:
    """Return the same uses with no act open, as a page of the past shows them."""
    uses = [each._replace(can_report=False, can_confirm=False) for each in shown.uses]
    return shown._replace(uses=uses, can_use=False)


def _shown(use: Use, me: User, *, takes_part: bool) -> ShownUse:
    is_own = use.person.id == me.id
    is_reported = use.outcome in ("done", "not-done")
    can_free = use.outcome == "not-done" and not use.freed and use.generation < GENERATIONS
    return ShownUse(
        use=use,
        outcome=_outcome(use),
        can_report=is_own and not is_reported,
        can_confirm=takes_part and not is_own and can_free,
    )


def _outcome(use: Use) -> str:
    if use.freed and use.confirmed_by is not None:
        return text("uses.outcome.freed", who=use.confirmed_by.name)
    return text(f"uses.outcome.{use.outcome or 'none'}")
