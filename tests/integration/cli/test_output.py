"""What a command does when the program that reads its output ends, as `head` does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.__main__ import READER_GONE

SAMPLE = str(Path(__file__).parents[2] / "vectors/evidence/statement.zip")


@pytest.mark.parametrize(
    "arguments",
    [["audit"], ["replay"], ["verify", SAMPLE]],
    ids=["audit", "replay", "verify"],
)
def test_a_command_ends_quietly_when_nobody_reads_its_output(
    ledger: Path, arguments: list[str]
) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    found = subprocess.run(
        [sys.executable, "-m", "ledger", *arguments],
        env=os.environ | {"LEDGER_DATA": str(ledger)},
        stdout=writes,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writes)
    assert (found.returncode, found.stderr) == (READER_GONE, b"")
