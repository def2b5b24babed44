"""A signal to end is never lost, between whichever two lines of the parent it comes."""

import subprocess
import sys

# The program of a parent, in a process of its own: its worker waits for its end.
PARENT = """
import os, signal, socket, sys
from ledger.cli.workers import Handover, Supervisor
def work(listening, team, ready):
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    ready()
    signal.sigwait((signal.SIGTERM,))
    return 0
parent = Supervisor(work, socket.socket(), count=1, locks=(), patience_s=20)
"""


def program(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PARENT + text], capture_output=True, text=True, timeout=60
    )


def test_an_end_between_two_lines_of_a_renewal_waits_for_the_new_program() -> None:
    done = program(
        """
execute = os.execve
def executed(*_):
    os.kill(os.getpid(), signal.SIGTERM)  # at the last moment
    waits = "import signal; print(signal.SIGTERM in signal.sigpending())"
    execute(sys.executable, [sys.executable, "-c", waits], dict(os.environ))
os.execve = executed
parent._start_anew()
"""
    )
    assert (done.returncode, done.stdout) == (0, "True\n")


def test_a_new_program_takes_the_end_that_waits_for_it() -> None:
    done = program(
        """
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
os.kill(os.getpid(), signal.SIGTERM)
sys.exit(parent.run())
"""
    )
    assert done.returncode == 0, done.stderr


def test_an_end_before_the_renewal_is_no_renewal() -> None:
    done = program(
        """
os.execve = lambda *_: print("executed")
parent._ends_at_s = 1.0
parent._start_anew()
"""
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_an_end_while_a_worker_is_forked_reaches_the_worker() -> None:
    done = program(
        """
fork = os.fork
def forked():
    os.kill(os.getpid(), signal.SIGTERM)
    return fork()
os.fork = forked
sys.exit(parent.run())
"""
    )
    assert done.returncode == 0, done.stderr
