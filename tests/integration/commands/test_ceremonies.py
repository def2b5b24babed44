"""Ceremonies without a table: beginning one writes nothing, and each is completed once."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.commands.ceremonies import CEREMONY_MS, Begun
from ledger.commands.ceremony_ids import MAX_ID_CHARS, seal
from ledger.domain import challenges
from ledger.domain.receipts import ADD_KEY
from ledger.encoding import b64u_encode
from ledger.errors import ForbiddenError, RefusedError
from tests.support.ledgers import Cast, Process, settled
from tests.support.refusals import refused
from tests.support.signers import Signer, assertion


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    yield process
    process.close()


@pytest.fixture
def there(here: Process) -> Iterator[Process]:
    """Another process on the same directory."""
    process = Process(Path(here.store.address).parent, here.time)
    yield process
    process.close()


def challenge_of(begun: Begun) -> bytes:
    return challenges.sign_in(ledger=begun.ceremony.ledger, nonce=begun.ceremony.nonce)


def sign_in(process: Process, who: Signer, begun: Begun) -> str:
    response = who.passkey.get(challenge_of(begun))
    return asyncio.run(process.people.sign_in.with_passkey(begun.id, assertion(response)))


def remembered(process: Process) -> list[str]:
    with closing(sqlite3.connect(Path(process.store.address).parent / "state.sqlite")) as db:
        return [name for (name,) in db.execute("SELECT name FROM once")]


def test_beginning_writes_nothing_and_completion_is_remembered_until_it_expires(
    cast: Cast, here: Process
) -> None:
    before = remembered(here)
    begun = [asyncio.run(here.people.sign_in.begin()) for _ in range(200)]
    assert remembered(here) == before
    assert sign_in(here, cast.bob, begun[0]) == cast.bob.user
    assert f"ceremony/{begun[0].ceremony.nonce}" in remembered(here)
    cast.time.ms += CEREMONY_MS
    assert sign_in(here, cast.bob, asyncio.run(here.people.sign_in.begin())) == cast.bob.user
    assert f"ceremony/{begun[0].ceremony.nonce}" not in remembered(here)


def test_a_ceremony_is_completed_within_five_minutes_or_not_at_all(
    cast: Cast, here: Process
) -> None:
    begun, late = asyncio.run(here.people.sign_in.begin()), asyncio.run(here.people.sign_in.begin())
    cast.time.ms += CEREMONY_MS - 1
    assert sign_in(here, cast.bob, begun) == cast.bob.user
    cast.time.ms += 1
    with refused(RefusedError, "ceremony_unknown"):
        sign_in(here, cast.bob, late)


def test_a_process_completes_what_another_began_and_neither_completes_it_again(
    cast: Cast, here: Process, there: Process
) -> None:
    begun = asyncio.run(here.people.sign_in.begin())
    assert sign_in(there, cast.bob, begun) == cast.bob.user
    for process in (here, there):
        with refused(RefusedError, "ceremony_unknown"):
            sign_in(process, cast.bob, begun)


def test_the_first_answer_ends_a_ceremony_also_a_wrong_one(cast: Cast, here: Process) -> None:
    begun, other = (
        asyncio.run(here.people.sign_in.begin()),
        asyncio.run(here.people.sign_in.begin()),
    )
    mixed = Begun(begun.id, other.ceremony)
    with refused(RefusedError, "passkey_assertion_refused"):
        sign_in(here, cast.bob, mixed)
    with refused(RefusedError, "ceremony_unknown"):
        sign_in(here, cast.bob, begun)


def test_another_person_neither_uses_nor_ends_a_ceremony(cast: Cast, here: Process) -> None:
    begun = asyncio.run(here.people.keys.begin(cast.bob.user))
    ceremonies = here.people.keys._ceremonies
    with refused(ForbiddenError, "ceremony_of_another"):
        asyncio.run(ceremonies.take(begun.id, ADD_KEY, cast.carol.user))
    assert asyncio.run(ceremonies.take(begun.id, ADD_KEY, cast.bob.user)) == begun.ceremony


def forge(process: Process, begun: Begun, **changed: Any) -> Begun:
    """Return a ceremony that somebody made who learned the key of ceremonies."""
    ceremony = msgspec.structs.replace(begun.ceremony, **changed)
    sealed = seal(msgspec.msgpack.encode(ceremony), key=process.state.ceremony_key)
    return Begun(sealed, ceremony)


@pytest.mark.parametrize("changed", [{"ledger": "example.com/other"}, {"purpose": "register"}])
def test_a_ceremony_of_another_ledger_or_purpose_is_unknown(
    changed: dict[str, str], cast: Cast, here: Process
) -> None:
    begun = asyncio.run(here.people.sign_in.begin())
    with refused(RefusedError, "ceremony_unknown"):
        sign_in(here, cast.bob, forge(here, begun, **changed))
    assert sign_in(here, cast.bob, forge(here, begun)) == cast.bob.user


def test_who_learned_the_key_of_ceremonies_signs_in_with_no_recorded_assertion(
    cast: Cast, here: Process
) -> None:
    """An attestation's nonce and assertion are in the log, and many passkeys count nothing."""
    nonce = b64u_encode(bytes(32))
    recorded = cast.bob.submission(cast.bob.key, nonce=nonce).assertion
    forged = forge(here, asyncio.run(here.people.sign_in.begin()), nonce=nonce)
    with refused(RefusedError, "passkey_assertion_refused"):
        asyncio.run(here.people.sign_in.with_passkey(forged.id, recorded))


def test_who_learned_the_key_of_ceremonies_is_not_admitted_without_an_invitations_token(
    cast: Cast, here: Process
) -> None:
    asyncio.run(here.invite(cast.dave, "administrator", "the token"))
    begun = asyncio.run(here.people.registration.begin("Mallory", None, "the token"))
    mallory = Signer(83, "administrator", time=cast.time)
    with refused(ForbiddenError, "invitation_unknown"):
        asyncio.run(here.complete(mallory, forge(here, begun, invitation="another")))
    invited = asyncio.run(here.people.registration.begin("Mallory", None, "the token"))
    assert asyncio.run(here.complete(mallory, invited)).position == here.store.head().stored


def test_a_ceremony_does_not_outlive_the_state_that_can_be_lost(cast: Cast, here: Process) -> None:
    begun = asyncio.run(here.people.sign_in.begin())
    for path in Path(here.store.address).parent.glob("state.sqlite*"):
        path.unlink()
    with closing(Process(Path(here.store.address).parent, cast.time)) as later:
        with refused(RefusedError, "ceremony_unknown"):
            sign_in(later, cast.bob, begun)
        assert sign_in(later, cast.bob, asyncio.run(later.people.sign_in.begin())) == cast.bob.user


def test_the_longest_id_is_within_the_bound(cast: Cast, here: Process) -> None:
    token = "\U00020000" * 256
    asyncio.run(here.invite(cast.dave, "administrator", token))
    begun = asyncio.run(here.people.registration.begin("\U00020000" * 100, None, token))
    assert len(begun.id) < MAX_ID_CHARS
