"""Write files that others may read, such as those that a web server serves."""

import os
import secrets
from pathlib import Path

from ledger.system.private_files import synchronize_directory


def put(path: Path, content: bytes) -> None:
    """Write or replace a file durably and atomically; create its directories.

    The process's umask decides who reads it. Crash points: before the rename, the file is the old
    one or none; after it, the new one. The name of the new one is its own, so that two processes
    never write into one file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    try:
        with new.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)  # it is still there if something failed
    synchronize_directory(path.parent)
