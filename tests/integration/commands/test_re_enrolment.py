"""A re-enrolment on a running server: everything older ends at its time, without an event."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import clock
from ledger.domain import challenges
from ledger.errors import ConflictError, ForbiddenError, RefusedError
from ledger.store.ports.log import AppendResult, Write
from tests.support.authenticator import Passkey
from tests.support.comebacks import COMEBACK, re_enrol
from tests.support.keys import TestKey, ed25519_key
from tests.support.ledgers import Cast, Process, check_ledger, settled
from tests.support.refusals import refused
from tests.support.signers import Signer, assertion

DAY_MS = 86_400_000
FOUR_MINUTES_MS = 240_000
INVESTORS = {"threshold": 2, "of": ["role:investor"]}


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def process(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    with closing(Process(cast.copy(tmp_path / "ledger"), cast.time)) as process:
        yield process
        check_ledger(process)


def comes_back(cast: Cast, process: Process) -> Passkey:
    """Let Bob come back by a link; return his new passkey, which waits."""
    passkey = Passkey()
    asyncio.run(process.change(cast.dave, re_enrol(cast.bob)))
    asyncio.run(process.come_back(cast.bob, passkey, COMEBACK, "re-enrolment"))
    return passkey


def as_now(bob: Signer, passkey: Passkey, key: TestKey | None = None) -> Signer:
    """Return Bob with other things in hand."""
    found = Signer(1, key=key or bob.key, passkey=passkey, time=bob.time)
    found.user = bob.user
    return found


def signs_in(process: Process, who: Signer) -> str:
    async def run() -> str:
        begun = await process.people.sign_in.begin()
        nonce = begun.ceremony.nonce
        shown = who.passkey.get(challenges.sign_in(ledger=who.ledger, nonce=nonce))
        return await process.people.sign_in.with_passkey(begun.id, assertion(shown))

    return asyncio.run(run())


def is_open(process: Process, who: Signer, opened_by: str) -> bool:
    """Tell whether a session that was opened now is in force."""
    return asyncio.run(process.people.sign_in.is_in_force(who.user, opened_by))


def approves(process: Process, who: Signer, raw: bytes) -> None:
    asyncio.run(process.commands.sign(json.loads(raw)["statementId"], who.shared(raw), None))


def test_until_its_time_everything_goes_on_and_from_then_on_nothing_older_works(
    cast: Cast, process: Process
) -> None:
    bob, new = cast.bob, comes_back(cast, process)
    back = as_now(bob, new)
    raw = asyncio.run(process.draft(cast.alice, policy=INVESTORS))
    cast.time.ms += DAY_MS - 1
    assert signs_in(process, bob) == bob.user
    assert is_open(process, bob, bob.passkey.id)
    assert is_open(process, bob, bob.key.kid)
    assert not is_open(process, bob, new.id)
    with refused(RefusedError, "passkey_waiting"):
        signs_in(process, back)
    cast.time.ms += 1
    with refused(RefusedError, "passkey_removed"):
        signs_in(process, bob)
    assert not is_open(process, bob, bob.passkey.id)
    assert not is_open(process, bob, bob.key.kid)
    with refused(RefusedError, "key_revoked"):
        approves(process, bob, raw)
    assert signs_in(process, back) == bob.user
    assert is_open(process, bob, new.id)
    back.key = ed25519_key(8_001)
    asyncio.run(process.add_key(back, back.key))
    approves(process, back, raw)


def suspends(cast: Cast, process: Process) -> None:
    act = cast.dave.act("suspend", user=cast.bob.user, reason="The phone was stolen.")
    confirmed = cast.dave.confirm(act)
    asyncio.run(process.people.standing.suspend(cast.bob.user, act, confirmed))


def test_a_suspension_stops_no_re_enrolment_and_ends_with_it(cast: Cast, process: Process) -> None:
    suspends(cast, process)
    back = as_now(cast.bob, comes_back(cast, process))
    cast.time.ms += DAY_MS
    assert signs_in(process, back) == cast.bob.user


def test_a_suspension_that_came_after_the_link_stays_until_a_change_ends_it(
    cast: Cast, process: Process
) -> None:
    bob, new = cast.bob, Passkey()
    back = as_now(bob, new)
    asyncio.run(process.change(cast.dave, re_enrol(bob)))
    suspends(cast, process)
    # Bob left, and had kept the link.
    asyncio.run(process.come_back(bob, new, COMEBACK, "re-enrolment"))
    cast.time.ms += DAY_MS
    with refused(ForbiddenError, "person_suspended"):
        signs_in(process, back)
    with refused(RefusedError, "passkey_removed"):  # what he had before ended all the same
        signs_in(process, bob)
    asyncio.run(process.change(cast.dave, {"reinstate": {"user": bob.user}}))
    assert signs_in(process, back) == bob.user


def test_a_suspension_while_the_new_passkey_waits_stays(cast: Cast, process: Process) -> None:
    back = as_now(cast.bob, comes_back(cast, process))
    suspends(cast, process)
    cast.time.ms += DAY_MS
    with refused(ForbiddenError, "person_suspended"):
        signs_in(process, back)


def test_a_deactivated_person_does_not_come_back(cast: Cast, process: Process) -> None:
    asyncio.run(process.change(cast.dave, re_enrol(cast.bob)))
    asyncio.run(process.change(cast.dave, {"deactivate": {"user": cast.bob.user}}))
    with refused(ForbiddenError, "person_deactivated"):
        asyncio.run(process.come_back(cast.bob, Passkey(), COMEBACK, "re-enrolment"))


def test_a_link_that_expired_begins_nothing(cast: Cast, process: Process) -> None:
    ends = clock.to_text(cast.time.ms + 1_000)
    asyncio.run(process.change(cast.dave, re_enrol(cast.bob, expiresAt=ends)))
    cast.time.ms += 1_000
    with refused(ConflictError, "link_expired"):
        asyncio.run(process.come_back(cast.bob, Passkey(), COMEBACK, "re-enrolment"))


def test_a_cancelled_re_enrolment_ends_nothing(cast: Cast, process: Process) -> None:
    bob, new = cast.bob, comes_back(cast, process)
    act = bob.act("cancel-recovery", recovery=f"passkey:{new.id}", user=bob.user)
    asyncio.run(process.people.recovering.cancel(bob.user, act, bob.confirm(act)))
    cast.time.ms += DAY_MS
    assert signs_in(process, bob) == bob.user
    with refused(RefusedError, "passkey_removed"):
        signs_in(process, as_now(bob, new))


def test_a_decision_that_is_stored_only_after_the_time_is_decided_anew(
    cast: Cast, process: Process
) -> None:
    bob = cast.bob
    comes_back(cast, process)
    raw = asyncio.run(process.draft(cast.alice, policy=INVESTORS))
    cast.time.ms += DAY_MS - 1
    append, tries = process.commits.append, []

    async def slow(write: Write) -> AppendResult:
        tries.append(write.until_ms)
        cast.time.ms += 1
        # At the very time another process stores something else.
        with closing(Process(Path(process.store.address).parent, cast.time)) as elsewhere:
            await elsewhere.draft(cast.alice)
        return await append(write)

    process.commits.append = slow  # type: ignore[method-assign]  # slow, and appends as it is
    with refused(RefusedError, "key_revoked"):
        approves(process, bob, raw)
    process.commits.append = append  # type: ignore[method-assign]  # as it was
    assert tries == [cast.time.ms]
