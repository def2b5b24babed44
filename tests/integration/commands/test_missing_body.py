"""An event whose body is gone is never left out of a decision."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.data_files import LOG_FILE
from ledger.errors import CorruptError
from tests.support.ledgers import Cast, Process, settled
from tests.support.refusals import refused
from tests.support.states import without_triggers


@pytest.fixture
def cast(tmp_path: Path) -> Cast:
    return settled(tmp_path / "cast")


def test_a_revocation_without_its_body_revokes_all_the_same(cast: Cast, tmp_path: Path) -> None:
    directory = cast.copy(tmp_path / "ledger")
    with closing(Process(directory, cast.time)) as process:
        kid = cast.bob.key.kid
        revoked = asyncio.run(process.revoke(cast.bob, kid)).position
    with closing(sqlite3.connect(directory / LOG_FILE)) as raw, without_triggers(raw):
        raw.execute("DELETE FROM body WHERE pos = ?", (revoked,))
        raw.commit()
    with (
        closing(Process(directory, cast.time)) as process,
        refused(CorruptError, "state_truncated"),
    ):
        asyncio.run(process.people.sign_in.with_key(cast.bob.act("sign-in", jti="1")))
