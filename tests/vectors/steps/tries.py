"""Statements with steps, told and forged: what an auditor says of the last event."""

from collections.abc import Callable
from typing import Any

import msgspec

from ledger.domain.events import StatementDrafted, StatementRejected, StatementSigned
from tests.support.chronicle import about, statement_id
from tests.support.document_end import ends_at
from tests.support.versions import copied
from tests.vectors.changes.company import Company

Node = dict[str, Any]


def one_of(*members: str) -> Node:
    return {"threshold": 1, "of": list(members)}


class Steps(Company):
    """The company, with a statement that first an investor approves and then an administrator."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = self.drafts(one_of("role:investor"), one_of("role:administrator"))

    def drafts(self, *steps: Node, number: int = 5) -> bytes:
        return self.draft(self.cal, number, policy={"steps": list(steps)})

    def drafts_unseen(self, **policy: Any) -> None:
        """Append a draft as the last event."""
        raw = self.cal.document(statementId=statement_id(9), policy=policy)
        act = self.cal.draft_act(raw)
        own = self.cal.user, self.cal.key.kid, act
        body = StatementDrafted(raw.decode(), *own, ends_at(raw), read_by="everyone")
        self.add(statement_id(9), body)

    def approves(self, who: Any, raw: bytes | None = None) -> None:
        raw = raw or self.raw
        self.sign(who, who.shared(raw), raw)

    def approves_unseen(self, who: Any, step: int | None, status: Any, **members: Any) -> None:
        """Append an approval as the last event, also one that the steps refuse."""
        number = members.pop("number", 5)
        jws = who.shared(members.pop("raw", self.raw))
        body = StatementSigned(
            signer=who.user,
            kid=who.key.kid,
            roles=tuple(sorted(who.roles)),
            form="shared",
            iat=self.time.ms // 1000,
            status=status,
            jws=jws,
            step=step,
        )
        self.add(statement_id(number), msgspec.structs.replace(body, **members))


def met_in_order(told: Steps) -> None:
    told.approves(told.ivy)
    told.approves_unseen(told.ben, 2, "approved")


def met_before_its_end(told: Steps) -> None:
    told.approves_unseen(told.ivy, 1, "approved")


def met_and_not_said(told: Steps) -> None:
    told.approves(told.ivy)
    told.approves_unseen(told.ben, 2, "pending")


def the_second_step_first(told: Steps) -> None:
    told.approves_unseen(told.ada, 2, "pending")


def said_to_fill_another_step(told: Steps) -> None:
    told.approves_unseen(told.ivy, 2, "pending")


def said_to_fill_no_step(told: Steps) -> None:
    told.approves_unseen(told.ivy, None, "pending")


def a_step_without_steps(told: Steps) -> None:
    raw = told.draft(told.cal, 6, policy=one_of("role:investor"))
    told.approves_unseen(told.ivy, 1, "approved", raw=raw, number=6)


def more_than_it_needs(told: Steps) -> None:
    told.approves(told.ivy)
    told.approves(told.ada)
    told.approves_unseen(told.ben, 2, "approved")


def by_whom_a_later_step_needs(told: Steps) -> None:
    ada, ben = f"user:{told.ada.user}", f"user:{told.ben.user}"
    raw = told.drafts(one_of(ada, ben), one_of(ada), number=6)
    told.approves_unseen(told.ada, 1, "pending", raw=raw, number=6)


def a_place_that_is_filled(told: Steps) -> None:
    two: Node = {"threshold": 2, "of": [one_of("role:administrator"), "role:investor"]}
    raw = told.drafts(two, one_of("role:creator"), number=6)
    told.approves(told.ada, raw)
    told.approves_unseen(told.ben, 1, "pending", raw=raw, number=6)


def a_version(told: Steps, **policy: Any) -> bytes:
    """Record the draft of a new version of what Cal and Ivy approved, which Cal may not sign."""
    both: Node = {"threshold": 2, "of": ["role:creator", "role:investor"]}
    first = told.draft(told.cal, 6, policy=both)
    for who in (told.cal, told.ivy):
        told.sign(who, who.shared(first), first)
    rules = policy | {"creatorMaySign": False}
    return told.draft(told.cal, 7, policy=rules, supersedes=copied(first))


def met_with_a_creator_who_may_not_sign(told: Steps, status: Any = "approved") -> None:
    raw = a_version(told, threshold=2, of=["role:creator", "role:investor"])
    told.approves(told.cal, raw)
    told.approves_unseen(told.ivy, None, status, raw=raw, number=7)


def a_step_by_a_creator_who_may_not_sign(told: Steps, step: int | None = 1) -> None:
    raw = a_version(told, steps=[one_of("role:creator", "role:investor")] * 2)
    told.approves_unseen(told.cal, step, "pending", raw=raw, number=7)


def in_the_individual_form(told: Steps) -> None:
    jws = told.ivy.individual(told.raw)
    told.approves_unseen(told.ivy, 1, "pending", jws=jws, form="individual")


def rejected_in_a_later_step(told: Steps, status: Any = "rejected") -> None:
    ada = f"user:{told.ada.user}"
    raw = told.drafts(one_of("role:investor"), one_of(ada), number=6)
    act = told.ada.act("reject", **about(raw), reason="The amount is too low.")
    body = StatementRejected(
        signer=told.ada.user,
        kid=told.ada.key.kid,
        roles=("administrator",),
        reason="The amount is too low.",
        iat=told.time.ms // 1000,
        status=status,
        act=act,
    )
    told.add(statement_id(6), body)


def rejected_and_not_said(told: Steps) -> None:
    rejected_in_a_later_step(told, "pending")


TRIES: dict[str, tuple[Callable[[Steps], None], str | None]] = {
    "steps met in order": (met_in_order, None),
    "approved after the first of two steps": (met_before_its_end, "decision_mismatch"),
    "the last step met and not said": (met_and_not_said, "decision_mismatch"),
    "the second step first": (the_second_step_first, "step_closed"),
    "said to fill another step": (said_to_fill_another_step, "decision_mismatch"),
    "said to fill no step": (said_to_fill_no_step, "decision_mismatch"),
    "a step of a policy without steps": (a_step_without_steps, "decision_mismatch"),
    "an approval after the last step": (more_than_it_needs, "not_needed"),
    "by somebody whom a later step needs": (by_whom_a_later_step_needs, "needed_later"),
    "for a place that is filled": (a_place_that_is_filled, "not_needed"),
    "met with a creator who may not sign": (
        met_with_a_creator_who_may_not_sign,
        "decision_mismatch",
    ),
    "not yet met without a creator who may not sign": (
        lambda told: met_with_a_creator_who_may_not_sign(told, "pending"),
        None,
    ),
    "a step filled by a creator who may not sign": (
        a_step_by_a_creator_who_may_not_sign,
        "decision_mismatch",
    ),
    "no step filled by a creator who may not sign": (
        lambda told: a_step_by_a_creator_who_may_not_sign(told, None),
        None,
    ),
    "in the individual form": (in_the_individual_form, "shared_form_required"),
    "rejected by the one of a later step": (rejected_in_a_later_step, None),
    "rejected in a later step and not said": (rejected_and_not_said, "decision_mismatch"),
    "drafted with one step": (
        lambda told: told.drafts_unseen(steps=[one_of("role:investor")]),
        "policy_invalid",
    ),
    "drafted with steps and a threshold": (
        lambda told: told.drafts_unseen(steps=[one_of("role:investor")] * 2, threshold=2),
        "policy_invalid",
    ),
    "drafted with steps and an empty root": (
        lambda told: told.drafts_unseen(steps=[one_of("role:investor")] * 2, threshold=0, of=[]),
        "policy_invalid",
    ),
    "drafted with no steps at all": (
        lambda told: told.drafts_unseen(steps=[]),
        "policy_invalid",
    ),
    "drafted with nine steps": (
        lambda told: told.drafts_unseen(steps=[one_of("role:investor")] * 9),
        "policy_too_complex",
    ),
    "drafted with steps in a step": (
        lambda told: told.drafts_unseen(steps=[{"steps": [one_of("role:investor")] * 2}] * 2),
        "document_malformed",
    ),
    "drafted with null for its root": (
        lambda told: told.drafts_unseen(
            steps=[one_of("role:investor")] * 2, threshold=None, of=None
        ),
        "document_malformed",
    ),
    "drafted with one person for two steps": (
        lambda told: told.drafts_unseen(steps=[one_of(f"user:{told.ada.user}")] * 2),
        "policy_impossible",
    ),
}
