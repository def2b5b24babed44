"""A copy of the ledger, to be edited and audited; a web server for the files of a public log."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.web import serving


@pytest.fixture
def copy(ledger: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ledger, tmp_path / "copy"))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Serve a directory; return it and its origin. Each test writes `log` in it anew."""
    directory = tmp_path_factory.mktemp("site")
    with serving(directory) as origin:
        yield directory, origin
