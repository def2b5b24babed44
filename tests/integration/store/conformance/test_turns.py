"""One server of a log has the turn to publish, until it gives it back or ends."""

import os
import signal
import time
from contextlib import closing
from pathlib import Path

from ledger.store.ports.log import LogStore
from tests.support.engines import Engine

PATIENCE_S = 10


def test_the_turn_is_one_servers_until_it_gives_it_back(
    engine: Engine, store: LogStore, data: Path
) -> None:
    with closing(engine.open_turn(data)) as second:
        with closing(engine.open_turn(data)) as first:
            assert [first.take(), second.take(), first.take()] == [True, False, True]
        give_up = time.monotonic() + PATIENCE_S
        while not second.take():  # a database notices in its own time that a connection has ended
            assert time.monotonic() < give_up


def test_the_turn_of_a_process_that_is_killed_is_free(
    engine: Engine, store: LogStore, data: Path
) -> None:
    told, tells = os.pipe()
    child = os.fork()
    if not child:
        try:
            turn = engine.open_turn(data)
            os.write(tells, b"1" if turn.take() else b"0")
            signal.pause()
        finally:
            os._exit(1)
    assert os.read(told, 1) == b"1"
    with closing(engine.open_turn(data)) as turn:
        assert not turn.take()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for descriptor in (told, tells):
            os.close(descriptor)
        while not turn.take():  # the server notices the end of the connection by itself
            pass
