"""Programs in processes of their own, forked from one that has imported the server.

Importing takes three quarters of the processor time of a start, and the tests start the server
hundreds of times. The program runs as `python -m` runs it: its own arguments, environment and
output, a process that tests may kill. What imports do is for the tests that start `python` itself.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from ledger.system import wall_clock
from tests.support.network_namespace import enter

# What `ledger serve` and `ledger witness serve` import, some of it late.
IMPORTED = """ledger.cli.main ledger.cli.serve ledger.store.sqlite.store ledger.witness.app
    anyio._backends._asyncio encodings.idna litestar.exceptions.responses litestar.plugins.attrs
    litestar.plugins.pydantic uvicorn.lifespan.on uvicorn.loops.auto uvloop""".split()
# The environment variable for a ledger whose clock is some seconds ahead.
AHEAD = "TESTS_AHEAD_S"
# That for a program in a network namespace: its file.
NETWORK = "TESTS_NETWORK"
_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(IMPORTED)


class Running(Protocol):
    """A process: what `subprocess.Popen` offers, as far as tests use it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...


class _Forked:
    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None
        self.pid: int = process.pid
        self._process = process

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return self._process.exitcode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


def start_program(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], output: Path
) -> Running:
    """Run `python -m MODULE ARGUMENTS…` in this environment; append what it prints to a file."""
    if "COVERAGE_PROCESS_CONFIG" in os.environ:  # coverage begins when Python does
        with output.open("ab") as log:
            command = [sys.executable, "-m", module, *arguments]
            return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    run = (module, [*arguments], dict(environment), str(output), str(output))
    process = _FORKING.Process(target=_run, args=run, daemon=True)
    process.start()
    return _Forked(process)


def run_ledger(
    arguments: Sequence[str | Path], environment: Mapping[str, str], *, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run a command of `ledger` to its end, as `start_program` runs programs; it gets no input."""
    command = [sys.executable, "-m", "ledger", *map(str, arguments)]
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout_s
        )
    with TemporaryDirectory() as directory:
        output, errors = Path(directory) / "output", Path(directory) / "errors"
        run = ("ledger", command[3:], dict(environment), str(output), str(errors))
        process = _FORKING.Process(target=_run, args=run)
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(command, timeout_s)
        said = output.read_text("utf-8"), errors.read_text("utf-8")
        return subprocess.CompletedProcess(command, process.exitcode, *said)


def _set_clock(ahead_s: int) -> None:
    """Let this process's clock be ahead of the computer's from the start."""
    read_s, read_ns = time.time, time.time_ns
    time.time = lambda: read_s() + ahead_s
    time.time_ns = lambda: read_ns() + ahead_s * 1_000_000_000
    # It was imported before, with the computer's clock.
    wall_clock.WallClock.__init__.__defaults__ = (time.time_ns, wall_clock._elapsed_ns)


def _run(
    module: str, arguments: list[str], environment: dict[str, str], output: str, errors: str
) -> None:
    """Be the program, in the forked process."""
    if ahead_s := int(environment.pop(AHEAD, "0")):
        _set_clock(ahead_s)
    if network := environment.pop(NETWORK, ""):
        enter(Path(network))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, path in ((1, output), (2, errors)):
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.dup2(log, number)
        os.close(log)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
