"""Processes of a node, which tests kill, freeze and start again; none outlives the tests."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.support.postgres import NOBODY

# Below the ports that the system gives to connections: none of those takes one of these meanwhile.
_FIRST_PORT, _LAST_PORT = 15_000, 32_000


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens on."""
    found: list[int] = []
    first = _FIRST_PORT + os.getpid() % 10_000
    for port in range(first, _LAST_PORT):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


def start(
    arguments: list[str], environment: Mapping[str, str], log: Path, where: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start a program in a group of its own; for root it runs as nobody, as PostgreSQL has to.

    `where` is a command that starts it somewhere. Nobody may not read everything where Python is
    installed, so it gets the capability to.
    """
    if os.geteuid() == 0:
        drop = f"{find('setpriv')} --reuid={NOBODY} --regid={NOBODY} --clear-groups"
        keep = "--inh-caps=+dac_read_search --ambient-caps=+dac_read_search --"
        arguments = [*where, *drop.split(), *keep.split(), *arguments]
    with log.open("ab") as output:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env={"HOME": str(log.parent), "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True,
        )


def own(directory: Path) -> None:
    """Give a directory to the user that `start` runs programs as."""
    if os.geteuid() == 0:
        os.chown(directory, NOBODY, NOBODY)


def family(pid: int) -> list[int]:
    """Return a process and all its descendants, the process first."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            with suppress(OSError):
                found.extend(map(int, task.read_text().split()))
    return found


def send(pids: Iterable[int], sent: signal.Signals) -> None:
    """Send a signal to each process that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, sent)


def find(program: str) -> str:
    """Return the path of a program that the tests need."""
    path = shutil.which(program)
    assert path is not None, f"install {program}: make test-cluster does"
    return path
