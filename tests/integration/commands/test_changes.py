"""Changes in two processes on one file: effects follow from what the log holds, or nothing does."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.audit.run import AuditRequest, audit
from ledger.commands.writer import Answer
from ledger.domain.events import Event, StatementWithdrawnByChange
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.errors import ConflictError, ForbiddenError, NotFoundError
from ledger.store.engines import audited_log
from ledger.store.log import EVENTS
from ledger.store.ports.log import Write
from tests.support.changes import governors
from tests.support.ledgers import Cast, Process, check_ledger, know_everybody, settled
from tests.support.refusals import refused

TWO: dict[str, Any] = {"threshold": 2, "of": ["role:administrator"]}


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    know_everybody(process, cast)
    yield process
    check_ledger(process)
    process.close()


@pytest.fixture
def there(here: Process, cast: Cast) -> Iterator[Process]:
    process = Process(Path(here.store.address).parent, here.time)
    know_everybody(process, cast)
    yield process
    process.close()


def name_of(raw: bytes) -> str:
    return str(json.loads(raw)["statementId"])


def grant(user: str, role: str) -> dict[str, Any]:
    return {"grant-role": {"user": user, "role": role}}


def end(user: str, role: str) -> dict[str, Any]:
    return {"end-role": {"user": user, "role": role}}


def test_a_role_that_a_change_ended_elsewhere_is_not_held_here(
    cast: Cast, here: Process, there: Process
) -> None:
    async def run() -> None:
        raw = await here.draft(cast.alice, policy={"threshold": 1, "of": ["role:investor"]})
        await there.change(cast.dave, end(cast.bob.user, "investor"))
        statement_id = name_of(raw)
        with refused(NotFoundError, "statement_unknown"):  # he was a reader by his role
            await here.commands.sign(statement_id, cast.bob.shared(raw), None)
        await here.change(cast.dave, grant(cast.bob.user, "investor"))
        await there.commands.sign(statement_id, cast.bob.shared(raw), None)

    asyncio.run(run())


def test_two_administrators_do_not_end_each_other_at_once(
    cast: Cast, here: Process, there: Process
) -> None:
    """Each change alone leaves an administrator; both together would leave none."""

    async def run() -> tuple[Answer | BaseException, ...]:
        await here.change(cast.dave, grant(cast.carol.user, "administrator"))
        await here.accept(cast.carol, FOUNDING)
        await there.writer.ask(lambda reading: reading.charter(), fresh=True)
        return await asyncio.gather(
            here.change(cast.dave, end(cast.carol.user, "administrator")),
            there.change(cast.carol, end(cast.dave.user, "administrator")),
            return_exceptions=True,
        )

    answers = asyncio.run(run())
    assert sum(isinstance(each, Answer) for each in answers) == 1
    (error,) = [each for each in answers if isinstance(each, BaseException)]
    assert isinstance(error, ConflictError | ForbiddenError)
    assert error.code in ("governance_unmeetable", "governance_only")


def test_governance_that_was_raised_elsewhere_holds_for_the_next_change(
    cast: Cast, here: Process, there: Process
) -> None:
    people = governors(cast.dave, cast.carol)
    stated = {"policy": TWO, "was": policy_digest(FOUNDING), "people": people}
    raised = {"set-governance": stated}

    async def run() -> None:
        await there.change(cast.dave, grant(cast.carol.user, "administrator"))
        await there.change(cast.dave, raised, accepted_by=[cast.carol])
        with refused(ConflictError, "governance_changed"):
            await here.change(cast.dave, grant(cast.bob.user, "creator"))

    asyncio.run(run())


def test_a_role_ended_and_granted_in_one_change_is_held_afterwards(
    cast: Cast, here: Process
) -> None:
    async def run() -> None:
        bob = cast.bob.user
        await here.change(cast.dave, end(bob, "investor"), grant(bob, "investor"))
        raw = await here.draft(cast.alice, policy={"threshold": 1, "of": ["role:investor"]})
        await here.commands.sign(name_of(raw), cast.bob.shared(raw), None)
        group = await here.writer.ask(lambda reading: reading.holders("investor"), fresh=True)
        assert str(cast.bob.user) in {str(each) for each in group}

    asyncio.run(run())


def test_a_change_of_all_kinds_is_all_or_nothing(cast: Cast, here: Process) -> None:
    async def run() -> None:
        before = here.store.head().stored
        with refused(ConflictError, "change_no_effect"):
            await here.change(
                cast.dave,
                {"define-role": {"role": "legal"}},
                grant(cast.bob.user, "legal"),
                grant(cast.bob.user, "investor"),
            )
        assert here.store.head().stored == before

    asyncio.run(run())


def test_a_change_withdraws_what_a_deactivated_person_left(cast: Cast, here: Process) -> None:
    async def run() -> None:
        raw = await here.draft(cast.alice, policy={"threshold": 1, "of": ["role:investor"]})
        withdraw = {"withdraw": {"statement": name_of(raw)}}
        with refused(ConflictError, "creator_not_gone"):
            await here.change(cast.dave, withdraw)
        await here.change(cast.dave, {"deactivate": {"user": cast.alice.user}})
        await here.change(cast.dave, withdraw)
        with refused(ConflictError, "statement_withdrawn"):
            await here.commands.sign(name_of(raw), cast.bob.shared(raw), None)

    asyncio.run(run())


def test_a_withdrawal_and_a_decision_elsewhere_do_not_both_happen(
    cast: Cast, here: Process, there: Process
) -> None:
    async def run() -> None:
        raw = await here.draft(cast.alice, policy={"threshold": 1, "of": ["role:investor"]})
        await here.change(cast.dave, {"deactivate": {"user": cast.alice.user}})
        await there.commands.sign(name_of(raw), cast.bob.shared(raw), None)
        with refused(ConflictError, "statement_approved"):
            await here.change(cast.dave, {"withdraw": {"statement": name_of(raw)}})

    asyncio.run(run())


def test_a_change_declares_what_its_person_can_no_longer_declare(cast: Cast, here: Process) -> None:
    async def run() -> None:
        bob, since = cast.bob, str(here.time)
        raw = await here.draft(cast.alice, policy={"threshold": 2, "of": ["role:investor"]})
        await here.commands.sign(name_of(raw), bob.shared(raw), None)
        here.time.ms += 40 * 86_400_000
        kid: dict[str, Any] = {"kid": bob.key.kid, "since": since}
        act = bob.act("declare-compromise", **kid)
        with refused(ConflictError, "compromise_date_refused"):
            await here.people.standing.declare_compromise(act, bob.confirm(act))
        await here.change(cast.dave, {"declare-compromise": {"user": bob.user} | kid})
        # Bob's approval is in question now, so Carol's alone is not enough.
        await here.commands.sign(name_of(raw), cast.carol.shared(raw), None)
        subject = await here.writer.ask(lambda reading: reading.statement(UUID(name_of(raw))))
        assert subject.status == "pending"

    asyncio.run(run())


def test_a_withdrawal_that_no_change_asked_for_is_found_in_the_share_of_its_statement(
    cast: Cast, tmp_path: Path
) -> None:
    process = Process(cast.copy(tmp_path / "forged"), cast.time)

    async def run() -> None:
        raw = await process.draft(cast.alice, policy={"threshold": 1, "of": ["role:investor"]})
        answer = await process.change(cast.dave, {"define-role": {"role": "legal"}})
        body = StatementWithdrawnByChange(json.loads(answer.body)["statementId"])
        forged = Event(UUID(name_of(raw)), 2, str(process.time), body)
        await process.commits.append(Write(b"k" * 32, (EVENTS.to_stored_event(forged),), b"{}"))

    asyncio.run(run())
    found = audit(AuditRequest(audited_log(process.store.address), jobs=1), now_ms=0).finding
    size = process.store.head().stored
    process.close()
    assert found is not None
    assert (found.position, found.code) == (size, "effect_unexpected")
