"""A file of lines that never grows beyond its bound: the newest lines in it, the older in `….1`.

Several processes may append to one file, and a tool may move it away: each batch opens the file
anew and holds its lock. Lines are written to the operating system and not synchronized to the disk,
so they survive the end of the process, and a power cut may take the last seconds of them.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from ledger.system.private_files import MODE

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class BoundedFile:
    """Two files of mode 0600, `path` and `path` with `.1`, of at most `max_bytes` each."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._path = path
        self._older = path.with_name(f"{path.name}.1")
        self._max_bytes = max_bytes

    def append(self, lines: Sequence[bytes]) -> None:
        """Write whole lines, each with its line feed; raise OSError and leave none of a part."""
        rest = [*lines]
        while rest:
            descriptor = self._open()
            try:
                if not self._append(descriptor, rest):
                    self._path.replace(self._older)
            finally:
                os.close(descriptor)  # gives the lock back

    def _open(self) -> int:
        """Return the file under its lock, whichever process has moved it meanwhile."""
        while True:
            descriptor = os.open(self._path, _FLAGS, MODE)
            try:
                os.fchmod(descriptor, MODE)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if self._path.exists() and os.path.samestat(
                    os.fstat(descriptor), self._path.lstat()
                ):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _append(self, descriptor: int, rest: list[bytes]) -> bool:
        """Write as many lines as fit and take them from `rest`; tell whether any did."""
        size = os.fstat(descriptor).st_size
        # A line without its end is what a full disk or a killed process left of one.
        part = b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""
        length, count = size + len(part), 0
        for line in rest:
            if length + len(line) > self._max_bytes and length:
                break
            length += len(line)
            count += 1
        if not count:
            return False
        try:
            _write(descriptor, part + b"".join(rest[:count]))
        except OSError:
            os.ftruncate(descriptor, size)
            raise
        del rest[:count]
        return True


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
