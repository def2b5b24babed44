"""Holds in a real log: nobody erases what is held, not the server, and no attacker."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import ConflictError
from tests.support.erasing import approved, erase, erased, name_of, report_of, tampered
from tests.support.ledgers import Cast, Process, drafted_change, know_everybody, settled
from tests.support.refusals import refused


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    know_everybody(process, cast)
    yield process
    process.close()


def hold(raw: bytes) -> dict[str, Any]:
    return {"hold": {"statement": name_of(raw)}}


def release(raw: bytes) -> dict[str, Any]:
    return {"release-hold": {"statement": name_of(raw)}}


@pytest.fixture
def held(cast: Cast, here: Process) -> bytes:
    async def tell() -> bytes:
        raw = await approved(here, cast)
        await here.change(cast.dave, hold(raw))
        return raw

    return asyncio.run(tell())


def test_what_is_held_is_not_erased_before_its_release(
    cast: Cast, here: Process, held: bytes
) -> None:
    async def tell() -> None:
        with refused(ConflictError, "on_hold"):
            await erased(here, cast, held)
        with refused(ConflictError, "change_no_effect"):
            await here.change(cast.dave, hold(held))
        await here.change(cast.dave, release(held))
        with refused(ConflictError, "change_no_effect"):
            await here.change(cast.dave, release(held))
        await erased(here, cast, held)
        with refused(ConflictError, "change_no_effect"):
            await here.change(cast.dave, hold(held))

    asyncio.run(tell())
    assert report_of(here).finding is None


def test_of_a_hold_and_an_erasure_at_once_one_is_recorded(cast: Cast, here: Process) -> None:
    """Both are decided on the same states; the retry of the second sees the first."""

    async def tell() -> list[object]:
        raw = await approved(here, cast)
        changes = [drafted_change(cast.dave, each) for each in (hold(raw), erase(raw))]
        return await asyncio.gather(
            *(here.people.changes.make(each) for each in changes), return_exceptions=True
        )

    answers = asyncio.run(tell())
    codes = [each.code for each in answers if isinstance(each, ConflictError)]
    assert codes in (["on_hold"], ["change_no_effect"])
    assert report_of(here).finding is None


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_audit_accepts_a_log_with_a_hold(here: Process, held: bytes, jobs: int) -> None:
    assert report_of(here, jobs).finding is None


def test_the_audit_finds_the_body_of_a_hold_missing(here: Process, held: bytes) -> None:
    position = here.store.head().sealed
    found = tampered(here, "DELETE FROM body WHERE pos = (SELECT max(pos) FROM body);")
    assert found is not None
    assert found[1:] == (position, "log_invalid")
