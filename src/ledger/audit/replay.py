"""Replay: the state as of a position, folded from the log alone: people, keys, statements, rules.

It uses no read model. By default it recomputes every decision, so that the result follows from
signatures and not from what a server stored. `fold` can skip that to be faster.
"""

from collections.abc import Iterator, Mapping
from uuid import UUID

import msgspec

from ledger import clock
from ledger.audit.compared_rows import erasures_of, time_ms_at
from ledger.audit.part_auditor import PartAuditor
from ledger.audit.replayed_decisions import DecisionsSoFar, ReplayedDecision
from ledger.audit.replayed_progress import ReplayedProgress, replayed_progress
from ledger.audit.source import AuditedLog, EventRow
from ledger.domain import places, policy
from ledger.domain.charter import Charter
from ledger.domain.charter_values import CharterValues
from ledger.domain.counting import counted
from ledger.domain.holdings import AttestedKey, Passkey
from ledger.domain.person import Person as PersonState
from ledger.domain.person import may_sign, settled
from ledger.domain.standing import can_act
from ledger.domain.statement import Statement as StatementState
from ledger.domain.usable import RecordedUse
from ledger.domain.vocabulary import (
    AdmittedBy,
    KeyStatus,
    PasskeyStatus,
    PersonStanding,
    Status,
)
from ledger.errors import CorruptError, MalformedError, NotFoundError


class _Shown(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class ReplayedKey(_Shown, frozen=True, kw_only=True):
    """A signing key; `status` is active, revoked, expired, or waiting: nobody reaffirmed it."""

    kid: str
    status: KeyStatus
    expires_at: str | None
    compromised_since: str | None


class ReplayedPasskey(_Shown, frozen=True, kw_only=True):
    """A passkey; `status` is active, removed, or waiting: it does not work yet."""

    credential_id: str
    status: PasskeyStatus
    compromised_since: str | None


class ReplayedPerson(_Shown, frozen=True, kw_only=True):
    """A person with their roles, passkeys and keys.

    `re_enrolled_at` is when the last re-enrolment ended everything older, None without one.
    `admitted_by` is `"operator"` for somebody whom no change invited but `ledger recover`.
    """

    id: str
    name: str
    standing: PersonStanding
    roles: list[str]
    keys: list[ReplayedKey]
    passkeys: list[ReplayedPasskey]
    re_enrolled_at: str | None
    admitted_by: AdmittedBy | None


class ReplayedStatement(_Shown, frozen=True, kw_only=True):
    """A statement: approvals with roles, rejections, and the progress of its policy.

    `decisions` are all of them in order, also those that were taken back; `approvals` and
    `rejections` are each person's last one. `in_question` are the people whose decision was made
    with what was compromised by then. `uses` are all its uses with the last report of each. If a
    change erased the statement, `erased_by` is that change, and only the status since is known.
    """

    id: str
    title: str
    creator: str
    status: Status | None
    sha256: str
    decisions: list[ReplayedDecision]
    approvals: dict[str, list[str]]
    rejections: list[str]
    in_question: list[str]
    progress: ReplayedProgress
    policy: policy.Policy
    uses: list[RecordedUse]
    erased_by: str | None = None


class World(_Shown, frozen=True, kw_only=True):
    """The state as of a position; `decided` tells whether the decisions were recomputed."""

    position: int
    at: str
    decided: bool
    ledger: str
    origin: str
    values: CharterValues
    governance: policy.Node
    roles: list[str]
    frozen: bool
    log_keys: list[str]
    people: list[ReplayedPerson]
    statements: list[ReplayedStatement]


def fold(
    rows: AuditedLog, position: int, *, time: str | None, statement: str | None, decide: bool
) -> World:
    """Return the state as of a position, or its part about one statement.

    `time` decides which statements and keys have expired; it defaults to the entry's time. Raises
    AuditError `log_invalid`; CorruptError `position_missing`; NotFoundError `statement_unknown`.
    """
    wanted = None if statement is None else _stream(statement)
    auditor, at, decisions = PartAuditor(rows, erasures_of(rows)), "", DecisionsSoFar()
    read = auditor.following(_read(rows, position, wanted), position)
    for number, row in enumerate(read, start=1):
        if wanted is None and row[0] != number:
            raise CorruptError("position_missing", f"position {number} is missing")
        event = auditor.take(row, decide=decide)
        at = event.at
        decisions.take(row[0], event)
    if auditor.charter is None:
        raise CorruptError("position_missing", "the log does not begin with the ledger's creation")
    if wanted is not None and wanted not in auditor.statements:
        raise NotFoundError("statement_unknown", "it was not drafted yet")
    if wanted is not None:  # the last event read may have a lower position
        at = clock.to_text(time_ms_at(rows, position))
        # Changes were read for their effects.
        auditor.statements = {wanted: auditor.statements[wanted]}
    return _world(auditor.charter, auditor, decisions, position, at=time or at, decided=decide)


def _stream(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise MalformedError("id_invalid", "a statement's id is a UUID") from error


def _read(rows: AuditedLog, position: int, statement: UUID | None) -> Iterator[EventRow]:
    if statement is None:
        return rows.events(last=position)
    return rows.of_people(position, statement.bytes)


def _world(  # what was folded, as of where
    charter: Charter,
    auditor: PartAuditor,
    decisions: DecisionsSoFar,
    position: int,
    *,
    at: str,
    decided: bool,
) -> World:
    now_ms = clock.to_ms(at)
    losses = charter.losses
    known = {user: settled(each, now_ms, losses) for user, each in auditor.people.items()}
    able = {
        each.user: each.roles
        for each in known.values()
        if may_sign(each) and can_act(each, now_ms=now_ms)
    }
    return World(
        position=position,
        at=at,
        decided=decided,
        ledger=charter.ledger,
        origin=charter.party.origin,
        values=charter.values,
        governance=charter.governance,
        roles=sorted(charter.roles),
        frozen=charter.frozen,
        log_keys=[key.vkey for key in charter.log_keys if key.last_size is None],
        people=[_person(each, now_ms) for each in known.values()],
        statements=[
            _erased(each, auditor.erasures[UUID(each.id)].change)
            if each.is_erased
            else _statement(
                each,
                known,
                able,
                each.status_at(now_ms, stopped=auditor.stops(each)),
                decisions.of(stream, known),
            )
            for stream, each in auditor.statements.items()
        ],
    )


def _person(someone: PersonState, now_ms: int) -> ReplayedPerson:
    return ReplayedPerson(
        id=someone.user,
        name=someone.name,
        standing=someone.standing,
        roles=sorted(someone.roles),
        keys=[
            ReplayedKey(
                kid=key.kid,
                status=_key_status(key, now_ms),
                expires_at=key.expires_at,
                compromised_since=key.compromised_since,
            )
            for key in someone.keys.values()
        ],
        passkeys=[
            ReplayedPasskey(
                credential_id=each.credential_id,
                status=_passkey_status(each, now_ms),
                compromised_since=each.compromised_since,
            )
            for each in someone.passkeys.values()
        ],
        re_enrolled_at=someone.re_enrolled_at,
        admitted_by=someone.admitted_by,
    )


def _passkey_status(passkey: Passkey, now_ms: int) -> PasskeyStatus:
    if passkey.removed:
        return "removed"
    return "waiting" if passkey.waits(now_ms) else "active"


def _key_status(key: AttestedKey, now_ms: int) -> KeyStatus:
    if key.revoked:
        return "revoked"
    ended = key.expires_at is not None and clock.to_ms(key.expires_at) <= now_ms
    if ended:
        return "expired"
    return "waiting" if key.unaffirmed else "active"


def _erased(state: StatementState, change: str) -> ReplayedStatement:
    """Return what is left of an erased statement."""
    return ReplayedStatement(
        id=state.id,
        title="",
        creator="",
        status=state.status if state.erased_by else None,
        sha256="",
        decisions=[],
        approvals={},
        rejections=[],
        in_question=[],
        progress=replayed_progress(state, {}, {}, state.status),
        policy=state.policy,
        uses=[],
        erased_by=change,
    )


def _statement(
    state: StatementState,
    everybody: Mapping[UUID, PersonState],
    able: policy.RolesByPerson,
    status: Status,
    decisions: list[ReplayedDecision],
) -> ReplayedStatement:
    without = places.excluded(state.policy, state.creator)
    further = {user: able[user] for user in able.keys() - without} if status == "pending" else {}
    people = {user: everybody[UUID(user)] for user in state.approvals | state.rejections}
    approvals = counted(state.approvals, people)
    counting = approvals.keys() | counted(state.rejections, people).keys()
    return ReplayedStatement(
        id=state.id,
        title=state.title,
        creator=state.creator,
        status=status,
        sha256=state.sha256,
        decisions=decisions,
        approvals={user: sorted(each.roles) for user, each in state.approvals.items()},
        rejections=sorted(state.rejections),
        in_question=sorted(people.keys() - counting),
        progress=replayed_progress(state, approvals, further, status),
        policy=state.policy,
        uses=[*state.uses],
        erased_by=state.erased_by,
    )
