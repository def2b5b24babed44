"""A ledger in a file, and places where its log can go."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.settings import Settings
from tests.support.engines import DATABASES
from tests.support.log_copying import at
from tests.support.postgres import Cluster


@pytest.fixture
def here(ledger: Path, tmp_path: Path) -> Settings:
    """A ledger with every kind of row, in a file."""
    return at(shutil.copytree(ledger, tmp_path / "data"), tmp_path / "data")


@pytest.fixture
def there(postgres: Cluster, here: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The same data directory, with the log in an empty database."""
    yield at(DATABASES.url(tmp_path / "database"), here.data)
    DATABASES.give_back()


@pytest.fixture
def back(tmp_path: Path) -> Settings:
    """Another directory, without a log."""
    return at(tmp_path / "back", tmp_path / "back")
