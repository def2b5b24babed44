"""The commands of the pages on backups and recovery, run in the pages' order."""

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.cli.main import main
from ledger.data_files import LOG_FILE
from ledger.settings import Settings
from tests.support.restores import audited, backed_up, grow, invited
from tests.support.signers import LEDGER

PAGES = Path(__file__).parents[3] / "docs/how-to"


@pytest.fixture
def settings(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the ledger with every kind of row, which the commands use."""
    data = Path(shutil.copytree(ledger, tmp_path / "data"))
    monkeypatch.setenv("LEDGER_DATA", str(data))
    monkeypatch.setenv("LEDGER_REGISTRATION", "invite")
    (tmp_path / "passphrase").write_text("correct horse battery\n")
    return invited(data)


def commands(page: str, tmp_path: Path, **words: str) -> Iterator[list[str]]:
    """Yield the command lines of a page, with paths of this test."""
    text = (PAGES / f"{page}.md").read_text()
    here = {
        "/backup/": f"{tmp_path}/backup/",
        "/etc/ledger/": f"{tmp_path}/",
        "ledger.example.com/approvals": LEDGER,
    } | words
    for line in re.findall(r"^ *\$ ledger (.*)$", text, re.MULTILINE):
        for old, new in here.items():
            line = line.replace(old, new)
        yield shlex.split(line)


def test_the_page_on_backups(settings: Settings, tmp_path: Path) -> None:
    first, *rest = commands("back-up", tmp_path)
    assert main(first) == 0
    grow(settings)
    assert [main(line) for line in rest] == [0, 0, 0]
    assert [path.name for path in sorted((tmp_path / "backup").iterdir())] == [
        "keys",
        "monday",
        "tuesday",
    ]


def test_the_page_on_restores(settings: Settings, tmp_path: Path) -> None:
    lossless, declared = commands("restore", tmp_path)
    (tmp_path / "backup").mkdir()
    backed_up(settings, tmp_path / "backup" / "tuesday")
    (settings.data / LOG_FILE).unlink()
    assert main(lossless) == 0
    assert audited(settings).restorations == []
    grow(settings)
    assert main(lossless) == 2  # something was lost now, and nobody confirmed
    assert audited(settings).restorations == []
    assert main(declared) == 0
    assert [each.epoch for each in audited(settings).restorations] == [1]


def test_the_page_on_a_lost_memory_and_keys(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.signer_memory.unlink()
    size = audited(settings).newest
    asked, shown, confirmed, *anew = commands(
        "lost-memory-or-keys", tmp_path, **{"--size 20": f"--size {size}"}
    )
    assert main(asked) == 2  # it has no witness
    assert main(shown) == 0
    assert f"\n{size}\n" in capsys.readouterr().out
    assert main(confirmed) == 0
    grow(settings)
    assert [main(line) for line in anew] == [0] * 4  # the heads key, then that and the log's keys
    assert audited(settings).verdict == "verified"


def test_the_page_on_moving(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last, restore = commands("move-host", tmp_path)
    assert main(first) == 0
    grow(settings)
    assert main(last) == 0
    there = tmp_path / "new-host"
    there.mkdir(mode=0o700)
    shutil.move(settings.signer_memory, there / settings.signer_memory.name)
    monkeypatch.setitem(os.environ, "LEDGER_DATA", str(there))
    assert main(restore) == 0
    moved = invited(there)
    assert audited(moved).restorations == []
    grow(moved)
    assert audited(moved).verdict == "verified"
