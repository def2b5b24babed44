"""A server that lost its operational state forgot which acts were used: it refuses older ones."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import clock
from ledger.errors import RefusedError
from tests.support.ledgers import Cast, Process, settled
from tests.support.refusals import refused


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def data(cast: Cast, tmp_path: Path) -> Path:
    return cast.copy(tmp_path / "ledger")


@pytest.fixture
def process(cast: Cast, data: Path) -> Iterator[Process]:
    with closing(Process(data, cast.time)) as process:
        yield process


def test_an_act_that_was_used_before_the_state_was_lost_signs_nobody_in_again(
    cast: Cast, data: Path, process: Process
) -> None:
    used = cast.bob.act("sign-in", jti="before")
    assert asyncio.run(process.people.sign_in.with_key(used))[0] == cast.bob.user
    with refused(RefusedError, "already_used"):
        asyncio.run(process.people.sign_in.with_key(used))
    process.close()
    for file in data.glob("state.sqlite*"):
        file.unlink()
    with closing(Process(data, cast.time)) as later:
        sign_in = later.people.sign_in.with_key
        with refused(RefusedError, "already_used"):
            asyncio.run(sign_in(used))
        with refused(RefusedError, "already_used"):  # it may be of a clock that is ahead
            asyncio.run(sign_in(cast.bob.act("sign-in", jti="skewed")))
        cast.time.ms += clock.SKEW_MS + 1_000
        assert asyncio.run(sign_in(cast.bob.act("sign-in", jti="after")))[0] == cast.bob.user


def test_a_state_that_is_opened_again_has_forgotten_nothing(
    cast: Cast, data: Path, process: Process
) -> None:
    process.close()
    with closing(Process(data, cast.time)) as again:
        act = cast.bob.act("sign-in", jti="at once")
        assert asyncio.run(again.people.sign_in.with_key(act))[0] == cast.bob.user
