"""A decision depends on the log, not on what the cache of this process happens to hold."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands.reading import Reading
from ledger.domain.policy import Policy
from ledger.errors import RefusedError
from ledger.store.ports.log import Facts, Needs
from tests.support.ledgers import Cast, Process, check_ledger, settled
from tests.support.refusals import refused
from tests.support.scene import user


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    yield process
    check_ledger(process)
    process.close()


def test_a_key_that_is_revoked_while_a_large_draft_is_decided_drafts_nothing(
    cast: Cast, here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision reads its creator again, as one of the people whom the policy names."""
    eligible, revoked = Reading.eligible, list[str]()
    kid = cast.alice.key.kid

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def meanwhile(reading: Reading, rules: Policy) -> dict[str, frozenset[str]]:
            if not revoked:
                revoked.append(kid)
                revoking = here.revoke(cast.alice, kid)
                asyncio.run_coroutine_threadsafe(revoking, loop).result(10)
            return eligible(reading, rules)

        monkeypatch.setattr(Reading, "eligible", meanwhile)
        content = json.dumps({"text": "x" * 70_000})
        policy = {"threshold": 1, "of": [user(cast.alice)]}
        with refused(RefusedError, "key_revoked"):
            await here.draft(cast.alice, content=content, policy=policy)

    asyncio.run(run())
    assert revoked == [kid]


def test_what_the_cache_forgets_during_a_request_is_loaded_again(cast: Cast, here: Process) -> None:
    load, seen = here.commits.load, here.writer.seen

    async def forgetting(needs: Needs) -> Facts:
        facts = await load(needs)
        if needs.groups:  # the second load of a rejection
            seen._states.clear()
            seen._owners.clear()
        return facts

    async def run() -> None:
        raw = await here.draft(cast.alice, policy={"threshold": 1, "of": ["role:investor"]})
        for each in (seen._states, seen._owners, seen._groups):
            each.clear()
        here.commits.load = forgetting  # type: ignore[method-assign]  # the real one, and what other requests do
        name, digest = json.loads(raw)["statementId"], hashlib.sha256(raw).hexdigest()
        reason = "Not like this."
        act = cast.bob.act("reject", statementId=name, sha256=digest, reason=reason)
        answer = await here.commands.reject(name, act, None)
        assert answer.position == here.log.head()

    asyncio.run(run())
