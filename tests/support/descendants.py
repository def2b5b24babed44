"""Processes that this one started, directly or not."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def kill_descendants(name: str) -> None:
    """Kill every process below this one whose command line has a name; only Linux lists them."""
    for pid in descendants(os.getpid()):
        with suppress(OSError):
            if name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes below one."""
    children: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            children += map(int, listed.read_text().split())
    for child in children:
        yield child
        yield from descendants(child)
