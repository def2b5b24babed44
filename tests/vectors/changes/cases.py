"""What administrators try, and the code with which an auditor refuses the last event of each try.

Each case goes on from the company's story. All events but the last are valid.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from ledger.domain import statement
from ledger.domain.approval import parse_approval
from ledger.domain.charter import STREAM
from ledger.domain.events import (
    Body,
    Event,
    RoleEnded,
    RoleGranted,
    StandingSet,
    StatementDrafted,
    StatementSigned,
)
from ledger.domain.governance import policy_digest, values_digest
from ledger.domain.policy import Node
from ledger.domain.vocabulary import CHANGE
from tests.support.changes import invite
from tests.support.chronicle import FOUNDING, Chronicle, statement_id
from tests.support.signers import Signer

SOON = "2026-12-01T00:00:00.000Z"
INVITATION = "0f0f0f0f-0000-4000-8000-000000000001"
OTHER_INVITATION = "0f0f0f0f-0000-4000-8000-000000000002"
NOBODY = "00000000-0000-4000-8000-00000000dead"
TWO: dict[str, Any] = {"threshold": 2, "of": ["role:administrator"]}
TWO_NODE = Node(2, ("role:administrator",))
Item = dict[str, Any]


class Company(Chronicle):
    """A ledger with two administrators, Ada and Ben, a creator, Cal, and an investor, Ivy."""

    def __init__(self) -> None:
        super().__init__()
        self.found()
        self.ada, self.ben = self.signer(1, "administrator"), self.signer(2, "administrator")
        self.cal, self.ivy = self.signer(3, "creator"), self.signer(4, "investor")
        self.register(self.ada, "Ada", "setup")
        self.invite(self.ada, 1, "administrator", INVITATION)
        self.register(self.ben, "Ben", INVITATION)
        self.register(self.cal, "Cal")
        self.register(self.ivy, "Ivy")

    def add(self, stream: str | UUID, body: Body) -> None:
        """Append the last event, which no auditor has seen."""
        stream = UUID(str(stream))
        version = 1 + sum(event.stream == stream for event in self.events)
        self.events.append(Event(stream, version, str(self.time), body))

    def govern_by_two(self) -> None:
        """Let changes need both administrators."""
        self.change(self.ada, 2, governance(TWO, FOUNDING))

    def draft_unseen(self, who: Signer, *items: Item, **members: Any) -> None:
        """Append the draft of a change as the last event."""
        said = members.pop("said", CHANGE)
        raw = who.change(*items, statementId=statement_id(9), **members)
        act = who.draft_act(raw)
        self.add(statement_id(9), StatementDrafted(raw.decode(), who.user, who.key.kid, act, said))

    def begin(self, who: Signer, *items: Item, **members: Any) -> bytes:
        """Record the draft of a change; its approval comes last, or never."""
        raw = who.change(*items, statementId=statement_id(9), **members)
        act = who.draft_act(raw)
        body = StatementDrafted(raw.decode(), who.user, who.key.kid, act, CHANGE)
        self.tell(statement_id(9), body)
        return raw

    def approve_unseen(self, who: Signer, raw: bytes, number: int = 9) -> None:
        """Append an approval as the last event."""
        self.add(statement_id(number), self.approval_of(who, raw, number))

    def approval_of(self, who: Signer, raw: bytes, number: int = 9) -> StatementSigned:
        jws = who.shared(raw)
        subject = self.auditor.statements[UUID(statement_id(number))]
        return statement.sign(subject, parse_approval(jws), self._decision(who, who.confirm(jws)))

    def approval_of_plain(self, who: Signer, raw: bytes) -> StatementSigned:
        jws = who.shared(raw)
        subject = self.auditor.statements[UUID(statement_id(9))]
        return statement.sign(subject, parse_approval(jws), self._decision(who))


def governance(policy: dict[str, Any], was: Node) -> Item:
    return {"set-governance": {"policy": policy, "was": policy_digest(was)}}


def grant(who: Signer, role: str) -> Item:
    return {"grant-role": {"user": who.user, "role": role}}


def end(who: Signer, role: str) -> Item:
    return {"end-role": {"user": who.user, "role": role}}


def stand(what: str, who: Signer) -> Item:
    return {what: {"user": who.user}}


# --- what is decided when a change is drafted ----------------------------------------------------


def drafts(told: Company) -> dict[str, tuple[str, list[Item]]]:
    """Return, by name, the code and the items of each draft that Ada tries."""
    ada, ben, cal, ivy = told.ada, told.ben, told.cal, told.ivy
    closed_governance = {"threshold": 1, "of": ["role:nobody"]}
    named = {"threshold": 1, "of": [f"user:{NOBODY}"]}
    gone = "0f0f0f0f-0000-4000-8000-00000000000f"
    return {
        "a role that is held": ("change_no_effect", [grant(ivy, "investor")]),
        "a role twice": ("change_no_effect", [grant(ivy, "creator"), grant(ivy, "creator")]),
        "an unknown role": ("role_unknown", [grant(ivy, "legal")]),
        "a role before it is defined": (
            "role_unknown",
            [grant(ivy, "legal"), {"define-role": {"role": "legal"}}],
        ),
        "a role to nobody": ("user_unknown", [{"grant-role": {"user": NOBODY, "role": "creator"}}]),
        "the end of a role that is not held": ("change_no_effect", [end(ivy, "creator")]),
        "a built-in role": ("role_known", [{"define-role": {"role": "auditor"}}]),
        "the same role twice": ("role_known", [{"define-role": {"role": "legal"}}] * 2),
        "a role that was closed": (
            "role_known",
            [
                {"define-role": {"role": "legal"}},
                {"close-role": {"role": "legal"}},
                {"define-role": {"role": "legal"}},
            ],
        ),
        "the end of a built-in role": ("role_unknown", [{"close-role": {"role": "investor"}}]),
        "a closed role": (
            "role_unknown",
            [
                {"define-role": {"role": "legal"}},
                {"close-role": {"role": "legal"}},
                grant(ivy, "legal"),
            ],
        ),
        "an invitation that is known": (
            "invitation_known",
            [invite("new", "creator", SOON, invitation=INVITATION)],
        ),
        "a token that is known": (
            "invitation_known",
            [invite("token", "creator", SOON, invitation=OTHER_INVITATION)],
        ),
        "an invitation that is over": (
            "invitation_expired",
            [invite("new", "creator", "2026-11-21T03:04:05.678Z", invitation=OTHER_INVITATION)],
        ),
        "an invitation to no role": (
            "role_unknown",
            [invite("new", "legal", SOON, invitation=OTHER_INVITATION)],
        ),
        "the end of an unknown invitation": (
            "change_no_effect",
            [{"cancel-invitation": {"invitation": gone}}],
        ),
        "the end of nobody's suspension": ("change_no_effect", [stand("reinstate", ivy)]),
        "a suspension of somebody suspended": ("change_no_effect", [stand("suspend", ivy)] * 2),
        "a role for somebody deactivated": (
            "change_no_effect",
            [stand("deactivate", ivy), grant(ivy, "creator")],
        ),
        "a return of somebody deactivated": (
            "change_no_effect",
            [stand("deactivate", ivy), stand("reinstate", ivy)],
        ),
        "the charter as it is": (
            "change_no_effect",
            [{"set-charter": {"registration": "open", "was": values_digest("open")}}],
        ),
        "a charter that is not there": (
            "change_outdated",
            [{"set-charter": {"registration": "open", "was": values_digest("invite")}}],
        ),
        "governance as it is": (
            "change_no_effect",
            [governance({"threshold": 1, "of": ["role:administrator"]}, FOUNDING)],
        ),
        "governance that is not there": ("change_outdated", [governance(TWO, TWO_NODE)]),
        "governance by a role that people choose": (
            "governance_invalid",
            [governance({"threshold": 1, "of": ["role:creator"]}, FOUNDING)],
        ),
        "governance by an unknown role": (
            "role_unknown",
            [governance(closed_governance, FOUNDING)],
        ),
        "governance by nobody": ("user_unknown", [governance(named, FOUNDING)]),
        "governance by three of two": (
            "governance_unmeetable",
            [governance({"threshold": 3, "of": ["role:administrator"]}, FOUNDING)],
        ),
        "the end of the last administrator": (
            "governance_unmeetable",
            [end(ada, "administrator"), end(ben, "administrator")],
        ),
        "a suspension of all administrators": (
            "governance_unmeetable",
            [stand("suspend", ada), stand("suspend", ben)],
        ),
        "governance by somebody who cannot act": (
            "governance_unmeetable",
            [
                governance({"threshold": 1, "of": [f"user:{cal.user}"]}, FOUNDING),
                stand("suspend", cal),
            ],
        ),
        "no items": ("change_invalid", []),
        "33 items": ("change_invalid", [{"define-role": {"role": f"r{n}"}} for n in range(33)]),
        "an item of two members": (
            "change_invalid",
            [{"define-role": {"role": "a"}, "close-role": {"role": "a"}}],
        ),
        "an unknown item": ("change_invalid", [{"crown": {"user": ivy.user}}]),
        "an item with another member": (
            "change_invalid",
            [{"suspend": {"user": ivy.user, "reason": "x"}}],
        ),
        "an item without a member": ("change_invalid", [{"grant-role": {"user": ivy.user}}]),
        "a role's name in capitals": ("change_invalid", [{"define-role": {"role": "Legal"}}]),
        "an id in capitals": ("id_invalid", [stand_id("suspend", NOBODY.upper())]),
        "a digest that is none": (
            "change_invalid",
            [{"set-charter": {"registration": "open", "was": "0"}}],
        ),
        "a charter's value that is unknown": (
            "change_invalid",
            [{"set-charter": {"homes": ["device"], "was": values_digest("open")}}],
        ),
    }


def stand_id(what: str, user: str) -> Item:
    return {what: {"user": user}}


# --- what else is tried --------------------------------------------------------------------------


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
    told.draft_unseen(told.ada, grant(told.ivy, "creator"), supersedes=statement_id(1))


def without_its_approval(told: Company) -> None:
    told.begin(told.ada, grant(told.ivy, "creator"))
    told.add(told.ivy.user, RoleGranted(statement_id(9), "creator"))


def without_its_effect(told: Company) -> None:
    raw = told.begin(told.ada, grant(told.ivy, "creator"))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    other = told.cal.document(statementId=statement_id(8))
    act = told.cal.draft_act(other)
    told.add(
        statement_id(8), StatementDrafted(other.decode(), told.cal.user, told.cal.key.kid, act)
    )


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
    invited = {"set-charter": {"registration": "invite", "was": values_digest("open")}}
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


TRIES: dict[str, tuple[Callable[[Company], None], str | None]] = {
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
}
