"""One command rebuilds the read models from the log; they are the same at every position."""

from collections.abc import Callable
from contextlib import ExitStack

from ledger.data_files import SESSIONS_FILE
from tests.support.check import audit, check_ledger, dump, head, wait_for
from tests.support.operators import ledger
from tests.support.server import Server
from tests.support.stored_tables import forget_state
from tests.support.tale import Tale


def run(server: Server, command: str) -> str:
    """Run one command of `ledger` on a server's data; return what it printed."""
    done = ledger(server, command)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_a_rebuild_shows_the_same_now_and_at_every_earlier_position(
    start_server: Callable[..., Server],
) -> None:
    server = start_server(LEDGER_REGISTRATION="invite")
    with ExitStack() as clients:
        tale = Tale(server, clients)
        *earlier, last = tale.tell()
        paths = tale.paths()
        # The tables are compared whole; over HTTP, every third step of the tale will do.
        before = {position: tale.read(paths, at=position) for position in (0, 1, *earlier[::3])}
        now, tables = tale.read(paths), dump(server.data / "views.sqlite")
        server.terminate()
        assert "rebuilt" not in server.output

        assert "deleted" in run(server, "rebuild")
        assert not [*server.data.glob("views.sqlite*")]

        server.start()
        wait_for(server, last)
        assert head(server) == last
        assert dump(server.data / "views.sqlite") == tables
        assert tale.read(paths) == now
        for position, then in before.items():
            assert tale.read(paths, at=position) == then
        assert len(audit(server)) == last


def test_views_that_are_not_a_database_are_rebuilt_at_the_start(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    check_ledger(server)
    server.terminate()
    (server.data / "views.sqlite").write_bytes(b"not a database at all" * 1000)
    server.start()
    assert "rebuilt" in server.output
    check_ledger(server)


def test_state_that_is_lost_signs_people_out_and_no_more(
    start_server: Callable[..., Server],
) -> None:
    server = start_server(LEDGER_REGISTRATION="invite")
    with ExitStack() as clients:
        tale = Tale(server, clients)
        *_, last = tale.tell()
        server.terminate()
        forget_state(server, SESSIONS_FILE)
        server.start()
        assert tale.ada.client.get("/api/session").status_code == 401
        assert tale.ada.sign_in().status_code == 200
        assert tale.ada.client.get("/api/timeline").json()["position"] == last
