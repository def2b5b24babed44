"""Acceptances of governance, and the code with which an auditor refuses the last event."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain.events import GovernanceAccepted
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node
from tests.support.changes import acceptance
from tests.support.chronicle import FOUNDING, statement_id
from tests.support.signers import Signer
from tests.vectors.changes.company import (
    TWO,
    TWO_NODE,
    Company,
    Item,
    end,
    governance,
    grant,
    stand,
)

Try = Callable[[Company], None]
Part = Callable[[Company], list[str]]
BOARD: Item = {"define-role": {"role": "board"}}
CHANGE = statement_id(9)
WIDER = Node(1, ("role:administrator", f"user:{UUID(int=3)}"))


def _unseen(told: Company, who: Signer, by: Signer | None = None, **said: Any) -> None:
    """Append an acceptance as the last event; `said` is what its act says instead."""
    signer = by or who
    about = acceptance(FOUNDING) | said
    act = signer.act("accept-governance", **about)
    stated = about["policySha256"], about["change"]
    confirmed = signer.confirm(act), signer.passkey.sign_count
    told.add(who.user, GovernanceAccepted(*stated, signer.key.kid, act, *confirmed))


def _granted(told: Company) -> None:
    """Let Ivy hold a role that governs, which she has not accepted."""
    told.change(told.ada, 3, grant(told.ivy, "administrator"))


def _raise(told: Company) -> Item:
    return governance(TWO, FOUNDING, told.ada, told.ben)


def _accepts(**said: Any) -> Try:
    def told_so(told: Company) -> None:
        _granted(told)
        _unseen(told, told.ivy, **said)

    return told_so


def _accepts_pending(*policies: Node, accepted: Node = TWO_NODE) -> Try:
    """Return the acceptance of a policy by Ben while a change sets these."""

    def told_so(told: Company) -> None:
        before, items = FOUNDING, []
        for each in policies:
            people = (told.ada, told.ben) if each.threshold > 1 else ()
            items.append(governance(msgspec.to_builtins(each), before, *people))
            before = each
        told.draft_change(told.ada, 9, *items)
        _unseen(told, told.ben, **acceptance(accepted, CHANGE))

    return told_so


def after_the_change_was_withdrawn(told: Company) -> None:
    raw = told.draft_change(told.ada, 9, _raise(told))
    told.withdraw(told.ada, raw)
    _unseen(told, told.ben, **acceptance(TWO_NODE, CHANGE))


def after_the_change_was_approved(told: Company) -> None:
    told.change(told.ada, 9, _raise(told))
    _unseen(told, told.ben, **acceptance(TWO_NODE, CHANGE))


def after_the_change_expired(told: Company) -> None:
    told.draft_change(told.ada, 9, _raise(told))
    told.time.ms += 31 * 86_400_000
    _unseen(told, told.ben, **acceptance(TWO_NODE, CHANGE))


def of_a_plain_statement(told: Company) -> None:
    told.draft(told.cal, 9, policy={"threshold": 1, "of": ["role:investor"]})
    _unseen(told, told.ben, **acceptance(TWO_NODE, CHANGE))


def twice(told: Company) -> None:
    _granted(told)
    told.accept(told.ivy, FOUNDING)
    _unseen(told, told.ivy)


def _held_back(ms: int) -> Try:
    """Return an acceptance that was signed so long before or after the end of the last holding."""

    def told_so(told: Company) -> None:
        _granted(told)
        told.change(told.ada, 4, end(told.ivy, "administrator"))
        ended_ms = clock.to_ms(told.events[-1].at)
        told.change(told.ada, 5, grant(told.ivy, "administrator"))
        told.time.ms += 60_000
        _unseen(told, told.ivy, iat=(ended_ms + ms) // 1000)

    return told_so


def for_another_role(told: Company) -> None:
    rules = {"threshold": 1, "of": ["role:administrator", "role:board"]}
    told.change(told.ada, 3, BOARD, grant(told.ivy, "administrator"))
    told.change(told.ada, 4, governance(rules, FOUNDING))
    told.change(told.ada, 5, grant(told.ivy, "board"), governance=rules)
    _unseen(told, told.ivy, **acceptance(msgspec.convert(rules, Node)))


def by_an_investor(told: Company) -> None:
    _unseen(told, told.ivy)


def by_somebody_suspended(told: Company) -> None:
    told.change(told.ada, 3, grant(told.ivy, "administrator"), stand("suspend", told.ivy))
    _unseen(told, told.ivy)


def by_another_key(told: Company) -> None:
    _granted(told)
    _unseen(told, told.ivy, by=told.ada)


def confirmed_by_another_passkey(told: Company) -> None:
    _granted(told)
    body = told.acceptance_of(told.ivy, FOUNDING)
    assert isinstance(body, GovernanceAccepted)
    told.add(told.ivy.user, msgspec.structs.replace(body, assertion=told.ada.confirm(body.act)))


def recorded_as(**members: Any) -> Try:
    """Return an acceptance whose event says something else than its act."""

    def told_so(told: Company) -> None:
        _granted(told)
        body = told.acceptance_of(told.ivy, FOUNDING)
        told.add(told.ivy.user, msgspec.structs.replace(body, **members))

    return told_so


# --- who counts ----------------------------------------------------------------------------------


def _approved_by_ivy(told: Company) -> None:
    raw = told.begin(told.ivy, BOARD)
    told.approve_unseen(told.ivy, raw)


def approved_before_an_acceptance(told: Company) -> None:
    _granted(told)
    _approved_by_ivy(told)


def approved_after_an_acceptance(told: Company) -> None:
    _granted(told)
    told.accept(told.ivy, FOUNDING)
    told.change(told.ivy, 9, BOARD)


def approved_in_the_next_holding(told: Company) -> None:
    _granted(told)
    told.accept(told.ivy, FOUNDING)
    told.change(told.ada, 4, end(told.ivy, "administrator"))
    told.change(told.ada, 5, grant(told.ivy, "administrator"))
    _approved_by_ivy(told)


def approved_with_a_role_that_came_later(told: Company) -> None:
    rules = {"threshold": 1, "of": ["role:administrator", "role:board"]}
    told.change(told.ada, 3, BOARD, grant(told.ivy, "administrator"))
    told.change(told.ada, 4, governance(rules, FOUNDING))
    moved = [grant(told.ivy, "board"), end(told.ivy, "administrator")]
    told.change(told.ada, 5, *moved, governance=rules)
    raw = told.begin(told.ivy, {"define-role": {"role": "legal"}}, governance=rules)
    told.approve_unseen(told.ivy, raw)


def _raised_after(*who: str) -> Try:
    """Return the approval that raises governance after these people accepted the new policy."""

    def told_so(told: Company) -> None:
        raw = told.draft_change(told.ada, 9, _raise(told))
        for name in who:
            told.accept(getattr(told, name), TWO_NODE, CHANGE)
        told.approve_unseen(told.ada, raw)

    return told_so


def _raised_whole(told: Company) -> None:
    told.change(told.ada, 9, _raise(told))


def left_to_somebody_who_has_not_accepted(told: Company) -> None:
    _granted(told)
    raw = told.begin(told.ada, end(told.ada, "administrator"), end(told.ben, "administrator"))
    told.approve_unseen(told.ada, raw)


def left_to_somebody_who_has(told: Company) -> None:
    _granted(told)
    told.accept(told.ivy, FOUNDING)
    told.change(told.ada, 9, end(told.ada, "administrator"), end(told.ben, "administrator"))


ACCEPTANCES: dict[str, tuple[Try, str | None]] = {
    "an acceptance of the policy in force": (_accepts(), None),
    "an acceptance of another policy": (_accepts(**acceptance(TWO_NODE)), "governance_changed"),
    "an acceptance of what a pending change sets": (_accepts_pending(TWO_NODE), None),
    "an acceptance of what a pending change sets first": (
        _accepts_pending(WIDER, TWO_NODE, accepted=WIDER),
        "governance_changed",
    ),
    "an acceptance of what a change does not set": (
        _accepts_pending(WIDER),
        "governance_changed",
    ),
    "an acceptance of a change that sets no governance": (
        of_a_plain_statement,
        "governance_changed",
    ),
    "an acceptance of a withdrawn change": (after_the_change_was_withdrawn, "statement_withdrawn"),
    "an acceptance of an approved change": (after_the_change_was_approved, "statement_approved"),
    "an acceptance of an expired change": (after_the_change_expired, "statement_expired"),
    "an acceptance of an unknown change": (
        _accepts(**acceptance(FOUNDING, CHANGE)),
        "statement_unknown",
    ),
    "an acceptance of a change without an id": (
        _accepts(**acceptance(FOUNDING, "x")),
        "id_invalid",
    ),
    "an acceptance twice": (twice, "governance_accepted"),
    "an acceptance for another role": (for_another_role, None),
    "an acceptance by an investor": (by_an_investor, "governance_only"),
    "an acceptance by somebody suspended": (by_somebody_suspended, "person_suspended"),
    "an acceptance by another's key": (by_another_key, "key_unknown"),
    "an acceptance by another's passkey": (confirmed_by_another_passkey, "passkey_unknown"),
    "an acceptance for another ledger": (
        _accepts(ledger="another.example/l"),
        "ledger_mismatch",
    ),
    "an acceptance too late": (_accepts(iat=1_700_000_000), "iat_stale"),
    "an acceptance of an earlier holding": (_held_back(-1_000), "out_of_order"),
    "an acceptance in the second in which the role ended": (_held_back(0), "out_of_order"),
    "an acceptance after the role ended": (_held_back(1_000), None),
    "an acceptance with a member too many": (_accepts(role="administrator"), "act_mismatch"),
    "an acceptance recorded for another policy": (
        recorded_as(policy_sha256=policy_digest(TWO_NODE)),
        "decision_mismatch",
    ),
    "an acceptance recorded for a change": (recorded_as(change=CHANGE), "decision_mismatch"),
    "an approval before an acceptance": (approved_before_an_acceptance, "governance_not_accepted"),
    "an approval after an acceptance": (approved_after_an_acceptance, None),
    "an approval in the next holding of a role": (
        approved_in_the_next_holding,
        "governance_not_accepted",
    ),
    "an approval with a role that came after the acceptance": (
        approved_with_a_role_that_came_later,
        "governance_not_accepted",
    ),
    "a raise that nobody accepted": (_raised_after(), "governance_unmeetable"),
    "a raise that one of two accepted": (_raised_after("ada"), "governance_unmeetable"),
    "a raise that both accepted": (_raised_whole, None),
    "the end of all but a holder who has not accepted": (
        left_to_somebody_who_has_not_accepted,
        "governance_unmeetable",
    ),
    "the end of all but a holder who has accepted": (left_to_somebody_who_has, None),
}


def naming_a_change_that_is_left_out(told: Company) -> list[str]:
    _unseen(told, told.ivy, **acceptance(TWO_NODE, statement_id(77)))
    return [str(told.events[0].stream), told.ivy.user]


ACCEPTED_PARTS: dict[str, tuple[Part, str | None]] = {
    "an acceptance whose change a part leaves out": (naming_a_change_that_is_left_out, None),
}
