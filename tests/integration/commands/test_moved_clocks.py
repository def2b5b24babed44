"""A server's clock is set forward or back between two steps: what has ended does not come back."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger.domain import challenges
from ledger.domain.governance import FOUNDING
from ledger.domain.passkey import AssertionEvidence
from ledger.errors import ForbiddenError, RefusedError
from tests.support.changes import acceptance
from tests.support.ledgers import Cast, Process, check_ledger, settled
from tests.support.refusals import refused
from tests.support.signers import assertion

SECOND_MS = 1_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SignIn = tuple[str, AssertionEvidence]


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def data(cast: Cast, tmp_path: Path) -> Path:
    return cast.copy(tmp_path / "ledger")


@contextmanager
def started(cast: Cast, data: Path, *, set_by_ms: int = 0) -> Iterator[Process]:
    """Start the server after its clock was set; the operator has confirmed the time."""
    cast.time.ms += set_by_ms
    with closing(Process(data, cast.time)) as process:
        yield process
        check_ledger(process)


def sign_in(process: Process, cast: Cast) -> SignIn:
    """Sign Bob in, and return what a carrier of the request has seen."""

    async def run() -> SignIn:
        begun = await process.people.sign_in.begin()
        of = {"ledger": begun.ceremony.ledger, "nonce": begun.ceremony.nonce}
        shown = assertion(cast.bob.passkey.get(challenges.sign_in(**of)))
        assert await process.people.sign_in.with_passkey(begun.id, shown) == cast.bob.user
        return begun.id, shown

    return asyncio.run(run())


def test_a_sign_in_that_was_used_does_not_work_again_after_the_clock_was_set_back(
    cast: Cast, data: Path
) -> None:
    with started(cast, data) as process:
        used = sign_in(process, cast)
    with started(cast, data, set_by_ms=HOUR_MS) as process:
        sign_in(process, cast)  # the server forgets the older one
    with started(cast, data, set_by_ms=-HOUR_MS) as process:
        with refused(RefusedError, "ceremony_unknown"):
            asyncio.run(process.people.sign_in.with_passkey(*used))
        cast.time.ms += SECOND_MS
        sign_in(process, cast)


def test_a_programs_sign_in_that_was_used_does_not_work_again_either(
    cast: Cast, data: Path
) -> None:
    used = cast.bob.act("sign-in", jti="first")
    with started(cast, data) as process:
        asyncio.run(process.people.sign_in.with_key(used))
    with started(cast, data, set_by_ms=HOUR_MS) as process:
        asyncio.run(process.people.sign_in.with_key(cast.bob.act("sign-in", jti="second")))
    with started(cast, data, set_by_ms=SECOND_MS - HOUR_MS) as process:
        with refused(RefusedError, "already_used"):
            asyncio.run(process.people.sign_in.with_key(used))
        later = cast.bob.act("sign-in", jti="third")
        assert asyncio.run(process.people.sign_in.with_key(later))[0] == cast.bob.user


@pytest.mark.parametrize("set_by_ms", [-DAY_MS, DAY_MS])
def test_a_suspension_ends_the_sessions_from_before_it_and_no_later_ones(
    cast: Cast, data: Path, set_by_ms: int
) -> None:
    """The log's time may be ahead of the clock, or a session may say that it begins later."""
    bob, about = cast.bob, {"user": cast.bob.user}

    def opened(process: Process) -> str:
        opening = process.state.open_session(
            bob.user, opened_by=bob.passkey.id, browser="b", now_ms=process.clock.steady_ms()
        )
        return asyncio.run(opening)

    def whose(process: Process, token: str) -> str | None:
        looking = process.state.session_user(
            token,
            now_ms=process.clock.steady_ms(),
            is_in_force=process.people.sign_in.is_in_force,
        )
        return asyncio.run(looking)

    with started(cast, data, set_by_ms=max(0, set_by_ms)) as process:
        before = opened(process)
    with started(cast, data, set_by_ms=-max(0, set_by_ms)) as process:
        cast.time.ms += SECOND_MS - min(0, set_by_ms)
        asyncio.run(process.change(cast.dave, {"suspend": about}))
        asyncio.run(process.change(cast.dave, {"reinstate": about}))
    with started(cast, data, set_by_ms=min(0, set_by_ms)) as process:
        after = opened(process)
        assert [whose(process, each) for each in (before, after)] == [None, bob.user]


def test_an_acceptance_that_was_held_back_is_none_of_a_later_holding(
    cast: Cast, data: Path
) -> None:
    bob, role = cast.bob, {"user": cast.bob.user, "role": "administrator"}
    with started(cast, data) as process:
        asyncio.run(process.grant(cast.dave, **role))
        sent = bob.act("accept-governance", **acceptance(FOUNDING))
        held = bob.act("accept-governance", **acceptance(FOUNDING), iat=bob.time.ms // 1000 + 1)
        confirmed = [bob.confirm(each) for each in (sent, held)]
        accept = process.people.acceptance.accept
        first = asyncio.run(accept(sent, confirmed[0]))
        cast.time.ms += 2 * SECOND_MS
        asyncio.run(process.change(cast.dave, {"end-role": role}))
        asyncio.run(process.grant(cast.dave, **role))
        with refused(RefusedError, "out_of_order"):
            asyncio.run(accept(held, confirmed[1]))
        # The recorded one gets its first answer, and counts for nothing.
        again = asyncio.run(accept(sent, confirmed[0]))
        assert (again.repeated, again.position) == (True, first.position)
        with refused(ForbiddenError, "governance_not_accepted"):
            asyncio.run(process.change(bob, {"define-role": {"role": "legal"}}))
        cast.time.ms += SECOND_MS
        asyncio.run(process.accept(bob, FOUNDING))
        asyncio.run(process.change(bob, {"define-role": {"role": "legal"}}))
