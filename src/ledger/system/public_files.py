"""Write files that others may read, such as those that a web server serves."""

import os
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """Write or replace a file durably and atomically; create its directories.

    The process's umask decides who reads it. Crash points: before the rename, the file is the old
    one or none; after it, the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
