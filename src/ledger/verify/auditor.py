"""The auditor: make every decision again from its evidence, and compare.

Reads nothing but stored bytes, in log order, and believes none of them: entries are parsed, bodies
are held against their commitments, every signature and passkey response is verified again, every
rule is applied again to the states that the earlier events led to. What the server wrote down has
to come out the same, byte for byte in meaning, or the log is wrong at that position.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import charter, drafting, entry, events, person, signing_keys, statement
from ledger.domain.acts import parse_act
from ledger.domain.approval import parse_approval
from ledger.domain.charter import Charter
from ledger.domain.events import (
    Body,
    Event,
    InvitationIssued,
    KeyAttested,
    KeyRevoked,
    LedgerCreated,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
    PasskeyAdded,
    PasskeyRemoved,
    RoleGranted,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
    UserRegistered,
)
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.signing_keys import KeySubmission
from ledger.domain.statement import DecisionContext, Statement
from ledger.encoding import b64u_decode
from ledger.errors import CorruptError, LedgerError

MOST_CHARS = 500
_BEGINNINGS = (LedgerCreated, UserRegistered, StatementDrafted)
_REGISTRATION: dict[type[Body], int] = {UserRegistered: 1, PasskeyAdded: 2, KeyAttested: 3}
S = TypeVar("S", Charter, Person, Statement)


class AuditError(CorruptError):
    """The log is wrong at a position; `evidence` names it."""


class Auditor:
    """Folds a log from its first position, re-deciding each event on the way.

    With `complete` False it is given some streams of a log only, each of them whole. Positions
    have gaps then; whatever a decision needs and is not there refuses the event.
    """

    def __init__(self, *, complete: bool = True) -> None:
        self.position = 0
        self._complete = complete
        self.charter: Charter | None = None
        self.people: dict[UUID, Person] = {}
        self.statements: dict[UUID, Statement] = {}
        self._owners: dict[str, UUID] = {}
        self._claims: set[str] = set()
        # A registration is three events; the two behind the first must follow at once.
        self._incomplete: UUID | None = None

    def add(
        self, position: int, state: bytes, leaf: bytes | None = None, *, decide: bool = True
    ) -> Event:
        """Check the next stored event and fold it; raise AuditError `log_invalid`.

        Without `decide` the event is held against its entry and folded, but not decided again.
        """
        try:
            if self._may_skip(position):
                self.position = position - 1
            if position != self.position + 1:
                raise CorruptError("position_gap", f"after {self.position} comes {position}")
            event = self._parse(state, leaf)
            self._require_complete(event)
            if decide:
                self._decide_again(event)
            self._claim(event)
            self._evolve(event)
        except (LedgerError, AssertionError, KeyError, ValueError) as error:
            raise refusal(error, position) from error
        self.position = position
        return event

    def _decide_again(self, event: Event) -> None:
        expected = self._decide(event)
        if expected != event.body:
            raise CorruptError("decision_mismatch", _differences(event.body, expected))

    def _may_skip(self, position: int) -> bool:
        """Tell whether what lies before a position may be of other streams.

        A registration is one commit, so there is nothing inside it in any choice of streams.
        """
        return not self._complete and self._incomplete is None and position > self.position

    def finish(self) -> None:
        """Raise AuditError `log_invalid` if the log ends inside a registration."""
        if self._incomplete is not None:
            detail = "a registration lacks its passkey or key"
            raise AuditError("log_invalid", detail, position=self.position)

    @staticmethod
    def _parse(state: bytes, leaf: bytes | None) -> Event:
        envelope, body = entry.unseal(state)
        if leaf is not None and leaf != entry.leaf_hash(state):
            raise CorruptError("leaf_mismatch", "the stored leaf hash is not the entry's")
        return events.decode_body(envelope, body)

    # --- deciding again ------------------------------------------------------------------------

    def _decide(self, event: Event) -> Body:
        now_ms = clock.to_ms(event.at)
        if self.charter is not None and self.charter.frozen:
            raise CorruptError("ledger_frozen", "an event behind the last one")
        match event.body:
            case StatementSigned() | StatementRejected() | StatementWithdrawn():
                return self._decide_statement(event, now_ms)
            case LedgerCreated() as body:
                if self.charter is not None or event.stream != charter.STREAM:
                    raise CorruptError("ledger_founded_twice", "a ledger is founded once")
                unsigned = msgspec.structs.replace(body, act="")
                return charter.create(body.act, unsigned, now_ms=now_ms)
            case InvitationIssued() | LogKeysAnnounced() | LogKeysRetired() | LogFrozen():
                self._require_stream(event, charter.STREAM)
                return self._decide_charter(event.body, now_ms)
            case UserRegistered() as body:
                return self._register(event, body, now_ms)
            case PasskeyAdded() | PasskeyRemoved() | KeyAttested() | KeyRevoked() | RoleGranted():
                return self._decide_person(event, now_ms)
            case StatementDrafted() as body:
                return self._draft(event, body, now_ms)
            case _:
                raise CorruptError("event_misplaced", "not an event of this ledger")

    def _decide_charter(
        self, body: InvitationIssued | LogKeysAnnounced | LogKeysRetired | LogFrozen, now_ms: int
    ) -> Body:
        match body:
            case InvitationIssued(act=act):
                return charter.invite(self._charter, self._signer(act), act, now_ms=now_ms)
            case LogKeysAnnounced(act=act, first_size=size):
                # A size that is there when the event is: keys are not announced for later.
                if size > self.position + 1:
                    raise CorruptError("log_keys_misplaced", "keys announced for a later size")
                return charter.announce_log_keys(self._charter, act, now_ms=now_ms)
            case LogKeysRetired(act=act, last_size=size):
                if size > self.position + 1:
                    raise CorruptError("log_keys_misplaced", "keys retired at a later size")
                return charter.retire_log_keys(self._charter, act, now_ms=now_ms)
            case LogFrozen(act=act):
                return charter.freeze(self._charter, act, now_ms=now_ms)

    def _register(self, event: Event, body: UserRegistered, now_ms: int) -> UserRegistered:
        self._require_stream(event, UUID(body.user))
        invitations = self._charter.invitations.values()
        invitation = next((each for each in invitations if each.id == body.invitation), None)
        admitted = charter.admit(self._charter, body.role, invitation, now_ms=now_ms)
        return person.register(body.user, body.name, body.role, admitted)

    def _decide_person(self, event: Event, now_ms: int) -> Body:
        owner, ledger = self.people[event.stream], self._charter.ledger
        match event.body:
            case PasskeyAdded() as body:
                return self._add_passkey(owner, body, now_ms)
            case KeyAttested() as body:
                return signing_keys.attest_key(
                    owner,
                    KeySubmission(
                        msgspec.to_builtins(body.jwk),
                        body.assertion,
                        body.possession,
                        body.expires_at,
                    ),
                    nonce=body.nonce,
                    ledger=ledger,
                    party=self._charter.party,
                    now_ms=now_ms,
                )
            case PasskeyRemoved(credential_id=name, act=act):
                actor = self._signer(act)
                return person.remove_passkey(owner, actor, name, act, ledger=ledger, now_ms=now_ms)
            case KeyRevoked(kid=name, act=act):
                actor = self._signer(act)
                return signing_keys.revoke_key(
                    owner, actor, name, act, ledger=ledger, now_ms=now_ms
                )
            case RoleGranted(act=act):
                actor = self._signer(act)
                return person.grant_role(owner, actor, act, ledger=ledger, now_ms=now_ms)
            case _:
                raise CorruptError("event_misplaced", "not an event of a person")

    def _add_passkey(self, owner: Person, body: PasskeyAdded, now_ms: int) -> PasskeyAdded:
        added = person.first_passkey(
            body.registration,
            body.credential_id,
            challenge=b64u_decode(body.challenge),
            party=self._charter.party,
            transports=body.transports,
        )
        if not owner.passkeys:
            return added
        if body.act is None:
            raise CorruptError("act_missing", "a further passkey is added by an act")
        ledger = self._charter.ledger
        return person.add_passkey(owner, added, body.act, ledger=ledger, now_ms=now_ms)

    def _draft(self, event: Event, body: StatementDrafted, now_ms: int) -> StatementDrafted:
        creator = self._signer(body.act)
        raw = body.document.encode()
        again, document = drafting.draft(
            raw, body.act, creator, ledger=self._charter.ledger, now_ms=now_ms
        )
        self._require_stream(event, UUID(document.statement_id))
        superseded = document.supersedes
        if superseded is not None and self._statement(UUID(superseded)) is None:
            raise CorruptError("statement_unknown", "it supersedes a statement that is not there")
        return again

    def _decide_statement(self, event: Event, now_ms: int) -> Body:
        subject = self._statement(event.stream)
        if subject is None:
            raise CorruptError("event_misplaced", "a statement's stream begins with its draft")

        def decision(signer: Person, assertion: AssertionEvidence | None) -> DecisionContext:
            return DecisionContext(
                person=signer,
                ledger=self._charter.ledger,
                party=self._charter.party,
                now_ms=now_ms,
                assertion=assertion,
            )

        match event.body:
            case StatementSigned(jws=jws, assertion=assertion):
                approval = parse_approval(jws)
                signer = self._owner(approval.header.kid)
                return statement.sign(subject, approval, decision(signer, assertion))
            case StatementRejected(act=act, assertion=assertion):
                everybody = {each.user: each.roles for each in self.people.values()}
                signer = self._signer(act)
                return statement.reject(subject, act, decision(signer, assertion), everybody)
            case StatementWithdrawn(act=act):
                return statement.withdraw(subject, act, decision(self._signer(act), None))
            case _:
                raise CorruptError("event_misplaced", "not an event of a statement")

    # --- folding -------------------------------------------------------------------------------

    def _evolve(self, event: Event) -> None:
        # One stream is one thing, the ledger, a person or a statement, and it begins once.
        begins = isinstance(event.body, _BEGINNINGS)
        if begins != (event.version == 1) or (begins and self._has_begun(event.stream)):
            raise CorruptError("event_misplaced", "a stream begins once, with its own first event")
        match event.body:
            case (
                StatementSigned() | StatementDrafted() | StatementRejected() | StatementWithdrawn()
            ):
                known = None if begins else self._statement(event.stream)
                after = self.statements[event.stream] = _next(known, event, statement.evolve)
                self._moved(known, after)
            case (
                LedgerCreated()
                | LogKeysAnnounced()
                | LogKeysRetired()
                | LogFrozen()
                | InvitationIssued()
            ):
                self.charter = _next(self.charter, event, charter.evolve)
            case _:
                someone = self.people.get(event.stream)
                self.people[event.stream] = _next(someone, event, person.evolve)
        if isinstance(event.body, KeyAttested):
            self._owners[event.body.kid] = event.stream

    # What an auditor of some streams alone finds elsewhere.

    def _statement(self, stream: UUID) -> Statement | None:
        return self.statements.get(stream)

    def _moved(self, before: Statement | None, after: Statement) -> None:
        """Hear of a statement that an event moved on."""

    def _has_begun(self, stream: UUID) -> bool:
        return (
            stream in self.statements
            or stream in self.people
            or (stream == charter.STREAM and self.charter is not None)
        )

    def _claim(self, event: Event) -> None:
        for name in events.claims(event):
            if name in self._claims:
                raise CorruptError("claimed_twice", f"{name} is taken twice")
            self._claims.add(name)

    def _require_complete(self, event: Event) -> None:
        stream = event.stream
        if self._incomplete is not None:
            follows = (
                stream == self._incomplete and _REGISTRATION.get(type(event.body)) == event.version
            )
            if not follows:
                raise CorruptError("registration_torn", "a registration was torn apart")
        if isinstance(event.body, UserRegistered):
            self._incomplete = stream
        elif event.version == _REGISTRATION[KeyAttested] and isinstance(event.body, KeyAttested):
            self._incomplete = None

    @property
    def _charter(self) -> Charter:
        if self.charter is None:
            raise CorruptError("not_founded", "the log does not begin with a founding")
        return self.charter

    def _signer(self, act: str) -> Person:
        return self._owner(parse_act(act).header.kid)

    def _owner(self, kid: str) -> Person:
        return self.people[self._owners[kid]]

    @staticmethod
    def _require_stream(event: Event, stream: UUID) -> None:
        if event.stream != stream:
            raise CorruptError("event_misplaced", "the event stands in another stream")


def refusal(error: Exception, position: int) -> AuditError:
    """Return why the log is refused at a position; the reason is its cause."""
    detail = f"{error}" if isinstance(error, LedgerError) else f"{error!r}"
    return AuditError("log_invalid", detail, position=position)


def _differences(stored: Body, expected: Body) -> str:
    """Say where a stored event is not the one that its evidence leads to."""
    if type(stored) is not type(expected):
        return f"the evidence leads to {expected.TAG}"
    pairs = [
        (name, getattr(stored, name), getattr(expected, name)) for name in stored.__struct_fields__
    ]
    told = [f"{name} is {a!r}, not {b!r}" for name, a, b in pairs if a != b]
    return f"the evidence leads to another event: {'; '.join(told)}"[:MOST_CHARS]


def _next(state: S | None, event: Event, evolve: Callable[[S | None, Event], S]) -> S:
    """Return the state after an event that is the next of its stream."""
    version = 0 if state is None else state.version
    if event.version != version + 1:
        raise CorruptError("version_gap", f"after version {version} comes {event.version}")
    return evolve(state, event)
