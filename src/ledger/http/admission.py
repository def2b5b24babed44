"""What one client may hold of the server before anything is worked on: the limits and the counts.

One `Admission` serves all connections of a process. Once a second its sweep ends the connections
that take too long; there is no timer per request. docs/reference/limits.md lists every limit with
its answer.
"""

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from operator import itemgetter
from typing import Protocol

import msgspec

from ledger.http.passkey_responses import MAX_SMALL_BYTES
from ledger.http.shared_holdings import Holding, Holdings
from ledger.system.client_address import Network, is_within

SWEEP_S = 1.0
RESERVED_DESCRIPTORS = 128  # for the log, the read models, templates, outbound requests


class ConnectionLimits(msgspec.Struct, frozen=True):
    """Every limit of a connection; times in seconds, sizes in bytes.

    `overhead_bytes` bounds what a chunked body may cost on the wire beyond twice its content. For
    `connections_of_browser`, as many as a browser opens at once, there is always room.
    """

    connections: int = 512
    connections_per_address: int = 256
    connections_of_browser: int = 6
    head_bytes: int = 32 * 1024
    header_lines: int = 64
    head_s: float = 10.0
    body_bytes: int = 4 * 1024 * 1024
    body_s: float = 10.0
    body_bytes_per_s: int = 4_096
    overhead_bytes: int = 2 * 1024
    bodies_bytes: int = 64 * 1024 * 1024
    pipelined: int = 8
    idle_s: float = 15.0
    write_s: float = 30.0
    linger_s: float = 2.0


class Phase(Enum):
    """What a connection is doing; its time limit follows from it."""

    IDLE = auto()  # between requests
    HEAD = auto()  # from the first byte to the blank line
    BODY = auto()
    WORK = auto()  # all is received, the answer is under way
    CLOSING = auto()  # refused: what still arrives is discarded


class Swept(Protocol):
    """What the sweep and a full server ask of a connection."""

    def end_if_late(self, now_s: float) -> None:
        """End the connection if it has taken too long at a monotonic time."""

    def waits_since(self) -> float | None:
        """Return since when no whole request is being answered; None while one is."""

    def give_way(self) -> None:
        """End the connection."""


class Admission:
    """The counts of one server: connections in all and by address, and bytes of bodies held."""

    def __init__(
        self,
        limits: ConnectionLimits | None = None,
        *,
        proxies: Sequence[Network] = (),
        refused: Callable[[int, str, str], None] = lambda *_: None,
        holding: Holding | None = None,
    ) -> None:
        """Take the limits and the networks of proxies, whose connections are many people's.

        `holding` is what this worker holds; without it the server has no others.
        `refused` is called for each refusal with the status, the address and the request id.
        """
        self.limits = limits or ConnectionLimits()
        self._holding = holding or Holdings().row(0)
        self.refused: Counter[int] = Counter()
        self._proxies = proxies
        self._refused = refused
        self._most = min(self.limits.connections, _descriptors() - RESERVED_DESCRIPTORS)
        self._open: set[Swept] = set()
        # Without those of proxies, which are many people's; oldest connection first.
        self._by_address: dict[str, dict[Swept, None]] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    @property
    def bodies_bytes(self) -> int:
        """The bytes of bodies that this process holds."""
        return self._holding.bodies_bytes

    def is_proxy(self, address: str) -> bool:
        """Tell whether a connection of this address is many people's."""
        return is_within(address, self._proxies)

    def has_room(self, count: int, of_bytes: int) -> bool:
        """Tell whether all workers together may hold so many bytes more, of a body of so many.

        The second half is for small bodies: it has room for one on every connection.
        """
        small = of_bytes <= MAX_SMALL_BYTES
        most = self.limits.bodies_bytes if small else self.limits.bodies_bytes // 2
        return self._holding.all.bodies_bytes() + count <= most

    def hold(self, count: int) -> None:
        """Count bytes of bodies that are held, or given back if it is negative."""
        self._holding.hold_bytes(count)

    def enter(self, connection: Swept, address: str) -> int | None:
        """Count a new connection, or return the status that refuses it: 429 or 503.

        A full server ends a connection that holds no whole request: one of the address with the
        most, if that has at least two more than this one. If that finds none, and this address has
        fewer than a browser opens, it ends the one of all that has waited longest. So neither a few
        addresses nor many keep everybody else out.
        """
        held = len(self._by_address.get(address, ()))
        if held >= self.limits.connections_per_address:
            return 429
        if len(self._open) >= self._most and not self._made_room(held):
            return 503
        self._open.add(connection)
        if not self.is_proxy(address):
            self._by_address.setdefault(address, {})[connection] = None
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        return None

    def leave(self, connection: Swept, address: str) -> None:
        """Forget a connection; do nothing for one that never entered."""
        if connection not in self._open:
            return
        self._open.remove(connection)
        held = self._by_address.get(address, {})
        held.pop(connection, None)
        if not held:
            self._by_address.pop(address, None)

    def count_refusal(self, status: int, address: str, request_id: str) -> None:
        """Count a refusal for the metrics and report it for the security record."""
        self.refused[status] += 1
        self._refused(status, address, request_id)

    def _made_room(self, held: int) -> bool:
        """End a connection for an address that has so many; tell whether one ended."""
        most = max(self._by_address, key=lambda each: len(self._by_address[each]), default="")
        waiting: list[tuple[float, Swept, str]] = []
        if len(self._by_address.get(most, ())) >= held + 2:
            waiting = self._waiting([most])[:1]
        if not waiting and held < self.limits.connections_of_browser:
            waiting = sorted(self._waiting(self._by_address), key=itemgetter(0))[:1]
        for _, connection, address in waiting:
            connection.give_way()
            self.leave(connection, address)
        return bool(waiting)

    def _waiting(self, addresses: Iterable[str]) -> list[tuple[float, Swept, str]]:
        """Return the connections that hold no whole request, and since when."""
        return [
            (since_s, connection, address)
            for address in addresses
            for connection in self._by_address[address]
            if (since_s := connection.waits_since()) is not None
        ]

    def _sweep(self) -> None:
        now_s = time.monotonic()
        for connection in [*self._open]:
            connection.end_if_late(now_s)
        # Without connections there is no timer, so a closed event loop has none either.
        self._sweeping = None
        if self._open:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)


def address_of(peer: tuple[str, int] | None) -> str:
    """Return the address or network by which connections are counted: IPv4, or IPv6 /64.

    One customer of a network provider can choose any address of a /64 (RFC 6177). An IPv6 address
    that maps an IPv4 address counts as the IPv4 address; a Unix socket counts as `local`.
    """
    return "local" if peer is None else _counted(peer[0])


@lru_cache(maxsize=4_096)
def site_of(address: str) -> str:
    """Return whose requests take turns as one in a lane: an IPv4 address, or an IPv6 /48.

    `address` is one of `address_of`. One customer can have a /48 (RFC 6177), which is 65,536
    networks of /64: as so many askers they would leave nobody else a turn.
    """
    return str(IPv6Network(address).supernet(new_prefix=48)) if "/" in address else address


@lru_cache(maxsize=4_096)  # asked for every request, and clients send more than one
def _counted(host: str) -> str:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return "local"
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"


def _descriptors() -> int:
    """Return how many files this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1_048_576
