"""Any requests, in any order, at once or in sequence, lead to a log that passes the audit.

Real store, real signatures, two processes on one file.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.domain import events
from ledger.domain.events import ApprovalRetracted, StatementSigned
from ledger.verify.auditor import Auditor
from tests.support.commanders import STEPS, Commanders, Step
from tests.support.ledgers import (
    Cast,
    Process,
    check_ledger,
    know_everybody,
    rows,
    second_key,
    settled,
)

# In memory where there is such a place: hundreds of ledgers, each with real commits.
MEMORY = Path("/dev/shm")  # noqa: S108  # a private directory is made in it
SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@contextmanager
def two_processes(cast: Cast) -> Iterator[Commanders]:
    """Two processes on a copy of the file; at the end all that they answered is in the log.

    Each test audits it with `require_distinct_approvers`.
    """
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as directory:
        copied = cast.copy(Path(directory) / "ledger")
        processes = [Process(copied, cast.time) for _ in range(2)]
        for process in processes:
            know_everybody(process, cast)
        head = processes[0].store.head().stored
        commanders = Commanders(cast, processes)
        try:
            yield commanders
            assert processes[0].store.head().stored == head + commanders.granted
        finally:
            for process in processes:
                process.close()


def require_distinct_approvers(process: Process, other: Process) -> Auditor:
    """Nobody's approval counts twice, not even with another key or form; no use is one too many.

    A second one counts only after the first was retracted.
    """
    auditor = check_ledger(process, other)
    standing: set[tuple[UUID, str]] = set()
    for event in (events.decode(state) for _, state, _ in rows(Path(process.store.address))):
        if isinstance(event.body, StatementSigned):
            approval = (event.stream, event.body.signer)
            assert approval not in standing
            standing.add(approval)
        elif isinstance(event.body, ApprovalRetracted):
            standing.remove((event.stream, event.body.signer))
    counted = {
        (stream, signer)
        for stream, statement in auditor.statements.items()
        for signer in statement.approvals
    }
    assert counted == standing
    for each in auditor.statements.values():
        allowed = 0 if each.usable is None else each.usable.times
        assert sum(not use.freed for use in each.uses) <= allowed
    return auditor


@SOME
@given(steps=STEPS)
def test_any_commands_one_after_the_other_leave_a_log_that_the_audit_takes(
    cast: Cast, steps: list[Step]
) -> None:
    with two_processes(cast) as commanders:
        asyncio.run(commanders.each(steps))
        require_distinct_approvers(*commanders.processes)


@SOME
@given(first=STEPS, groups=st.lists(STEPS, max_size=3))
def test_any_commands_at_once_leave_a_log_that_the_audit_takes(
    cast: Cast, first: list[Step], groups: list[list[Step]]
) -> None:
    async def run(commanders: Commanders) -> None:
        await commanders.each([Step("draft", 0, 0, 0, each, 0) for each in range(4)])
        for group in (first, *groups):
            await commanders.at_once(group)

    with two_processes(cast) as commanders:
        asyncio.run(run(commanders))
        require_distinct_approvers(*commanders.processes)


@settings(SOME, max_examples=25)
@given(
    policy=st.integers(0, 6),
    repeats=st.integers(1, 4),
    against=st.sampled_from(["revoke", "grant", "register", "withdraw", "reject"]),
    seed=st.integers(0, 7),
)
def test_a_decision_and_what_it_was_made_on_never_pass_each_other(
    cast: Cast, policy: int, repeats: int, against: str, seed: int
) -> None:
    """Signatures against revocations, rejections against grants and registrations."""

    async def run(commanders: Commanders) -> None:
        await commanders.do(Step("draft", 0, 0, 0, policy, 0))
        for turn in range(repeats):
            racers = [
                Step("sign", 1, 0, 0, seed, 0),
                Step(against, 3, 1, 0, seed + turn, 1),
                Step("reject", 2, 0, 0, seed, turn),
                Step("sign", 0, 0, 0, turn, 1),
                Step(against, 3, 2, 0, turn, 0),
            ]
            await commanders.at_once(racers[turn:] + racers[:turn])

    with two_processes(cast) as commanders:
        asyncio.run(run(commanders))
        require_distinct_approvers(*commanders.processes)


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one after the other"])
def test_two_keys_and_both_forms_are_still_one_approver(cast: Cast, *, at_once: bool) -> None:
    bob, steps = 1, [Step("sign", 1, 0, 0, variant, variant % 2) for variant in range(8)]
    with two_processes(cast) as commanders:
        # Two investors, and no veto: so that both forms may approve.
        policy = {"threshold": 2, "of": ["role:investor"]}
        raw = asyncio.run(commanders.processes[0].draft(cast.alice, policy=policy))
        commanders.drafts.append(raw)
        commanders.granted += 1
        asyncio.run(commanders.at_once(steps) if at_once else commanders.each(steps))
        # Two of the eight are the same bytes as the one that counts, and answered alike.
        assert [error.code for error in commanders.refusals] == ["out_of_order"] * 6
        auditor = require_distinct_approvers(*commanders.processes)
        (drafted,) = commanders.statement_ids()
        statement = auditor.statements[drafted]
        assert (statement.status, set(statement.approvals)) == (
            "pending",
            {commanders.people[bob].user},
        )
        assert second_key(cast.bob).kid in auditor.people[UUID(cast.bob.user)].keys


@settings(SOME, max_examples=25)
@given(times=st.integers(0, 1), repeats=st.integers(1, 3), seed=st.integers(0, 7))
def test_a_statement_is_never_used_too_often_from_two_processes_at_once(
    cast: Cast, times: int, repeats: int, seed: int
) -> None:
    async def run(commanders: Commanders) -> None:
        await commanders.each([Step("draft", 0, 1, 0, times, 0), Step("sign", 1, 0, 0, 0, 0)])
        await commanders.do(Step("sign", 0, 0, 0, 0, 0))
        for turn in range(repeats):
            uses = [Step("use", n % 2, 0, 0, seed + turn + n, n % 2) for n in range(6)]
            reports = [Step("report", n, n, 0, 0, n % 2) for n in range(4)]
            await commanders.at_once([*uses, *reports])

    with two_processes(cast) as commanders:
        asyncio.run(run(commanders))
        auditor = require_distinct_approvers(*commanders.processes)
        (stream,) = commanders.statement_ids()
        subject = auditor.statements[stream]
        assert subject.status == "approved"
        assert {each.number for each in subject.uses} == {*range(1, times + 2)}
