"""Starts on one data directory take turns, and none founds a ledger in place of a lost one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import CorruptError, UnavailableError
from ledger.store.engines import address_of
from ledger.store.starting import starting
from tests.support.refusals import refused

# Processes that have imported everything start at the same moment.
RACE = """
import json, os, sys
from ledger.errors import LedgerError
from ledger.server import build
from ledger.settings import read_settings

settings = read_settings({"LEDGER_DATA": sys.argv[1]})
gate, said = os.pipe(), os.pipe()
for _ in range(24):
    if os.fork() == 0:
        os.close(gate[1])
        os.read(gate[0], 1)
        try:
            build(settings)
            result = "served"
        except BaseException as error:
            result = repr(error)
        os.write(said[1], (result + "\\n").encode())
        os._exit(0)
os.close(gate[1])
os.close(said[1])
print(json.dumps(os.fdopen(said[0]).read().splitlines()))
"""


def test_twenty_four_first_starts_at_once_serve_one_ledger(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RACE, str(tmp_path / "data")],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["served"] * 24


def test_a_start_that_waits_for_too_long_says_so(tmp_path: Path) -> None:
    with (
        starting(tmp_path, address_of(tmp_path)),
        refused(UnavailableError, "start_in_progress"),
        starting(tmp_path, address_of(tmp_path), wait_s=0.1),
    ):
        pass
    with starting(tmp_path, address_of(tmp_path), wait_s=0.1):
        pass


@pytest.mark.parametrize("log", [None, b""])
def test_a_key_without_its_log_starts_no_other_ledger(tmp_path: Path, log: bytes | None) -> None:
    (tmp_path / "ledger-key.pem").write_text("key")
    if log is not None:
        (tmp_path / "log.sqlite").write_bytes(log)
    with refused(CorruptError, "log_missing"), starting(tmp_path, address_of(tmp_path)):
        pass
