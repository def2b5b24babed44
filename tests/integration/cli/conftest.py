"""A copy of the ledger, to be edited and audited."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copy(ledger: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ledger, tmp_path / "copy"))
