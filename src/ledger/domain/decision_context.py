"""What a decision on a statement depends on besides the statement. Pure."""

from collections.abc import Mapping, Set

import msgspec

from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.counting import RecordedDecisions, counted
from ledger.domain.passkey import AssertionEvidence, RelyingParty
from ledger.domain.person import Person
from ledger.domain.policy import Policy
from ledger.domain.vocabulary import VOTING_ROLES
from ledger.errors import MalformedError


class DecisionContext(msgspec.Struct, frozen=True):
    """The signer, the ledger, the time and the assertion of a decision.

    `deciders` are the people with a recorded decision that a later status depends on, as they are
    now; `roles` are those of the ledger whose holders sign.
    """

    person: Person
    ledger: str
    party: RelyingParty
    now_ms: int
    assertion: AssertionEvidence | None = None
    deciders: Mapping[str, Person] = {}
    roles: Set[str] = VOTING_ROLES

    def counted(self, decisions: RecordedDecisions) -> dict[str, frozenset[str]]:
        """Return who decided, with the roles that count, without the decisions in question."""
        return counted(decisions, self.deciders)

    def confirm(self, rules: Policy, jws_text: str) -> int | None:
        """Verify the assertion that assurance `passkey` requires; return its sign count, else None.

        Raises MalformedError `assertion_unexpected`; as `ConfirmedAct.confirmed_by` does.
        """
        if rules.assurance == "passkey":
            asked = ConfirmedAct(jws_text, self.assertion, self.ledger, self.party, self.now_ms)
            return asked.confirmed_by(self.person)[1]
        if self.assertion is not None:
            detail = "this policy does not use passkey assertions"
            raise MalformedError("assertion_unexpected", detail)
        return None
