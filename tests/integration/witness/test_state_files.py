"""The witness's state as a file: damaged, locked or lost, it never lets two trees be signed."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.data_files import WITNESS_KEYS_FILE, WITNESS_STATE_FILE
from ledger.errors import CorruptError, UnavailableError
from ledger.tlog import vkeys
from ledger.witness import state
from ledger.witness.state import WitnessState
from tests.support.refusals import refused
from tests.support.trees import NOW_S, Tree

ORIGIN = "ledger.example.com/a"
SIGNERS = vkeys.generate(ORIGIN)
TREE = Tree(ORIGIN, b"".join(bytes([n]) * 32 for n in range(20)), SIGNERS)
KEYS = [signer.key for signer in SIGNERS]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The directory of a witness that has cosigned a tree of ten entries."""
    state.create(tmp_path, "witness.example.com/1")
    with closing(WitnessState(tmp_path, KEYS)) as opened:
        opened.add(TREE.submit(0, 10).to_bytes(), now_s=NOW_S)
    return tmp_path


def garbage(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def halved(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize("damage", [garbage, halved])
@pytest.mark.parametrize("command", ["keys", "serve"])
def test_a_damaged_state_is_a_verdict_and_nothing_is_signed(
    data: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None], command: str
) -> None:
    damage(data / WITNESS_STATE_FILE)
    logs = ["--log", KEYS[0].vkey] if command == "serve" else []
    assert main(["witness", command, *logs, "--data", str(data)]) == ExitCode.INVALID
    said = capsys.readouterr().err
    assert said.startswith("ledger: file_malformed: ")
    assert WITNESS_STATE_FILE in said


def test_keys_of_garbage_are_refused_in_one_line(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    garbage(data / WITNESS_KEYS_FILE)
    assert main(["witness", "keys", "--data", str(data)]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert (said.startswith("ledger: "), said.count("\n")) == (True, 1)


def test_a_row_that_is_no_checkpoint_stops_the_signing_of_its_log(data: Path) -> None:
    with closing(sqlite3.connect(data / WITNESS_STATE_FILE, isolation_level=None)) as db:
        db.execute("UPDATE log SET text = 'garbage'")
    with closing(WitnessState(data, KEYS)) as opened, refused(CorruptError, "file_malformed"):
        opened.add(TREE.submit(10, 20).to_bytes(), now_s=NOW_S)


def test_a_state_that_was_deleted_while_it_was_open_signs_nothing_more(data: Path) -> None:
    with closing(WitnessState(data, KEYS)) as opened:
        (data / WITNESS_STATE_FILE).unlink()
        with refused(UnavailableError, "storage_lost"):
            opened.add(TREE.submit(10, 20).to_bytes(), now_s=NOW_S)


def test_a_state_that_cannot_be_written_is_an_outage_that_passes(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.sqlite.files.BUSY_TIMEOUT_S", 0.05)
    with (
        closing(WitnessState(data, KEYS)) as opened,
        closing(sqlite3.connect(data / WITNESS_STATE_FILE, isolation_level=None)) as other,
    ):
        other.execute("BEGIN EXCLUSIVE")
        with refused(UnavailableError, "storage_failed"):
            opened.add(TREE.submit(10, 20).to_bytes(), now_s=NOW_S)
        other.execute("ROLLBACK")
        assert opened.add(TREE.submit(10, 20).to_bytes(), now_s=NOW_S)
