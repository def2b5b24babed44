"""What is stored is acknowledged, and what it ends has ended, though the state fails afterwards."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.domain.governance import FOUNDING, policy_digest
from ledger.errors import ForbiddenError, RefusedError, UnavailableError
from tests.support.authenticator import Passkey
from tests.support.changes import governors
from tests.support.ledgers import Cast, Process, drafted_change, settled
from tests.support.refusals import refused


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    with closing(Process(cast.copy(tmp_path / "ledger"), cast.time)) as process:
        yield process


def unavailable(*_: Any, **__: Any) -> None:
    raise UnavailableError("state_unavailable", "as if the file were locked")


def test_an_approval_is_acknowledged_without_the_sign_count(
    cast: Cast, here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here.operations, "note_sign_count", unavailable)

    async def run() -> None:
        policy = {"threshold": 1, "of": ["role:investor"], "assurance": "passkey"}
        raw = await here.draft(cast.alice, policy=policy)
        jws = cast.bob.shared(raw)
        name = json.loads(raw)["statementId"]
        answer = await here.commands.sign(name, jws, cast.bob.confirm(jws))
        assert answer.position == here.log.head()

    asyncio.run(run())


def test_a_repeated_removal_ends_the_sessions_that_the_first_one_could_not(
    cast: Cast, here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cast.bob.passkey.id
    act = cast.bob.act("remove-passkey", credentialId=name)
    assertion = cast.bob.confirm(act)

    async def run() -> None:
        await here.add_passkey(cast.bob, Passkey())
        token = await here.state.open_session(
            cast.bob.user, opened_by=name, browser="b", now_ms=cast.time.ms
        )
        with monkeypatch.context() as broken:
            broken.setattr(here.operations, "close_sessions_of", unavailable)
            with refused(UnavailableError, "state_unavailable"):
                await here.people.passkeys.remove(name, act, assertion)
        assert (await here.people.passkeys.remove(name, act, assertion)).repeated
        assert await here.state.session_user(token, now_ms=cast.time.ms) is None

        # Somebody who saw the act ends no session that another passkey opened.
        token = await here.state.open_session(
            cast.bob.user, opened_by="another", browser="b", now_ms=cast.time.ms
        )
        assert (await here.people.passkeys.remove(name, act, assertion)).repeated
        assert await here.state.session_user(token, now_ms=cast.time.ms) == cast.bob.user

    asyncio.run(run())


def test_a_removal_whose_process_died_before_it_ended_the_sessions_ends_them_all_the_same(
    cast: Cast, here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, user = cast.bob.passkey.id, cast.bob.user
    is_in_force = here.people.sign_in.is_in_force

    async def whose(token: str) -> str | None:
        now_ms = cast.time.ms
        return await here.state.session_user(token, now_ms=now_ms, is_in_force=is_in_force)

    async def run() -> None:
        await here.add_passkey(cast.bob, Passkey())
        by_passkey = await here.state.open_session(
            user, opened_by=name, browser="b", now_ms=cast.time.ms
        )
        by_key = await here.state.open_session(
            user, opened_by=cast.bob.key.kid, browser="b", now_ms=cast.time.ms
        )
        assert [await whose(by_passkey), await whose(by_key)] == [user, user]
        with monkeypatch.context() as dead:
            dead.setattr(here.operations, "close_sessions_of", unavailable)
            with refused(UnavailableError, "state_unavailable"):
                await here.remove_passkey(cast.bob, name)
        assert [await whose(by_passkey), await whose(by_key)] == [None, user]
        assert here.operations.sessions([by_passkey])[0] is None

    asyncio.run(run())


def test_a_passkey_that_was_removed_during_its_sign_in_opens_no_session(
    cast: Cast, here: Process
) -> None:
    name = cast.bob.passkey.id

    async def run() -> None:
        await here.people.sign_in.require_active(name)
        await here.add_passkey(cast.bob, Passkey())
        await here.remove_passkey(cast.bob, name)
        with refused(RefusedError, "passkey_removed"):
            await here.people.sign_in.require_active(name)

    asyncio.run(run())


def test_a_session_from_before_a_suspension_comes_back_with_nobody(
    cast: Cast, here: Process
) -> None:
    about = {"user": cast.bob.user}
    is_in_force = here.people.sign_in.is_in_force

    async def opened() -> str:
        cast.time.ms += 1
        name, now_ms = cast.bob.passkey.id, cast.time.ms
        return await here.state.open_session(
            cast.bob.user, opened_by=name, browser="b", now_ms=now_ms
        )

    async def whose(token: str) -> str | None:
        now_ms = cast.time.ms
        return await here.state.session_user(token, now_ms=now_ms, is_in_force=is_in_force)

    async def suspend_at_once() -> None:
        act = cast.dave.act("suspend", user=cast.bob.user, reason="Left the company.")
        await here.people.standing.suspend(cast.bob.user, act, cast.dave.confirm(act))

    async def run() -> None:
        for suspend in (lambda: here.change(cast.dave, {"suspend": about}), suspend_at_once):
            before = await opened()
            assert await whose(before) == cast.bob.user
            await suspend()
            await here.change(cast.dave, {"reinstate": about})
            after = await opened()
            assert [await whose(each) for each in (before, after)] == [None, cast.bob.user]

    asyncio.run(run())


def test_a_key_of_somebody_suspended_during_their_sign_in_opens_no_session(
    cast: Cast, here: Process
) -> None:
    async def run() -> None:
        await here.people.sign_in.require_active_key(cast.bob.key.kid)
        await here.change(cast.dave, {"suspend": {"user": cast.bob.user}})
        with refused(ForbiddenError, "person_suspended"):
            await here.people.sign_in.require_active_key(cast.bob.key.kid)

    asyncio.run(run())


def test_a_second_approval_that_reinstates_somebody_ends_their_sessions_first(
    cast: Cast, here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, dave, carol = cast.bob, cast.dave, cast.carol
    two: dict[str, Any] = {"threshold": 2, "of": ["role:administrator"]}
    stated = {"policy": two, "was": policy_digest(FOUNDING), "people": governors(dave, carol)}

    async def run() -> None:
        await here.grant(dave, carol.user, "administrator")
        await here.change(dave, {"set-governance": stated}, accepted_by=[carol])

        async def agreed(item: str) -> None:
            drafted = drafted_change(dave, {item: {"user": bob.user}}, governance=two)
            await here.people.changes.make(drafted)
            raw = drafted.document.encode()
            jws = carol.shared(raw)
            statement_id = json.loads(raw)["statementId"]
            await here.commands.sign(statement_id, jws, carol.confirm(jws))

        token = await here.state.open_session(
            bob.user, opened_by=bob.passkey.id, browser="b", now_ms=cast.time.ms
        )
        await agreed("suspend")
        assert here.operations.sessions([token])[0] is not None
        with monkeypatch.context() as broken:
            broken.setattr(here.operations, "close_sessions", unavailable)
            with refused(UnavailableError, "state_unavailable"):
                await agreed("reinstate")
        suspended = await here.writer.ask(lambda reading: reading.person(UUID(bob.user)))
        assert suspended.standing == "suspended"
        await agreed("reinstate")
        assert here.operations.sessions([token])[0] is None

    asyncio.run(run())
