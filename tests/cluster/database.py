"""Three PostgreSQL nodes under Patroni with three etcd, from the files that docs/how-to has."""

import json
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import psycopg

from tests.cluster import processes
from tests.cluster.places import NODES, Places
from tests.support.postgres import binaries

ROOT = Path(__file__).parents[2]
FILES = ROOT / "docs/how-to/cluster"
PATRONI = ROOT / ".venv-cluster/bin/patroni"
WAIT_S = 120
PASSWORD = "a password of the tests"  # of servers that live for minutes
OWNER, APPLICATION, DATABASE = "ledger_owner", "ledger_app", "ledger"

Found = TypeVar("Found")


def wait_until(found: Callable[[], Found | None], what: str, *, limit_s: float = WAIT_S) -> Found:
    """Return what is found as soon as it is neither None nor False."""
    give_up = time.monotonic() + limit_s
    while True:
        result = found()
        if result is not None and result is not False:  # node 0 is a result
            return result
        assert time.monotonic() < give_up, f"waited {limit_s:.0f} s for {what}"
        time.sleep(0.05)  # other processes give no other signal


class Database:
    """The nodes of one replicated database, each of which can be lost."""

    def __init__(self, places: Places) -> None:
        if not PATRONI.exists():
            raise FileNotFoundError(f"{PATRONI}: `make cluster` installs what a cluster needs")
        self._places = places
        self.directory = Path(tempfile.mkdtemp(prefix="ledger-cluster-"))
        self.directory.chmod(0o755)
        processes.own(self.directory)
        self._binaries = binaries(self.directory)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start, and return when both standbys are in the quorum and the ledger's roles exist."""
        for node in NODES:
            self.start_etcd(node)
        for node in NODES:
            self.start_node(node)
        wait_until(self.is_whole, "three nodes")
        with self.connect() as leader:
            secret = f"PASSWORD '{PASSWORD}'"
            leader.execute(f"CREATE ROLE {OWNER} LOGIN {secret}".encode())
            leader.execute(f"CREATE ROLE {APPLICATION} LOGIN {secret}".encode())
            leader.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}".encode())

    def stop(self) -> None:
        """End every process, frozen ones too, and delete the directory."""
        for node in NODES:
            self.kill_node(node)
        for name in [*self._running]:
            self._kill(name)
        shutil.rmtree(self.directory)

    # --- addresses -------------------------------------------------------------------------------

    def url(self, user: str = APPLICATION, database: str = DATABASE) -> str:
        """Return the URL that names all nodes."""
        hosts = ",".join(self.address(node, "sql") for node in NODES)
        return f"postgresql://{user}:{quote(PASSWORD)}@{hosts}/{database}"

    def address(self, node: int, service: str) -> str:
        """Return host and port of a node's service."""
        return f"{self._places.host(node)}:{self._places.port(node, service)}"

    def connect(self, node: int | None = None) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect to a node as its superuser; without one, to that which takes writes."""
        nodes = NODES if node is None else (node,)
        return psycopg.connect(
            host=",".join(self._places.host(each) for each in nodes),
            port=",".join(str(self._places.port(each, "sql")) for each in nodes),
            user="postgres", password=PASSWORD, dbname="postgres",
            target_session_attrs="read-write" if node is None else "any",
            connect_timeout=2, autocommit=True,
        )  # fmt: skip

    # --- what it is ------------------------------------------------------------------------------

    def leader(self, but: int | None = None) -> int | None:
        """Return the node that takes writes, other than one; None if there is none."""
        nodes = (node for node in NODES if node != but)
        return next((node for node in nodes if self._ask(node, "/primary") == 200), None)

    def is_whole(self) -> bool:
        """Tell whether a primary has two standbys in its quorum, each of which may replace it.

        Patroni writes to etcd who may, after PostgreSQL has it: a primary that is lost meanwhile is
        replaced by nobody.
        """
        try:
            with self.connect() as leader:
                asked = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'"
                row = leader.execute(asked).fetchone()
        except psycopg.Error:
            return False
        return row == (2,) and [self._ask(node, "/quorum") for node in NODES].count(200) == 2

    def switch_over(self) -> None:
        """Ask the primary for another one, as an operator does before maintenance."""
        old = wait_until(self.leader, "a leader")
        self.replace(old, asked=old)

    def replace(self, old: int, *, asked: int) -> None:
        """Ask any node to replace the primary.

        Its answer can be that it cannot yet, or be late: who leads says whether it was done.
        """
        body = json.dumps({"leader": f"db{old + 1}"}).encode()

        def replaced() -> int | None:
            self._ask(asked, "/switchover", body)
            return self.leader(but=old)

        wait_until(replaced, "another leader")

    def _ask(self, node: int, path: str, body: bytes | None = None) -> int | None:
        url = f"http://{self.address(node, 'rest')}{path}"
        try:
            if body is None:
                return httpx.get(url, timeout=1).status_code
            return httpx.post(url, content=body, timeout=10).status_code
        except httpx.TransportError:
            return None

    # --- processes -------------------------------------------------------------------------------

    def start_etcd(self, node: int) -> None:
        """Start one of the three etcd."""
        peer, client = (f"http://{self.address(node, name)}" for name in ("peers", "etcd"))
        peers = (f"db{n + 1}=http://{self.address(n, 'peers')}" for n in NODES)
        settings = _settings("etcd.env") | {
            "ETCD_INITIAL_CLUSTER": ",".join(peers),
            "ETCD_NAME": f"db{node + 1}",
            "ETCD_DATA_DIR": str(self.directory / f"etcd{node}"),
            "ETCD_LISTEN_PEER_URLS": peer,
            "ETCD_INITIAL_ADVERTISE_PEER_URLS": peer,
            "ETCD_LISTEN_CLIENT_URLS": client,
            "ETCD_ADVERTISE_CLIENT_URLS": client,
        }
        self._start("etcd", node, [processes.find("etcd"), "--log-level", "warn"], settings)

    def start_node(self, node: int) -> None:
        """Start a node's Patroni, which starts its PostgreSQL."""
        clients = (f"'{self.address(each, 'etcd')}'" for each in NODES)
        sql, rest = self.address(node, "sql"), self.address(node, "rest")
        passwords = {name: PASSWORD for name in _settings("patroni.env") if "PASSWORD" in name}
        settings = _settings("patroni.env") | passwords | {
            "PATH": str(self._binaries),
            "PATRONI_NAME": f"db{node + 1}",
            "PATRONI_ETCD3_HOSTS": ",".join(clients),
            "PATRONI_RESTAPI_LISTEN": rest,
            "PATRONI_RESTAPI_CONNECT_ADDRESS": rest,
            "PATRONI_POSTGRESQL_LISTEN": sql,
            "PATRONI_POSTGRESQL_CONNECT_ADDRESS": sql,
            "PATRONI_POSTGRESQL_DATA_DIR": str(self._data(node)),
            "PATRONI_POSTGRESQL_BIN_DIR": str(self._binaries),
            "PATRONI_POSTGRESQL_PGPASS": str(self.directory / f"pgpass{node}"),
        }  # fmt: skip
        self._start("patroni", node, [str(PATRONI), str(FILES / "patroni.yml")], settings)

    def _start(self, name: str, node: int, command: list[str], settings: dict[str, str]) -> None:
        log, where = self.directory / f"{name}{node}.log", self._places.command(node)
        self._running[f"{name}{node}"] = processes.start(command, settings, log, where)

    def _data(self, node: int) -> Path:
        return self.directory / f"data{node}"

    def _postgres(self, node: int) -> list[int]:
        """Return the processes of a node's PostgreSQL, which are not Patroni's children."""
        try:
            pid = int((self._data(node) / "postmaster.pid").read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_text()
        except (OSError, IndexError, ValueError):
            return []
        return processes.family(pid) if str(self._data(node)) in command else []

    def postgres_pid(self, node: int) -> int:
        """Return the process of a node's PostgreSQL from which the others descend."""
        return self._postgres(node)[0]

    def _all(self, node: int) -> list[int]:
        patroni = self._running.get(f"patroni{node}")
        own = [] if patroni is None else processes.family(patroni.pid)
        return [*own, *self._postgres(node)]

    # --- faults ----------------------------------------------------------------------------------

    def kill_postgres(self, node: int) -> None:
        """Kill a node's PostgreSQL; its Patroni goes on."""
        processes.send(self._postgres(node)[:1], signal.SIGKILL)

    def kill_node(self, node: int) -> None:
        """Kill everything of a database node, as when its machine loses its power."""
        processes.send(self._all(node), signal.SIGSTOP)  # so that none starts another
        processes.send(self._all(node), signal.SIGKILL)
        self._reap(f"patroni{node}")

    def freeze(self, node: int) -> None:
        """Stop everything of a database node: its connections stay open, and nothing answers."""
        processes.send(self._all(node), signal.SIGSTOP)

    def thaw(self, node: int) -> None:
        """Let a frozen node go on."""
        processes.send(self._all(node), signal.SIGCONT)

    def kill_etcd(self, node: int) -> None:
        """Kill one of the three etcd."""
        self._kill(f"etcd{node}")

    def _kill(self, name: str) -> None:
        processes.send([self._running[name].pid], signal.SIGKILL)
        self._reap(name)

    def _reap(self, name: str) -> None:
        with suppress(KeyError):
            self._running.pop(name).wait(timeout=WAIT_S)


def _settings(name: str) -> dict[str, str]:
    lines = (FILES / name).read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key: value.strip('"') for key, _, value in pairs}
