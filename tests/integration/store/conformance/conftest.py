"""One ledger's storage on each engine."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.ports.log import LogStore
from tests.support.engines import DATABASES, ENGINES, SQLITE, Engine, FilesEngine


@pytest.fixture(params=[*ENGINES])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    name: str = request.param
    if name == "postgres":
        request.getfixturevalue("postgres")
    yield ENGINES[name]
    if name == "postgres":
        DATABASES.give_back()


@pytest.fixture
def files() -> FilesEngine:
    """The engine that copies logs: there is one."""
    return SQLITE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(engine: Engine, data: Path) -> Iterator[LogStore]:
    with closing(engine.open_log(data)) as opened:
        yield opened
