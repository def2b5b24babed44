"""Where the nodes and servers of a cluster run: on this machine, or each in a network of its own.

`Apart` gives every node and server a network namespace with one link to a router, which is a
namespace too. So a test can cut any of them off from any other, in one direction or in both, and
what is cut off gets no error: its packets are lost, as in a network that is broken.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.cluster import processes
from tests.support.network_namespace import enter

NODES = range(3)  # of the database
SERVERS = range(3)
CLIENTS = "clients"  # where the tests are
_SERVICES = {"sql": 5432, "rest": 8008, "etcd": 2379, "peers": 2380}
_ROUTER = "10.0.0.254"
_FIRST_SERVER, _CLIENTS_HOST = 11, 100


class Places(Protocol):
    """Addresses of the nodes, and how a program is started where a node is."""

    def host(self, node: int) -> str: ...
    def port(self, node: int, service: str) -> int: ...
    def command(self, node: int) -> list[str]: ...


class Here:
    """All nodes at 127.0.0.1, each service at a port of its own."""

    def __init__(self) -> None:
        found = iter(processes.free_ports(len(NODES) * len(_SERVICES)))
        self._ports = {(node, service): next(found) for node in NODES for service in _SERVICES}

    def host(self, _node: int) -> str:
        """Return the address of every node."""
        return "127.0.0.1"

    def port(self, node: int, service: str) -> int:
        """Return the port of a node's service."""
        return self._ports[node, service]

    def command(self, _node: int) -> list[str]:
        """Return what a node's programs are started with: nothing."""
        return []


class Apart:
    """A namespace for each node and server, and one for the tests; root makes them."""

    def __init__(self) -> None:
        self._prefix = f"ledger{os.getpid()}"
        self._router = f"{self._prefix}-router"
        self._hosts = {f"db{node + 1}": f"10.0.0.{node + 1}" for node in NODES}
        self._hosts |= {f"app{n + 1}": f"10.0.0.{_FIRST_SERVER + n}" for n in SERVERS}
        self._hosts |= {CLIENTS: f"10.0.0.{_CLIENTS_HOST}"}
        self._cuts: list[list[str]] = []

    def host(self, node: int) -> str:
        """Return a database node's address: that of docs/how-to/cluster."""
        return self._hosts[f"db{node + 1}"]

    def server_host(self, server: int) -> str:
        """Return a server's address."""
        return self._hosts[f"app{server + 1}"]

    def port(self, _node: int, service: str) -> int:
        """Return the port of a service, which is the same at each node."""
        return _SERVICES[service]

    def command(self, node: int) -> list[str]:
        """Return what a node's programs are started with."""
        return [processes.find("ip"), "netns", "exec", self._name(f"db{node + 1}")]

    def namespace(self, name: str) -> Path:
        """Return the file of a namespace."""
        return Path("/run/netns", self._name(name))

    @contextmanager
    def made(self) -> Iterator["Apart"]:
        """Make the namespaces, and let the caller be among the clients until it has ended."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            self._make()
            enter(self.namespace(CLIENTS))
            yield self
        finally:
            enter(Path(f"/proc/self/fd/{before}"))
            os.close(before)
            for name in (*map(self._name, self._hosts), self._router):
                with suppress(subprocess.CalledProcessError):
                    _ip("netns", "del", name)

    def _make(self) -> None:
        _ip("netns", "add", self._router)
        for number, (name, host) in enumerate(self._hosts.items()):
            own, port = self._name(name), f"port{number}"
            _ip("netns", "add", own)
            _ip(*"link add eth0 netns".split(), own, *"type veth peer name".split(), port,
                "netns", self._router)  # fmt: skip
            _ip("-n", own, *"link set lo up".split())
            # PostgreSQL's `samenet` reads the network from here; all packets go to the router.
            _ip("-n", own, "addr", "add", f"{host}/24", "dev", "eth0", "noprefixroute")
            _ip("-n", own, *"link set eth0 up".split())
            _ip("-n", own, "route", "add", "default", "via", _ROUTER, "dev", "eth0", "onlink")
            _ip("-n", self._router, "addr", "add", f"{_ROUTER}/32", "dev", port)
            _ip("-n", self._router, "link", "set", port, "up")
            _ip("-n", self._router, "route", "add", f"{host}/32", "dev", port)
        forwards = "echo 1 > /proc/sys/net/ipv4/ip_forward"
        _ip("netns", "exec", self._router, "sh", "-c", forwards)

    def _name(self, name: str) -> str:
        return f"{self._prefix}-{name}"

    # --- faults ----------------------------------------------------------------------------------

    def lose(self, sender: str, receiver: str, service: str | None = None) -> None:
        """Lose every packet that one sends the other, or to one service there, until `heal`."""
        hosts = ["from", self._hosts[sender], "to", self._hosts[receiver]]
        if service is not None:
            hosts += ["ipproto", "tcp", "dport", str(_SERVICES[service])]
        rule = [*hosts, "priority", str(100 + len(self._cuts)), "blackhole"]
        _ip("-n", self._router, "rule", "add", *rule)
        self._cuts.append(rule)

    def cut(self, one: str, *others: str) -> None:
        """Lose every packet between one and each of the others, until `heal`."""
        for other in others:
            self.lose(one, other)
            self.lose(other, one)

    def heal(self) -> None:
        """Lose no packets any more."""
        while self._cuts:
            _ip("-n", self._router, "rule", "del", *self._cuts.pop())


def _ip(*arguments: str) -> None:
    subprocess.run([processes.find("ip"), *arguments], check=True, stdout=subprocess.DEVNULL)
