"""A guarded function that returns before its work: nobody knows the outcome."""

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from ledger.client import ApprovalRules, LedgerClient, requires_approval
from ledger.jose import SigningKey
from tests.integration.conftest import Join
from tests.support.actor import Actor
from tests.support.clients import approve, login_of
from tests.support.server import Server


class Later:
    """What does its work once somebody waits for it."""

    def __await__(self) -> Iterator[None]:
        yield


def steps() -> Iterator[int]:
    yield 1


async def later_steps() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("begin", [Later, steps, later_steps, Future])
def test_a_function_that_returns_before_its_work_has_no_known_outcome(
    server: Server, join: Join, carol: Actor, tmp_path: Path, begin: Callable[[], object]
) -> None:
    key = SigningKey.generate()
    login = login_of(join("Robot", role="creator", key=key), server, key)
    policy = {"threshold": 1, "of": [f"user:{carol.user}"], "creatorMaySign": False}
    rules = ApprovalRules(policy=policy, within_s=0)

    @requires_approval(login, tmp_path / "calls", rules, action="later")
    def run(number: int) -> object:
        return begin()

    asked = run.propose(1)
    approve(carol, asked.id)
    with pytest.raises(TypeError, match="does its work when it is called"):
        run(1)
    with LedgerClient(login) as client:
        (use,) = client.statement(asked.id).uses
    assert use.outcome == "unknown"
