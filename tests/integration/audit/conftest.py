"""Where a copy of the ledger goes that a test edits."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "copy"
    shutil.rmtree(tmp_path / "copy")
