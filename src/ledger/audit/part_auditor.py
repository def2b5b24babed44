"""Audit some streams of a log, with everybody as of each position; look the rest up in the file.

`shares` gives each part of an audit such an auditor; `replay` folds one statement with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from uuid import UUID

import msgspec

from ledger.audit.compared_rows import compared
from ledger.audit.counts import Counts
from ledger.audit.source import AuditedLog, EventRow
from ledger.audit.verified_ahead import VerifiedAhead
from ledger.domain import entry, erasure, events, statement, versions
from ledger.domain.charter import Charter
from ledger.domain.document import DocumentType
from ledger.domain.erasure import Erasing, StatedErasure, is_unknown
from ledger.domain.events import (
    Body,
    Effect,
    EffectBody,
    ErasedEvent,
    Event,
    StatementDrafted,
    StatementEffect,
    StatementSigned,
    StatementSuperseded,
)
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from ledger.domain.unique_names import replacing_group
from ledger.errors import CorruptError, LedgerError
from ledger.jose import CompactJws
from ledger.verify.auditor import Auditor, refusal

MOST_STATEMENTS = 5_000  # kept in memory; others are folded again when needed


class Known(msgspec.Struct, frozen=True):
    """The charter or a person after an event, or an effect of a change in a statement's stream."""

    position: int
    stream: UUID
    charter: Charter | None = None
    person: Person | None = None
    effect: bool = False


class PartAuditor(Auditor):
    """Audits some streams; looks up the first events of other streams in the file."""

    def __init__(
        self,
        rows: AuditedLog,
        erasures: Mapping[UUID, StatedErasure],
        history: Sequence[Known] = (),
    ) -> None:
        super().__init__(complete=False)
        self._rows = rows
        self.erasures = erasures
        self._history = history
        self._learned = 0
        self._verified = VerifiedAhead(each.person for each in history if each.person is not None)
        self._begun: dict[bytes, int] = {}  # where the streams of the next rows begin
        self._effects = {known.position for known in history if known.effect}
        self._fetched: set[int] = set()
        self._counts_elsewhere = False
        # Statements that others are about, each with the position up to which it was folded.
        self._asked_for: dict[UUID, tuple[int, Statement]] = {}
        # What ends each pending statement: a time, its type, and a loss after its draft.
        self._pending: dict[str, tuple[int, DocumentType | None, str]] = {}
        self.counts = Counts()

    def take(self, row: EventRow, *, decide: bool = True) -> Event | ErasedEvent:
        """Compare a row's columns with its entry, then check and fold its event as `add` does.

        An erased event is checked as `add_erased` does.
        """
        position, stream, version, tag, state, leaf = row
        typed = isinstance(position, int) and isinstance(state, bytes) and isinstance(leaf, bytes)
        if not typed:  # the scan of all leaves reports invalid positions
            error = CorruptError("columns_mismatch", "a column has the wrong type")
            raise refusal(error, int(position or 0))
        event: Event | ErasedEvent
        if entry.is_erased(state):
            event = self.add_erased(position, state, leaf)
            stored = event.tag
        else:
            event = self.add(position, state, leaf, decide=decide)
            stored = event.body.TAG
        if (stream, version, tag) != (event.stream.bytes, event.version, stored):
            error = CorruptError("columns_mismatch", "the row's columns do not match its entry")
            raise refusal(error, position)
        if not self._counts_elsewhere:
            self.counts.count(event)
        return event

    def _note_place(self, stream: UUID, position: int) -> None:
        pass  # `_erasing` reads them

    def _erasing(self, stream: UUID) -> Erasing:
        before = self.position + 1
        joined = self._rows.group(replacing_group(stream), before)
        found = (self._latest(UUID(bytes=each)) for each in joined)
        versions = tuple(each for each in found if each is not None and not is_unknown(each))
        places = tuple(self._rows.places(stream.bytes, before))
        return Erasing(places, versions, self.erasures.get(stream))

    def following(
        self, rows: Iterable[EventRow], size: int, counts: Callable[[UUID], bool] | None = None
    ) -> Iterator[EventRow]:
        """Yield these rows up to a position; where one ends a statement, also that event.

        It stands in the statement's stream. `counts` tells whether this part counts that statement;
        by default it counts changes.
        """
        for row in rows:
            if row[0] in self._fetched:
                continue
            yield row
            while self.due and isinstance(self.due[0].body, StatementEffect):
                after = self.position
                found = next(self._rows.events(after, min(after + 1, size)), None)
                if found is None:
                    return
                self._fetched.add(after + 1)
                ended = self.due[0].stream
                mine = self._subject(ended).items is not None if counts is None else counts(ended)
                self._counts_elsewhere = not mine
                yield found
                self._counts_elsewhere = False

    def look_ahead(self, rows: Sequence[EventRow], *, trusted: int) -> None:
        """Verify the approvals after `trusted` and look up the streams that begin in these rows.

        The next calls of `take` decide them.
        """
        self._verified.verify(row for row in rows if row[0] > trusted)
        self._begun = self._rows.beginnings([row[1] for row in rows if row[2] == 1])

    def _approval(self, jws: str) -> CompactJws:
        return self._verified.get(jws) or super()._approval(jws)

    def learn(self, before: int) -> None:
        """Load the state of everybody before this position."""
        while self._learned < len(self._history):
            known = self._history[self._learned]
            if known.position >= before:
                return
            self._learned += 1
            if known.charter is not None:
                self.charter = known.charter
            if known.person is not None:
                self.people[known.stream] = known.person
                for kid in known.person.keys:
                    self._owners[kid] = known.stream

    def _has_everybody(self) -> bool:
        return True

    def _kept_at(self) -> str:
        # A part does not get the statements: the newest event that was kept may be of one.
        kept = self._charter.restorations[-1].kept.size
        row = next(self._rows.events(kept - 1, kept), None)
        if row is None or not isinstance(row[4], bytes):
            return super()._kept_at()
        return entry.parse_canonical(entry.cut(row[4])[0]).at

    def _has_begun(self, stream: UUID) -> bool:
        own = stream.bytes
        first = self._begun.get(own) or self._rows.beginnings([own]).get(own)
        return super()._has_begun(stream) or (first is not None and first <= self.position)

    def _statement(self, stream: UUID) -> Statement | None:
        known = self.statements.get(stream)
        if known is None:
            known = self._folded(stream)
            if known is not None:
                self.statements[stream] = known
        return known

    def _decide_effect(self, event: Event, body: EffectBody) -> Body:
        if isinstance(body, StatementEffect) and self.position + 1 in self._effects:
            return body  # the part that audits changes decided it
        due = isinstance(body, StatementSuperseded) and not self.due
        if due and Effect(event.stream, body) in self._brought_about():
            return body  # the part that audits the new version decided what came before
        return super()._decide_effect(event, body)

    def _brought_about(self) -> tuple[Effect, ...]:
        """Return what the event at this position brings about; another part audits its stream."""
        row = next(self._rows.events(self.position - 1, self.position), None)
        if row is None or row[4] is None:
            return ()
        event = events.read(row[4])
        if isinstance(event, ErasedEvent) or not isinstance(
            event.body, StatementDrafted | StatementSigned
        ):
            return ()
        before = None if event.version == 1 else self._folded(event.stream, self.position)
        return versions.effects(before, statement.evolve(before, event))

    def _is_erased_cause(self, stream: UUID) -> bool:
        row = next(self._rows.events(self.position - 1, self.position), None)
        if row is None or row[4] is None:
            return False
        event = events.read(row[4])
        return isinstance(event, ErasedEvent) and event.stream == stream

    def _latest(self, stream: UUID) -> Statement | None:
        # What is in memory can be older if another part audits the statement, so it is folded on
        # from where the last question left it: each decision on a version asks.
        after, known = self._asked_for.get(stream, (0, None))
        found = self._folded(stream, after=after, state=known)
        if found is not None:
            self._asked_for[stream] = self.position, found
        return found

    def _moved(self, before: Statement | None, after: Statement) -> None:
        if self._counts_elsewhere:
            return
        if before is None or before.status != after.status:
            self.counts.move(before, after)
            if after.status == "pending":
                self._pending[after.id] = after.ends_ms, after.type, after.drafted_at
            else:
                self._pending.pop(after.id, None)

    def count_expired(self, size: int) -> None:
        """Count as expired what is pending at this position and has ended by its time."""
        newest = next(self._rows.events(size - 1, size), None)
        if newest is None or not isinstance(newest[4], bytes):
            return  # the scan of all leaves reports it
        try:
            at_ms = entry.entry_ms(entry.cut(newest[4])[0])
        except LedgerError:
            return  # the part that audits this event reports it
        self.learn(size + 1)
        ended = [
            ends_ms <= at_ms
            or (self.charter is not None and self.charter.stops(stated, drafted_at))
            for ends_ms, stated, drafted_at in self._pending.values()
        ]
        self.counts.expire(sum(ended))

    def _folded(
        self,
        stream: UUID,
        before: int | None = None,
        *,
        after: int = 0,
        state: Statement | None = None,
    ) -> Statement | None:
        """Fold a statement that was dropped from memory, or that another part audits.

        `state` is what it was at the position `after`. Each row is compared with its leaf hash: a
        replay of one statement takes no other row of this one.
        """
        end = before or self.position + 1
        for row in self._rows.of_stream(stream.bytes, end, after=after):
            event = compared(row).event
            version = 0 if state is None else state.version
            if (event.stream, event.version) != (stream, version + 1):
                raise CorruptError(
                    "columns_mismatch", f"the rows of {stream} do not match its events"
                )
            if isinstance(event, ErasedEvent):
                state = statement.without_bodies(event)
                continue
            # The stream is a person's or invalid: the audit of that position reports it.
            if (state is None) != isinstance(event.body, StatementDrafted):
                return None
            state = statement.evolve(state, event)
        return state

    def forget(self) -> None:
        """Drop the older half of the statements from memory when there are too many."""
        for kept in (self.statements, self._asked_for):
            if len(kept) > MOST_STATEMENTS:
                for stream in [*islice(kept, MOST_STATEMENTS // 2)]:
                    del kept[stream]


def claimed_erasures(rows: AuditedLog) -> dict[UUID, StatedErasure]:
    """Return what a log states of erasures, by stream, for an audit: it checks these events later.

    Everybody else takes `compared_rows.erasures_of`.
    """
    places = sorted({by for _, by in rows.erased() if isinstance(by, int)})
    found = [row[4] for by in places for row in rows.events(by - 1, by)]
    stored = [each for each in found if isinstance(each, bytes) and not entry.is_erased(each)]
    decoded = []
    for each in stored:
        with suppress(CorruptError):  # the audit of its position reports it
            decoded.append(events.decode(each))
    return erasure.stated(decoded)
