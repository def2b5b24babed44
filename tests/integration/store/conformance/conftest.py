"""One ledger's storage on each engine."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.ports.log import LogStore
from tests.support.engines import ENGINES, Engine


@pytest.fixture(params=[*ENGINES])
def engine(request: pytest.FixtureRequest) -> Engine:
    name: str = request.param
    return ENGINES[name]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(engine: Engine, data: Path) -> Iterator[LogStore]:
    with closing(engine.open_log(data)) as opened:
        yield opened
