"""The memory of one of several servers: what the servers share, and what each knows by itself."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.domain.epochs import SignedTree
from ledger.errors import CorruptError, UnavailableError
from ledger.publish.publication import Publication
from ledger.store.signer_memory import ServerSignerMemory
from ledger.store.sqlite.signer_memory import SqliteSignerMemory
from ledger.tlog.checkpoint import Checkpoint
from tests.support.logs import Ledger, opened, settings_of
from tests.support.refusals import refused

ORIGIN = "ledger.example"
NewServer = Callable[[str], ServerSignerMemory]


def tree(size: int, fill: int = 0) -> Checkpoint:
    return Checkpoint(ORIGIN, size, bytes([fill]) * 32)


@pytest.fixture
def server(tmp_path: Path) -> NewServer:
    """Return a function that opens the memory of a server by its name; all share one part."""

    def named(name: str) -> ServerSignerMemory:
        shared = SqliteSignerMemory(tmp_path / "shared.sqlite")
        return ServerSignerMemory(shared, SqliteSignerMemory(tmp_path / f"{name}.sqlite"))

    return named


def test_of_two_servers_one_signs_the_next_tree_and_each_learns_what_the_other_signed(
    server: NewServer,
) -> None:
    with closing(server("a")) as a, closing(server("b")) as b:
        assert a.swap(None, tree(1))
        assert not b.swap(None, tree(2))
        assert b.get(ORIGIN) == tree(1)
        b.learn(SignedTree(0, tree(1)))
        assert b.swap(tree(1), tree(3))
        assert not a.swap(tree(1), tree(2))
        assert a.get(ORIGIN) == tree(3)
        assert a.swap(tree(3), tree(4))
        b.learn(SignedTree(0, tree(2)))
        assert b.get(ORIGIN) == tree(4)


def test_a_server_without_a_file_relies_on_no_database_before_it_learns(
    server: NewServer,
) -> None:
    with closing(server("a")) as a, closing(server("new")) as new:
        a.swap(None, tree(5))
        assert new.known() == []
        new.learn(SignedTree(0, tree(5)))
        assert new.known() == [SignedTree(0, tree(5))]


def test_what_a_server_signed_outlives_a_database_that_was_taken_back(
    server: NewServer, tmp_path: Path
) -> None:
    with closing(server("a")) as a:
        a.swap(None, tree(5))
        a.swap(tree(5), tree(9))
    (tmp_path / "shared.sqlite").unlink()
    with closing(server("a")) as again:
        assert again.get(ORIGIN) == tree(9)
        assert again.known() == [SignedTree(0, tree(9))]
        assert again.swap(tree(9), tree(10))


def test_a_contradiction_that_one_server_finds_is_known_to_all(server: NewServer) -> None:
    with closing(server("a")) as a, closing(server("b")) as b:
        a.swap(None, tree(5))
        b.learn(SignedTree(0, tree(5)))
        assert a.swap(tree(5), tree(4, fill=1))
        assert a.get(ORIGIN) == tree(4, fill=1)
        assert SignedTree(0, tree(4, fill=1)) in b.known()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with opened(settings_of(tmp_path / "data")) as found:
        found.fill(10)
        yield found


def publication(ledger: Ledger, memory: ServerSignerMemory) -> Publication:
    return Publication(ledger.tree, memory, ledger.keys, ledger.writer.now_ms)


def test_servers_publish_in_turns_and_a_new_one_waits_for_a_confirmation(
    ledger: Ledger, server: NewServer
) -> None:
    with closing(server("a")) as a, closing(server("b")) as b:
        first, second = publication(ledger, a), publication(ledger, b)
        assert first.catch_up() == 10
        with refused(UnavailableError, "memory_missing"):
            second.catch_up()
        newest = a.get(ledger.keys.origin)
        assert newest is not None
        b.begin(0, newest)
        ledger.fill(20)
        assert second.catch_up() == 20
        ledger.fill(30)
        assert first.catch_up() == 30
        assert [each.checkpoint.size for each in a.known()] == [30]


def test_a_server_that_signed_another_history_refuses_although_the_database_agrees_with_itself(
    ledger: Ledger, server: NewServer, tmp_path: Path
) -> None:
    with closing(server("a")) as a:
        assert publication(ledger, a).catch_up() == 10
    with closing(SqliteSignerMemory(tmp_path / "b.sqlite")) as own:
        own.begin(0, Checkpoint(ledger.keys.origin, 6, bytes(32)))
    with closing(server("b")) as b, refused(CorruptError, "log_forked"):
        publication(ledger, b).catch_up()
