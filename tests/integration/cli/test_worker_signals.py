"""A signal to end is never lost, between whichever two lines of the parent it comes."""

import subprocess
import sys

# The program of a parent, in a process of its own: its worker waits for its end.
PARENT = """
import os, signal, socket, sys
from ledger import __version__
from ledger.cli.handover import Handover
from ledger.cli.workers import Supervisor
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


def test_what_a_worker_held_that_died_is_free_before_the_next_one_starts() -> None:
    """The next one starts after up to ten seconds, or not at all while something is broken."""
    done = program(
        """
def work(listening, team, ready):
    team.holding.hold_bytes(500)
    team.holding.open_stream("alice")
    ready()
    os.kill(os.getpid(), signal.SIGKILL)
parent = Supervisor(work, socket.socket(), count=2, locks=(), patience_s=20)
parent._has_started = True
parent._start(1)
while not parent._due:
    parent._reap()
print(parent._holdings.bodies_bytes(), parent._holdings.streams("alice"))
"""
    )
    assert (done.returncode, done.stdout) == (0, "0 (0, 0)\n"), done.stderr


# The second worker never answers, and takes no notice of SIGTERM.
HANGS = """
import time
from ledger.cli import workers
def hangs(listening, team, ready):
    if team.number == 1:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(90)  # longer than the program may take
    return work(listening, team, ready)
"""


def test_a_worker_that_does_not_answer_keeps_no_other_from_being_started_again() -> None:
    done = program(
        HANGS
        + """
parent = Supervisor(hangs, socket.socket(), count=2, locks=(), patience_s=0.5)
start, started = parent._start, []
def begin(number):
    start(number)
    print("starts", number, flush=True)
    started.append(number)
    if started == [0, 1]:
        first = next(process for process, (at, _) in parent._workers.items() if at == 0)
        os.kill(first, signal.SIGKILL)
    elif number == 0 and len(started) > 1:
        os.kill(os.getpid(), signal.SIGTERM)
parent._start = begin
sys.exit(parent.run())
"""
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "starts 0\nstarts 1\nstarts 0\n"


def test_a_worker_that_does_not_answer_in_time_is_killed_and_started_again() -> None:
    done = program(
        HANGS
        + """
workers.START_S = 0.5
parent = Supervisor(hangs, socket.socket(), count=2, locks=(), patience_s=0.5)
def told(text, *given):
    print(text % given, flush=True)
    if "ended" in text:
        os.kill(os.getpid(), signal.SIGTERM)
workers._log.error = told
sys.exit(parent.run())
"""
    )
    assert done.returncode == 0, done.stderr
    assert "worker 1 does not answer after 0 s and is killed\n" in done.stdout
    assert "worker 1 ended (-9) and is started again\n" in done.stdout


# Two workers of an earlier version, which this program may not start beside.
EARLIER = """
from time import sleep
def earlier():
    process = os.fork()
    if not process:
        sleep(30)
        os._exit(0)
    return process
first, second = earlier(), earlier()
left = Handover("0.0", 0, (), (first, second))
def parent_of(work, count=2):
    return Supervisor(work, socket.socket(), count=count, locks=(), earlier=left, patience_s=20)
"""


def test_a_second_renewal_does_not_start_beside_workers_of_another_version() -> None:
    done = program(
        EARLIER
        + """
def executed(_program, _arguments, environment):
    print(environment["LEDGER_HANDOVER"].partition(",")[0], flush=True)
    os.kill(first, signal.SIGKILL)
    os.kill(second, signal.SIGKILL)
    os._exit(0)
os.execve = executed
parent = parent_of(work)
parent._renews = True
parent.run()
"""
    )
    assert (done.returncode, done.stdout) == (0, '{"version":"0.0"\n'), done.stderr


def test_a_worker_of_another_version_that_ends_is_replaced_when_the_last_one_has_ended() -> None:
    done = program(
        EARLIER
        + """
def beside(listening, team, ready):
    try:
        os.kill(second, 0)
        print("beside", flush=True)
    except ProcessLookupError:
        print("alone", flush=True)
    os.kill(os.getppid(), signal.SIGTERM)
    return work(listening, team, ready)
if not os.fork():
    sleep(2)
    os.kill(second, signal.SIGKILL)
    os._exit(0)
os.kill(first, signal.SIGKILL)
sys.exit(parent_of(beside).run())
"""
    )
    assert (done.returncode, {*done.stdout.split()}) == (0, {"alone"}), done.stderr


def test_a_new_program_that_does_not_answer_leaves_the_earlier_workers() -> None:
    done = program(
        EARLIER
        + """
from ledger.cli import workers
workers.START_S = 0.5
left = Handover(__version__, 0, (), (first, second))
def hangs(listening, team, ready):
    sleep(50)
def told(text, *given):
    print(text % given, flush=True)
    if "go on" in text:
        os.kill(os.getpid(), signal.SIGTERM)
workers._log.error = told
sys.exit(parent_of(hangs).run())
"""
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "worker 0 does not answer after 0 s and is killed",
        "the new program does not start; the workers of the earlier one go on",
    ]


def test_a_worker_beyond_the_number_of_the_new_program_is_not_started_again() -> None:
    done = program(
        EARLIER
        + """
left = Handover(__version__, 0, (), (first, second))
def fails(listening, team, ready):
    os._exit(3)
os.kill(max(first, second), signal.SIGKILL)
if not os.fork():
    sleep(1)
    os.kill(min(first, second), signal.SIGKILL)
    os._exit(0)
parent = parent_of(fails, count=1)
later = parent._start_later
def started(number):
    print(number, flush=True)
    parent._ends_at_s = 1.0
    parent._start_later = later
parent._start_later = started
sys.exit(parent.run())
"""
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
