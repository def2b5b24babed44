"""Requests at once, of one process or two: decisions are as if made one after the other."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ledger.domain import challenges
from ledger.domain.statement import Statement
from ledger.domain.unique_names import kid_name
from ledger.errors import ForbiddenError, RefusedError
from ledger.store.ports.log import Facts, Needs
from tests.support.authenticator import Passkey
from tests.support.keys import ed25519_key
from tests.support.ledgers import Cast, Process, check_ledger, know_everybody, second_key, settled
from tests.support.refusals import refused
from tests.support.signers import Signer, assertion
from tests.support.states import folded


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
    """Another process on the same file, whose cache already knows everybody."""
    process = Process(Path(here.store.address).parent, here.time)
    know_everybody(process, cast)
    yield process
    process.close()


def name_of(raw: bytes) -> str:
    return str(json.loads(raw)["statementId"])


def test_a_key_that_another_process_revoked_signs_nothing(
    cast: Cast, here: Process, there: Process
) -> None:
    async def run() -> None:
        raw = await here.draft(cast.alice)
        head = here.store.head().stored
        await there.revoke(cast.bob, cast.bob.key.kid)
        with refused(RefusedError, "key_revoked"):
            await here.people.sign_in.with_key(cast.bob.act("sign-in", jti="1"))
        check_ledger(here)
        with refused(RefusedError, "key_revoked"):
            await here.commands.sign(name_of(raw), cast.bob.shared(raw), None)
        other = cast.bob.shared(raw, key=second_key(cast.bob))
        assert (await here.commands.sign(name_of(raw), other, None)).position == head + 2

    asyncio.run(run())


def test_a_passkey_that_another_process_removed_signs_nobody_in(
    cast: Cast, here: Process, there: Process
) -> None:
    async def run() -> None:
        name = cast.bob.passkey.id
        await there.add_passkey(cast.bob, Passkey())
        await there.remove_passkey(cast.bob, name)
        begun = await here.people.sign_in.begin()
        about = {"ledger": begun.ceremony.ledger, "nonce": begun.ceremony.nonce}
        response = cast.bob.passkey.get(challenges.sign_in(**about))
        with refused(RefusedError, "passkey_removed"):
            await here.people.sign_in.with_passkey(begun.id, assertion(response))

    asyncio.run(run())


def test_a_role_that_another_process_recorded_counts_here(
    cast: Cast, here: Process, there: Process
) -> None:
    async def run() -> str:
        raw = await here.draft(cast.alice, policy={"threshold": 1, "of": ["role:investor"]})
        await there.grant(cast.dave, cast.alice.user, "investor")
        await here.commands.sign(name_of(raw), cast.alice.shared(raw), None)
        found = folded(here.store, UUID(name_of(raw)))
        assert isinstance(found, Statement)
        return found.status

    assert asyncio.run(run()) == "approved"


def test_an_invitation_from_another_process_is_found(
    cast: Cast, here: Process, there: Process
) -> None:
    async def run() -> None:
        newcomer = Signer(81, "investor", time=cast.time)
        await there.invite(cast.dave, "investor", "from there")
        await here.register(newcomer, "Frank", "from there")
        await here.invite(cast.dave, "investor", "from here")
        with refused(ForbiddenError, "invitation_unknown"):
            await there.people.registration.begin("Grace", None, "from nowhere")

    asyncio.run(run())


def test_who_forges_keeps_nobody_waiting_for_the_database(
    cast: Cast, here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forgeries about one statement were loaded one after the other, each under its lock.

    On a database three milliseconds away they filled the lane of everybody's writes.
    """
    unknown = ed25519_key(999)

    async def run() -> None:
        raw = await here.draft(cast.alice)
        asked, answered, load = asyncio.Event(), asyncio.Event(), here.commits.load

        async def slow(needs: Needs) -> Facts:
            if kid_name(unknown.kid) in needs.names:
                asked.set()
                await answered.wait()
            return await load(needs)

        monkeypatch.setattr(here.commits, "load", slow)
        forged = cast.bob.shared(raw, key=unknown)
        forging = asyncio.create_task(here.commands.sign(name_of(raw), forged, None))
        await asked.wait()
        async with asyncio.timeout(10):
            await here.commands.sign(name_of(raw), cast.bob.shared(raw), None)
        answered.set()
        with refused(RefusedError, "key_unknown"):
            await forging

    asyncio.run(run())


def test_a_command_sent_twice_to_a_process_that_knows_nothing_is_answered_twice(
    cast: Cast, here: Process
) -> None:
    """Both load everything before either is stored; the second finds what the first has stored."""
    fresh = Process(Path(here.store.address).parent, here.time)

    async def run() -> None:
        raw = cast.alice.document(statementId=str(uuid4()))
        act = cast.alice.draft_act(raw)
        answers = await asyncio.gather(*(fresh.commands.draft(raw.decode(), act) for _ in range(3)))
        assert sorted(each.repeated for each in answers) == [False, True, True]
        assert len({each.position for each in answers}) == 1

    try:
        asyncio.run(run())
    finally:
        fresh.close()
