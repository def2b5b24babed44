"""Where a copy of the ledger goes that a test edits, and a ledger in which everything happens."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.every_event import every_type
from tests.support.kept_log import keep


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a ledger in which each type of event happens."""
    data = tmp_path_factory.mktemp("story")
    keep(every_type(end=True), data / "log.sqlite")
    return data


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "copy"
    shutil.rmtree(tmp_path / "copy")
