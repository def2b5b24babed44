"""What a decision reads. A reading does no I/O: what is not known yet is loaded first."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID

from ledger.commands.known import KnownLog, Loaded, Reads, State
from ledger.domain import policy
from ledger.domain.charter import STREAM, Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.document import parse_uuid
from ledger.domain.erasure import Erasing
from ledger.domain.events import TAKEN
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person, next_start_ms, settled
from ledger.domain.policy import Policy
from ledger.domain.readers import unknown_statement
from ledger.domain.standing import can_act
from ledger.domain.statement import Statement
from ledger.domain.unique_names import (
    credential_name,
    kid_name,
    person_name,
    replacing_group,
    role_group,
)
from ledger.errors import (
    ConflictError,
    ForbiddenError,
    MalformedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from ledger.store.ports.log import Membership

Kind = TypeVar("Kind", Charter, Person, Statement)
Name = TypeVar("Name")
Read = TypeVar("Read")


# The holders of a policy's roles that a draft's warning looks up.
MOST_HOLDERS = 1_000


class NotLoadedError(Exception):
    """The decision read something that is not known yet: load what it read, and decide again."""


class Reading:
    """States at one time, with what was read of them.

    `loaded` is what was loaded since the request arrived, and what did not exist then.
    """

    def __init__(
        self,
        known: KnownLog,
        loaded: Loaded,
        now_ms: int,
        blocked: frozenset[str] = frozenset(),
    ) -> None:
        self._known = known
        self._loaded = loaded
        self._blocked = blocked
        self.now_ms = now_ms
        self.reads = Reads()
        self.until_ms: int | None = None  # when a person that was read changes without an event
        # A large decision runs in a thread while others are stored. What it read first stays, or
        # the log would compare a version that the decision did not see.
        self._states: dict[UUID, State | None] = {}
        self._charter: Charter | None = None
        self._members: dict[str, Membership] = {}
        self.versions: dict[UUID, int] = {}
        self.groups: dict[str, int] = {}

    def charter(self) -> Charter:
        """Return the charter, which exists after the first start."""
        if self._charter is None:
            self._charter = self._stream(STREAM, Charter)
        if self._charter is None:
            raise UnavailableError("not_founded", "this ledger is not founded yet")
        return self._charter

    def asked(self, act: str, assertion: AssertionEvidence | None) -> ConfirmedAct:
        """Return an act as it is asked for here and now."""
        founding = self.charter()
        return ConfirmedAct(act, assertion, founding.ledger, founding.party, self.now_ms)

    def person(self, user: UUID) -> Person:
        """Return a person; raise NotFoundError `user_unknown`."""
        person = self._somebody(user)
        if person is None:
            raise NotFoundError("user_unknown", "there is no such person")
        return person

    def people(self, users: Sequence[UUID]) -> list[Person]:
        """Return these people; raise NotFoundError `user_unknown`."""
        return self._all(self.person, users)

    def holders(self, role: str) -> frozenset[UUID]:
        """Return everybody who holds a role."""
        return self._group(role_group(role)).members

    def signer(self, kid: str) -> Person:
        """Return the owner of a signing key, with their open roles.

        Raises RefusedError `key_unknown`; ForbiddenError as `require_admitted`.
        """
        owner = self.owner(kid_name(kid))
        if owner is None:
            raise RefusedError("key_unknown", "no such signing key")
        self.require_admitted(owner)
        return self.charter().in_force(self.person(owner))

    def holder(self, credential_id: str) -> Person:
        """Return the owner of a passkey.

        Raises RefusedError `passkey_unknown`; ForbiddenError as `require_admitted`.
        """
        owner = self.owner(credential_name(credential_id))
        if owner is None:
            raise RefusedError("passkey_unknown", "no such passkey")
        self.require_admitted(owner)
        return self.person(owner)

    def admitted(self, user: UUID) -> Person:
        """Return a person who asks without a key or passkey that is looked up.

        Raises NotFoundError `user_unknown`; ForbiddenError as `require_admitted`.
        """
        self.require_admitted(user)
        return self.person(user)

    def require_admitted(self, user: UUID) -> None:
        """Raise ForbiddenError `person_blocked` for one whom the organisation's directory ended."""
        if self._blocked and str(user) in self._blocked:
            detail = "the organisation's directory ended this person's access"
            raise ForbiddenError("person_blocked", detail)

    def owner(self, name: str) -> UUID | None:
        """Return the stream that claimed a name, None if none did."""
        owner = self._known.owner(name)
        if owner is None:
            self.reads.names.add(name)
            if name not in self._loaded.absent:
                raise NotLoadedError
        return owner

    def require_unlike(self, skeletons: Iterable[str]) -> None:
        """Raise ConflictError `name_taken` if somebody's name has one of these skeletons."""
        names = [person_name(each) for each in skeletons]
        self.reads.names.update(names)  # they are free again after an erasure: a refusal is fresh
        if any(self._all(self.owner, names)):
            raise ConflictError(*TAKEN["name"])

    def statement(self, stream: UUID) -> Statement:
        """Return a statement; raise NotFoundError `statement_unknown`."""
        statement = self.find_statement(stream)
        if statement is None:
            raise unknown_statement()
        return statement

    def erasing(self, stream: UUID) -> Erasing:
        """Return what an erasure in the stream of a person or a statement depends on."""
        someone = self._somebody(stream)
        subject = self.statement(stream) if someone is None else someone
        positions = self._loaded.positions.get(stream, ())
        if len(positions) != subject.version:
            self.reads.placed.add(stream)
            raise NotLoadedError
        if someone is not None:
            return Erasing(positions)
        versions = [*self._group(replacing_group(stream)).members]
        return Erasing(positions, tuple(self._all(self.statement, versions)))

    def deciders(self, decisions: Iterable[str]) -> dict[str, Person]:
        """Return the people of recorded decisions that a later one depends on, as they are."""
        users = [*decisions]
        people = self._all(lambda user: self.person(UUID(user)), users)
        return dict(zip(users, people, strict=True))

    def find_statement(self, stream: UUID) -> Statement | None:
        """Return a statement, None if there is none."""
        return self._stream(stream, Statement)

    def is_taken(self, stream: UUID) -> bool:
        """Tell whether a stream has events, of any kind."""
        return self._state(stream) is not None

    def eligible(self, rules: Policy) -> dict[str, frozenset[str]]:
        """Return the people whom the policy covers and who can act, each with the covering roles.

        Of a role with more than `MOST_HOLDERS` the others are taken as able to act. What is read
        here binds no decision: the answer only informs, and a change of it makes nothing stale.
        """
        bound, until_ms = set(self.versions), self.until_ms
        members = [member.partition(":") for member in policy.members(rules)]
        named = [name for kind, _, name in members if kind == "user"]
        roles = [name for kind, _, name in members if kind == "role"]
        groups = self._all(self._group, [role_group(role) for role in roles])
        covered: dict[str, frozenset[str]] = {}
        closed = self.charter().closed
        for role, group in zip(roles, groups, strict=True):
            if role in closed:
                continue
            for user in map(str, group.members):
                covered[user] = covered.get(user, frozenset()) | {role}
        looked_up = list(dict.fromkeys([*named, *islice(covered, MOST_HOLDERS)]))
        for user, person in zip(looked_up, self._all(self._named, looked_up), strict=True):
            if person is None or not can_act(person, now_ms=self.now_ms):
                covered.pop(user, None)
            elif user in named:
                covered[user] = covered.get(user, frozenset()) | person.roles
        self.groups.clear()
        self.versions = {name: each for name, each in self.versions.items() if name in bound}
        self.until_ms = until_ms
        return covered

    # --- lookups -------------------------------------------------------------------------------

    def _all(self, read: Callable[[Name], Read], names: Sequence[Name]) -> list[Read]:
        """Read all of these before asking for a load, so that one load brings all of them."""
        found, missing = [], False
        for name in names:
            try:
                found.append(read(name))
            except NotLoadedError:
                missing = True
        if missing:
            raise NotLoadedError
        return found

    def _group(self, name: str) -> Membership:
        self.reads.groups.add(name)
        group = self._members.get(name) or self._known.group(name)
        if group is None:
            raise NotLoadedError
        self._members[name] = group
        self.groups[name] = group.version
        return group

    def _named(self, user: str) -> Person | None:
        try:
            return self._somebody(parse_uuid(user))
        except MalformedError:  # not a possible id
            return None

    def _somebody(self, user: UUID) -> Person | None:
        """Return a person as of this time, and note when a passkey that waits begins to work."""
        found = self._stream(user, Person)
        if found is None:
            return None
        person = settled(found, self.now_ms, self.charter().losses)
        start_ms = next_start_ms(person, self.now_ms)
        if start_ms is not None:
            self.until_ms = start_ms if self.until_ms is None else min(self.until_ms, start_ms)
        return person

    def _stream(self, stream: UUID, kind: type[Kind]) -> Kind | None:
        # A request may name any id, and the cache holds every kind. Never return a statement as a
        # person.
        found = self._state(stream)
        return found if isinstance(found, kind) else None

    def _state(self, stream: UUID) -> State | None:
        if stream in self._states:
            return self._states[stream]
        self.reads.streams.add(stream)
        state = self._known.state(stream)
        if state is None and stream not in self._loaded.absent:
            raise NotLoadedError
        self._states[stream] = state
        self.versions[stream] = 0 if state is None else state.version
        return state
