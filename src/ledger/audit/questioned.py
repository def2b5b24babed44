"""Decisions in question at the end of an audited log, and the statements that depend on them.

The audit decides each event as of its own position, where a later declaration did not count. What
such a declaration puts in question is counted here, with every person as they are at the end.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from ledger.audit.counts import Counts
from ledger.domain import places
from ledger.domain.counting import counted, in_question, recorded, steps_of
from ledger.domain.events import Event, StatementDecision
from ledger.domain.person import Person
from ledger.domain.statement import Statement


class Questioned:
    """Counts what is in question, given everybody as of the end of the log."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people: Mapping[str, Person] = {each.user: each for each in people}
        self._compromised = {each.user for each in self._people.values() if _is_compromised(each)}
        self._statements: set[UUID] = set()
        self._decisions = 0

    def look(self, event: Event, after: Statement) -> None:
        """Look at an event of a statement, and at the statement after it."""
        body = event.body
        if not self._compromised or not isinstance(body, StatementDecision):
            return
        if body.signer in self._compromised:
            self._decisions += in_question(self._people[body.signer], recorded(body, event.at))
        if after.status == "approved" and not self._compromised.isdisjoint(after.approvals):
            counting = counted(after.approvals, self._people)
            if places.met(after.policy, counting, steps_of(after.approvals)):
                self._statements.discard(event.stream)
            else:
                self._statements.add(event.stream)

    def count(self, counts: Counts) -> None:
        """Add what was found to the counts of this part."""
        counts.in_question = self._decisions
        counts.questioned = sorted(map(str, self._statements))


def _is_compromised(person: Person) -> bool:
    dates = [each.compromised_since for each in person.keys.values()]
    dates += [each.compromised_since for each in person.passkeys.values()]
    return any(since is not None for since in dates)
