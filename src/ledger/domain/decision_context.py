"""What a decision on a statement depends on besides the statement. Pure."""

from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec

from ledger.domain.charter_values import NO_FLOOR, Floor
from ledger.domain.counting import RecordedDecisions, counted
from ledger.domain.epochs import Loss, precedes_loss
from ledger.domain.passkey import AssertionEvidence, RelyingParty
from ledger.domain.person import Person
from ledger.domain.seen import seen
from ledger.domain.statement import Statement
from ledger.domain.statement_types import DefinedType, freshness_of, stops
from ledger.domain.vocabulary import VOTING_ROLES


class DecisionContext(msgspec.Struct, frozen=True):
    """The signer, the ledger, the time and the assertion of a decision.

    `deciders` are the people with a recorded decision that a later status depends on, as they are
    now; `roles` are those of the ledger whose holders sign, `floor` and `types` those of its
    charter, and `charter_version` is the version of the ledger's own stream; `losses` are the
    restores that lost something. `earlier` is the approved statement that the statement is to
    replace, as it is now.
    """

    person: Person
    ledger: str
    party: RelyingParty
    now_ms: int
    charter_version: int
    assertion: AssertionEvidence | None = None
    deciders: Mapping[str, Person] = {}
    roles: Set[str] = VOTING_ROLES
    earlier: Statement | None = None
    floor: Floor = NO_FLOOR
    types: Mapping[str, DefinedType] = {}
    losses: Sequence[Loss] = ()

    def stops(self, statement: Statement) -> bool:
        """Tell whether a pending statement has ended: with its type, or by a loss."""
        return stops(self.types, statement.type) or self.precedes_loss(statement)

    def freshness_ms(self, statement: Statement) -> int:
        """Return how old what is signed about a statement may be."""
        return freshness_of(self.types, statement.type)

    def precedes_loss(self, statement: Statement) -> bool:
        """Tell whether the ledger lost entries after the draft of a statement."""
        return precedes_loss(statement.drafted_at, self.losses)

    def seen(self, statement: Statement, counted: Iterable[str] | None = None) -> dict[str, int]:
        """Return what the event of a decision on this statement names as seen.

        `counted` are the people whose decisions it counted, None for a further decision.
        """
        users = statement.counts_on if counted is None else counted
        people = [*(self.deciders[user] for user in users), self.person]
        return seen(statement.seen, self.charter_version, people, self.earlier)

    def counted(self, decisions: RecordedDecisions) -> dict[str, frozenset[str]]:
        """Return who decided, with the roles that count, without the decisions in question."""
        return counted(decisions, self.deciders)
