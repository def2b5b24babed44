"""A restore forgets which sign-in acts were used, so it refuses those from before it."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ledger import clock
from ledger.commands.reading import Reading
from ledger.domain.acts import KeptTree
from ledger.domain.charter import STREAM
from ledger.domain.epochs import Restoration
from ledger.errors import RefusedError
from tests.support.ledgers import Cast, Process, settled
from tests.support.refusals import refused


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def restored(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    """A process whose ledger was restored now."""
    with closing(Process(cast.copy(tmp_path / "ledger"), cast.time)) as process:
        charter = asyncio.run(process.writer.ask(Reading.charter))
        kept = KeptTree(size=1, root="0" * 64)
        at = clock.to_text(cast.time.ms)
        restoration = Restoration(1, kept, None, f"{charter.ledger}/1", "a reason", at)
        newer = msgspec.structs.replace(
            charter, version=charter.version + 1, restorations=(restoration,)
        )
        process.writer.seen.keep(STREAM, newer)
        yield process


def test_an_act_from_before_the_restore_signs_nobody_in(cast: Cast, restored: Process) -> None:
    sign_in = restored.people.sign_in.with_key
    with refused(RefusedError, "already_used"):
        asyncio.run(sign_in(cast.bob.act("sign-in", jti="before")))
    cast.time.ms += clock.SKEW_MS + 1_000
    assert asyncio.run(sign_in(cast.bob.act("sign-in", jti="after")))[0] == cast.bob.user
