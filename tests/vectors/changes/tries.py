"""What else is tried with changes, and the code with which an auditor refuses the last event."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from ledger.clock import to_ms
from ledger.domain import admission
from ledger.domain.charter import STREAM
from ledger.domain.events import (
    Body,
    RoleEnded,
    RoleGranted,
    StandingSet,
    StatementDrafted,
    StatementSigned,
)
from ledger.domain.invitations import AdmittedAs
from tests.support.changes import set_charter, values
from tests.support.chronicle import statement_id
from tests.support.document_end import ends_at
from tests.support.versions import copied
from tests.vectors.changes.company import (
    SOON,
    TWO,
    TWO_NODE,
    Company,
    end,
    governance,
    grant,
    stand,
)


def by_a_creator(told: Company) -> None:
    told.draft_unseen(told.cal, grant(told.cal, "administrator"))


def under_another_policy(told: Company) -> None:
    told.draft_unseen(told.ada, grant(told.ivy, "creator"), governance=TWO)


def without_a_passkey(told: Company) -> None:
    policy = {"threshold": 1, "of": ["role:administrator"], "expiresAt": SOON}
    told.draft_unseen(told.ada, grant(told.ivy, "creator"), policy=policy)


def without_an_end(told: Company) -> None:
    policy = {"threshold": 1, "of": ["role:administrator"], "assurance": "passkey"}
    told.draft_unseen(told.ada, grant(told.ivy, "creator"), policy=policy)


def pending_for_91_days(told: Company) -> None:
    policy = {"threshold": 1, "of": ["role:administrator"], "assurance": "passkey"}
    told.draft_unseen(
        told.ada,
        grant(told.ivy, "creator"),
        policy=policy | {"expiresAt": "2027-02-20T04:00:00.000Z"},
    )


def under_another_title(told: Company) -> None:
    told.draft_unseen(told.ada, grant(told.ivy, "creator"), title="A small correction")


def of_an_unknown_type(told: Company) -> None:
    item = grant(told.ivy, "creator")
    told.draft_unseen(told.ada, item, type={"name": "ledger/change", "version": 2})


def said_to_be_plain(told: Company) -> None:
    told.draft_unseen(told.ada, grant(told.ivy, "creator"), said=None)


def superseding(told: Company) -> None:
    told.draft_unseen(told.ada, grant(told.ivy, "creator"), supersedes=copied(told.ada.document()))


def without_its_approval(told: Company) -> None:
    told.begin(told.ada, grant(told.ivy, "creator"))
    told.add(told.ivy.user, RoleGranted(statement_id(9), "creator"))


def without_its_effect(told: Company) -> None:
    raw = told.begin(told.ada, grant(told.ivy, "creator"))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    other = told.cal.document(statementId=statement_id(8))
    act = told.cal.draft_act(other)
    cal = told.cal.user, told.cal.key.kid
    drafted = StatementDrafted(other.decode(), *cal, act, ends_at(other), read_by="everyone")
    told.add(statement_id(8), drafted)


def with_an_effect(body: Body, of: str) -> Callable[[Company], None]:
    """Return the try of another effect than the role of creator for Ivy."""

    def told_so(told: Company) -> None:
        raw = told.begin(told.ada, grant(told.ivy, "creator"))
        told.tell(statement_id(9), told.approval_of(told.ada, raw))
        told.add(STREAM if of == "ledger" else getattr(told, of).user, body)

    return told_so


def with_its_effect_twice(told: Company) -> None:
    told.change(told.ada, 9, grant(told.ivy, "creator"))
    told.add(told.ivy.user, RoleGranted(statement_id(9), "creator"))


def with_effects_in_another_order(told: Company) -> None:
    raw = told.begin(told.ada, grant(told.ivy, "creator"), end(told.ivy, "investor"))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    told.add(told.ivy.user, RoleEnded(statement_id(9), "investor"))


def with_an_effect_of_no_change(told: Company) -> None:
    told.add(told.ivy.user, RoleGranted(statement_id(77), "administrator"))


def with_an_effect_while_it_is_pending(told: Company) -> None:
    told.govern_by_two()
    told.change(told.ada, 9, grant(told.ivy, "creator"), governance=TWO)
    told.add(told.ivy.user, RoleGranted(statement_id(9), "creator"))


def approved_by_one_of_two(told: Company) -> None:
    told.govern_by_two()
    raw = told.begin(told.ada, grant(told.ivy, "creator"), governance=TWO)
    signed = told.approval_of(told.ada, raw)
    told.add(statement_id(9), type(signed)(**{**_fields(signed), "status": "approved"}))


def _fields(body: StatementSigned) -> dict[str, Any]:
    return {name: getattr(body, name) for name in body.__struct_fields__}


def approved_by_two(told: Company) -> None:
    told.govern_by_two()
    raw = told.change(told.ada, 9, grant(told.ivy, "creator"), governance=TWO)
    told.approve_change(told.ben, raw)


def approved_after_it_became_impossible(told: Company) -> None:
    told.govern_by_two()
    first = told.change(told.ada, 9, grant(told.ivy, "creator"), governance=TWO)
    second = told.change(told.ada, 3, grant(told.ivy, "creator"), governance=TWO)
    told.approve_change(told.ben, second)
    told.approve_unseen(told.ben, first)


def approved_after_what_it_replaces_changed(told: Company) -> None:
    told.govern_by_two()
    invited = set_charter(values("invite"), values("open"))
    first = told.change(told.ada, 9, invited, governance=TWO)
    second = told.change(told.ada, 3, invited, governance=TWO)
    told.approve_change(told.ben, second)
    told.approve_unseen(told.ben, first)


def approved_after_governance_changed(told: Company) -> None:
    told.govern_by_two()
    one = {"threshold": 1, "of": ["role:administrator"]}
    first = told.change(told.ada, 9, grant(told.ivy, "creator"), governance=TWO)
    second = told.change(told.ada, 3, governance(one, TWO_NODE), governance=TWO)
    told.approve_change(told.ben, second)
    told.approve_unseen(told.ben, first)


def signed_with_a_closed_role(told: Company) -> None:
    told.change(told.ada, 3, {"define-role": {"role": "legal"}}, grant(told.ivy, "legal"))
    raw = told.draft(told.cal, 9, policy={"threshold": 1, "of": ["role:legal"]})
    signed = told.approval_of_plain(told.ivy, raw)
    told.change(told.ada, 4, {"close-role": {"role": "legal"}})
    told.add(statement_id(9), signed)


def signed_by_somebody_suspended(told: Company) -> None:
    raw = told.draft(told.cal, 9, policy={"threshold": 1, "of": ["role:investor"]})
    signed = told.approval_of_plain(told.ivy, raw)
    told.change(told.ada, 3, stand("suspend", told.ivy))
    told.add(statement_id(9), signed)


def signed_after_a_reinstatement(told: Company) -> None:
    raw = told.draft(told.cal, 9, policy={"threshold": 1, "of": ["role:investor"]})
    told.change(told.ada, 3, stand("suspend", told.ivy))
    told.change(told.ada, 4, stand("reinstate", told.ivy))
    told.sign(told.ivy, told.ivy.shared(raw), raw)


def signed_days_after_its_draft(told: Company, more_ms: int) -> None:
    raw = told.draft(told.cal, 9, policy={"threshold": 1, "of": ["role:investor"]})
    told.time.ms = to_ms(json.loads(raw)["createdAt"]) + 400 * 86_400_000 - 1
    signed = told.approval_of_plain(told.ivy, raw)
    told.time.ms += more_ms
    told.add(statement_id(9), signed)


def registered_under_an_id_in_capitals(told: Company) -> None:
    user = "0f0f0f0f-0000-4000-8000-00000000beef"
    told.add(user, admission.register(user.upper(), AdmittedAs(None, "creator")))


TRIES: dict[str, tuple[Callable[[Company], None], str | None]] = {
    "a registration under an id in capitals": (
        registered_under_an_id_in_capitals,
        "event_misplaced",
    ),
    "a draft by a creator": (by_a_creator, "governance_only"),
    "a draft under another policy": (under_another_policy, "governance_changed"),
    "a draft that asks for no passkey": (without_a_passkey, "governance_changed"),
    "a draft without an end": (without_an_end, "change_invalid"),
    "a draft that ends after 91 days": (pending_for_91_days, "change_invalid"),
    "a draft under another title": (under_another_title, "title_mismatch"),
    "a draft of an unknown type": (of_an_unknown_type, "type_unknown"),
    "a draft said to be of no type": (said_to_be_plain, "decision_mismatch"),
    "a draft that supersedes": (superseding, "change_invalid"),
    "an effect before the approval": (without_its_approval, "change_torn"),
    "another event before the effect": (without_its_effect, "effects_missing"),
    "another role": (
        with_an_effect(RoleGranted(statement_id(9), "administrator"), "ivy"),
        "decision_mismatch",
    ),
    "another change": (
        with_an_effect(RoleGranted(statement_id(1), "creator"), "ivy"),
        "decision_mismatch",
    ),
    "another person": (
        with_an_effect(RoleGranted(statement_id(9), "creator"), "cal"),
        "effect_unexpected",
    ),
    "another kind of effect": (
        with_an_effect(StandingSet(statement_id(9), "suspended"), "ivy"),
        "decision_mismatch",
    ),
    "an effect twice": (with_its_effect_twice, "effect_unexpected"),
    "effects in another order": (with_effects_in_another_order, "decision_mismatch"),
    "an effect of no change": (with_an_effect_of_no_change, "effect_unexpected"),
    "an effect of a pending change": (with_an_effect_while_it_is_pending, "effect_unexpected"),
    "one approval of two, said to be enough": (approved_by_one_of_two, "decision_mismatch"),
    "two approvals of two": (approved_by_two, None),
    "an approval of what became impossible": (
        approved_after_it_became_impossible,
        "change_no_effect",
    ),
    "an approval of what is outdated": (approved_after_what_it_replaces_changed, "change_outdated"),
    "an approval under the old governance": (
        approved_after_governance_changed,
        "governance_changed",
    ),
    "an approval in a closed role": (signed_with_a_closed_role, "not_a_signer"),
    "an approval by somebody suspended": (signed_by_somebody_suspended, "person_suspended"),
    "an approval after a reinstatement": (signed_after_a_reinstatement, None),
    "an approval before the end that every statement has": (
        partial(signed_days_after_its_draft, more_ms=0),
        None,
    ),
    "an approval 400 days after the draft": (
        partial(signed_days_after_its_draft, more_ms=1),
        "statement_expired",
    ),
}
