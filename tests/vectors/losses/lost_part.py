"""The part of a log that a restore lost, whose acts are recorded late."""

from uuid import UUID

import msgspec

from ledger.domain.events import Body, Event
from ledger.domain.late_acts import LateAct
from tests.support.chronicle import statement_id
from tests.vectors.losses.aftermath import Aftermath
from tests.vectors.losses.people import LOSE, Step, then

CHANGE = statement_id(9)
MINUTE_MS = 60_000


class Lost:
    """A log after a restore, and what people had recorded in the part that it lost."""

    def __init__(self, it: Aftermath, kept: tuple[Step, ...], acts: Step) -> None:
        self.it = it
        then(*kept)(it)
        lost = Aftermath()
        then(*kept)(lost)
        size = len(lost.events)
        acts(lost)
        self.events = lost.events[size:]
        self.ms = lost.time.ms

    def restored(self, lose: Step = LOSE) -> None:
        self.it.time.ms = self.ms + MINUTE_MS
        lose(self.it)

    @property
    def acts(self) -> list[LateAct]:
        bodies = [each.body for each in self.events if str(each.stream) == CHANGE]
        return [each for each in bodies if isinstance(each, LateAct)]

    def tell(self, acts: list[LateAct]) -> None:
        for body in acts:
            self.it.tell(CHANGE, self.seeing(body))

    def retell(self) -> None:
        """Tell the acts of all changes, each with its effects."""
        for each in self.events:
            if isinstance(each.body, LateAct):
                self.it.tell(each.stream, self.seeing(each.body, str(each.stream)))
                self.it.tell_effects()

    def seeing(self, body: LateAct, change: str = CHANGE) -> Body:
        """Return a late act with what its decision has to have seen at this position."""
        it, said = self.it, msgspec.structs.replace(body, late=True)
        version = 1 + sum(str(each.stream) == change for each in it.events)
        again = it.auditor.decide(Event(UUID(change), version, str(it.time), said))
        it.auditor.due = ()
        assert isinstance(again, LateAct)
        return msgspec.structs.replace(said, seen=again.seen)
