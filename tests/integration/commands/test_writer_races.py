"""Two processes on one file: decisions are as if made one after the other."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from ledger.domain import challenges
from ledger.domain.statement import Statement
from ledger.errors import ForbiddenError, RefusedError
from tests.support.authenticator import Passkey
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
