"""One server at a time on a data directory, and none while its files are replaced."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from ledger.data_files import USE_LOCK
from ledger.errors import ConflictError
from ledger.system.directory_lock import replacing, serving, using
from tests.support.refusals import refused

# A process that holds the directory until it is killed.
HOLD = (
    "import sys, time, pathlib; from ledger.system.directory_lock import serving\n"
    "with serving(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
)


def is_refused(holding: Callable[[Path], AbstractContextManager[object]], data: Path) -> None:
    with refused(ConflictError, "data_in_use"), holding(data):
        pass


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path):
        is_refused(serving, tmp_path)
    with serving(tmp_path):  # the first one has ended
        assert (tmp_path / USE_LOCK).stat().st_mode & 0o777 == 0o600


def test_servers_that_expect_each_other_share_the_directory(tmp_path: Path) -> None:
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(serving(tmp_path, beside_others=True))
        is_refused(serving, tmp_path)  # this one does not expect others


def test_nothing_is_replaced_while_it_is_used_and_the_reverse(tmp_path: Path) -> None:
    for holding in (serving, using):
        with holding(tmp_path):
            is_refused(replacing, tmp_path)
        with replacing(tmp_path):
            is_refused(holding, tmp_path)


def test_commands_use_the_directory_beside_its_server(tmp_path: Path) -> None:
    with ExitStack() as held:
        for holding in (serving, using, using):
            held.enter_context(holding(tmp_path))


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        is_refused(replacing, tmp_path)
        process.kill()
    began_s = time.monotonic()
    with replacing(tmp_path):
        assert time.monotonic() - began_s < 5


def test_reading_a_lock_file_does_not_release_the_lock(tmp_path: Path) -> None:
    with serving(tmp_path):
        for path in tmp_path.iterdir():  # a POSIX lock would be lost here
            path.read_bytes()
        is_refused(serving, tmp_path)
