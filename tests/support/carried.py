"""A further server of a ledger gets the first one's keys and signer's memory."""

import shutil
from pathlib import Path

from ledger.data_files import HEADS_KEY_FILE, LEDGER_KEY_FILE, LOG_KEYS_FILE, SIGNER_MEMORY_FILE

CARRIED = (LEDGER_KEY_FILE, HEADS_KEY_FILE, LOG_KEYS_FILE, SIGNER_MEMORY_FILE)


def carry(source: Path, target: Path) -> None:
    """Make a data directory as an operator does, from that of the first server."""
    target.mkdir(mode=0o700)
    for name in CARRIED:
        shutil.copy(source / name, target)
