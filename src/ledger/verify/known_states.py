"""The states as of a position that recomputed decisions read: the ledger, people, statements."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from ledger.domain.acts import parse_act
from ledger.domain.changes.sources import Sources
from ledger.domain.charter import Charter
from ledger.domain.epochs import Loss
from ledger.domain.erasure import Erasing, StatedErasure, is_unknown
from ledger.domain.events import Effect, Event
from ledger.domain.late_acts import as_if_nothing_was_lost
from ledger.domain.person import Person, settled
from ledger.domain.statement import Statement
from ledger.errors import CorruptError, NotFoundError, UnverifiableError
from ledger.verify.late_order import LateOrder


class KnownStates:
    """The states as of a position, and who owns which signing key."""

    def __init__(self) -> None:
        self.position = 0
        self._now_ms = 0  # the time of the event that is decided
        self._late_order = LateOrder()
        self._is_late = False  # whether what is decided is late
        self._newest = ""  # the time of the last event
        self.charter: Charter | None = None
        self.people: dict[UUID, Person] = {}
        self.statements: dict[UUID, Statement] = {}
        self._owners: dict[str, UUID] = {}
        # The effects of the change that the last approval completed, and which come next.
        self.due: tuple[Effect, ...] = ()
        # What the log states of erasures, by stream, also of those that come later.
        self.erasures: Mapping[UUID, StatedErasure] = {}
        self._stated: dict[UUID, frozenset[int]] = {}  # their positions, once asked for
        self._places: dict[UUID, list[int]] = {}  # of the events of people and statements
        self._replacing: dict[UUID, list[UUID]] = {}  # the versions that are to replace a statement
        # Position and type of the erased events so far, by stream.
        self._erased: dict[UUID, list[tuple[int, str]]] = {}

    def _statement(self, stream: UUID) -> Statement | None:
        """Return a statement, None if unknown; an auditor of some streams overrides this."""
        return self.statements.get(stream)

    def version_of(self, stream: UUID) -> int:
        """Return the version of a person or statement, 0 if it has not begun."""
        known = self.people.get(stream) or self._statement(stream)
        return 0 if known is None else known.version

    def _latest(self, stream: UUID) -> Statement | None:
        """Return a statement as of this position, None if unknown; a share overrides this."""
        return self._statement(stream)

    @property
    def _charter(self) -> Charter:
        if self.charter is None:
            raise CorruptError("not_founded", "the log does not begin with the ledger's creation")
        return self.charter

    def stops(self, statement: Statement) -> bool:
        """Tell whether a pending statement has ended: with its type, or by a loss."""
        return self._charter.stops(statement.type, statement.drafted_at)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The restores that lost something, as what is decided knows of them."""
        return self._rules.losses

    def _kept_at(self) -> str:
        """Return the time of the newest event that the last restore kept; a part looks it up."""
        return self._late_order.kept_at

    @property
    def _rules(self) -> Charter:
        """The charter that decides acts; of late ones, as if the last restore had lost nothing."""
        return as_if_nothing_was_lost(self._charter) if self._is_late else self._charter

    def _signer(self, act: str) -> Person:
        return self._owner(parse_act(act).header.kid)

    def _owner(self, kid: str) -> Person:
        return self._charter.in_force(self._person(self._owners[kid]))

    def _person(self, stream: UUID) -> Person:
        """Return a person as of the event that is decided."""
        return settled(self.people[stream], self._now_ms, self.losses)

    @staticmethod
    def _require_stream(event: Event, stream: UUID) -> None:
        if event.stream != stream:
            raise CorruptError("event_misplaced", "the event is in the wrong stream")

    # --- what changes read -----------------------------------------------------------------------

    def _has_everybody(self) -> bool:
        """Tell whether everybody's events are here, so that changes can be decided whole."""
        return True

    def _sources(self) -> Sources:
        holders = self._holders if self._has_everybody() else None
        late, charter = self._is_late, self._charter
        return Sources(charter, self._people, holders, self._subject, self._erasing, late)

    def _people(self, users: Sequence[UUID]) -> list[Person]:
        if not self.people.keys() >= {*users}:
            raise NotFoundError("user_unknown", "there is no such person")
        return [self._person(user) for user in users]

    def _subject(self, stream: UUID) -> Statement:
        """Return a statement that another one is about."""
        found = self._named(stream)
        if found is None:
            raise NotFoundError("statement_unknown", "there is no such statement")
        return found

    def _erasing(self, stream: UUID) -> Erasing:
        """Return what an erasure in a stream depends on; a share overrides this."""
        versions = (self.statements[each] for each in self._replacing.get(stream, ()))
        known = tuple(each for each in versions if not is_unknown(each))
        places = tuple(self._places.get(stream, ()))
        return Erasing(places, known, self.erasures.get(stream))

    def _erased_places(self, stream: UUID) -> frozenset[int]:
        """Return the positions in a stream that an erasure states, which can be many."""
        if stream not in self._stated:
            stated = self.erasures.get(stream)
            self._stated[stream] = frozenset(() if stated is None else stated.positions)
        return self._stated[stream]

    def _note_place(self, stream: UUID, position: int) -> None:
        """Note the position of an event of a person or statement; a share looks them up."""
        self._places.setdefault(stream, []).append(position)

    def _named(self, stream: UUID) -> Statement | None:
        """Return a statement that evidence names, None if there never was one.

        Raises UnverifiableError `statement_missing` if only some streams are here, without it.
        """
        found = self._latest(stream)
        if found is None and not self._has_everybody():
            raise UnverifiableError("statement_missing", f"the statement {stream} is not there")
        return found

    def _holders(self, role: str) -> frozenset[UUID]:
        return frozenset(user for user, each in self.people.items() if role in each.roles)
