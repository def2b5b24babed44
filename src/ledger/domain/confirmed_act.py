"""An act as it was asked for: with a passkey's assertion, where it is asked, and when."""

from typing import NamedTuple

from ledger.domain import stepup
from ledger.domain.passkey import AssertionEvidence, RelyingParty
from ledger.domain.person import Person
from ledger.errors import RefusedError


class ConfirmedAct(NamedTuple):
    """An act's text, a passkey's assertion over it if there is one, the ledger, and the time."""

    text: str
    assertion: AssertionEvidence | None
    ledger: str
    party: RelyingParty
    now_ms: int

    def confirmed_by(self, person: Person) -> tuple[AssertionEvidence, int]:
        """Return the assertion by a live passkey of this person, and its sign count.

        Raises RefusedError `assertion_required` without one, else as `stepup.confirm` does.
        """
        if self.assertion is None:
            raise RefusedError("assertion_required", "this needs to be confirmed with a passkey")
        sign_count = stepup.confirm(
            person,
            self.text,
            self.assertion,
            ledger=self.ledger,
            party=self.party,
            now_ms=self.now_ms,
        )
        return self.assertion, sign_count
