"""HTTPS without a proxy: a connection is counted before its handshake, which has a time limit.

An event loop that listens with TLS tells nobody of a connection until its handshake is done. So a
client that never finishes one would hold a descriptor that nothing bounds.
"""

import asyncio
import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from uvicorn.protocols.utils import get_remote_addr

from ledger.errors import UnavailableError
from ledger.http.admission import Admission, address_of, site_of
from ledger.http.connection import Connection
from ledger.http.exchange import new_request_id
from ledger.http.lanes import Lane, LaneName
from ledger.system.tls_files import ServerTls

# In a round of the loop, of all clients and of one address: each costs as much as a request.
BEGUN_AT_ONCE, BEGUN_OF_ONE = 8, 4
_HUNG_UP = getattr(select, "POLLRDHUP", 0)  # Linux has it; `poll` tells of a reset everywhere


class SecureConnection(Connection):
    """A connection whose handshake is done."""

    shaken: Callable[[], None]  # ends what was counted for the handshake

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count a new connection in place of its handshake."""
        self.shaken()
        super().connection_made(transport)


class Handshake(asyncio.Protocol):
    """A new connection until its TLS handshake (RFC 8446 section 4) is done."""

    admission: Admission
    tls: ServerTls
    turns: Lane
    connection: type[SecureConnection]

    def __init__(self, **given: Any) -> None:
        """Take what uvicorn gives a connection."""
        self._connection = self.connection(**given)
        self._connection.shaken = self._leave
        self._since_s = time.monotonic()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the loop has it
        """Count a new connection and begin its handshake, or end it."""
        self._address = address_of(get_remote_addr(transport))
        refused = self.admission.enter(self, self._address)
        if refused is None:
            self._begin(transport)
        else:  # there is no answer that it could read
            self.admission.count_refusal(refused, self._address, new_request_id())
        transport.abort()

    def _begin(self, transport: asyncio.Transport) -> None:
        # The loop reads for this transport before it could be given TLS. A copy of its descriptor
        # begins anew, and nothing has been read yet.
        try:
            self._socket = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        except OSError:  # there is no descriptor left
            self._leave()
            return
        self._socket.setblocking(False)
        self._connection.connections.add(self)  # type: ignore[arg-type]  # uvicorn only calls `shutdown`
        self._task = self._connection.loop.create_task(self._shake_hands())

    async def _shake_hands(self) -> None:
        limits = self.admission.limits
        with suppress(OSError):  # of TLS or of the connection, or its time is over
            if await self._may_begin():
                await self._connection.loop.connect_accepted_socket(
                    lambda: self._connection,
                    self._socket,
                    ssl=self.tls.context(),
                    ssl_handshake_timeout=limits.head_s,
                    ssl_shutdown_timeout=limits.linger_s,
                )
            else:
                self._socket.close()
        self._leave()

    async def _may_begin(self) -> bool:
        """Wait for a turn; return False if it does not come in time, or the client is gone."""
        try:
            async with self.turns.turn(site_of(self._address)):
                pass  # it lasts until the loop's next round
        except UnavailableError:
            return False
        return not _is_gone(self._socket)

    def shutdown(self) -> None:
        """End the handshake at the stop of the server."""
        with suppress(OSError):  # it is over already
            self._socket.shutdown(socket.SHUT_RDWR)

    def end_if_late(self, now_s: float) -> None:
        """Do nothing: the handshake's own time ends it."""

    def waits_since(self) -> float:
        """Return when the handshake began: it holds no request."""
        return self._since_s

    def give_way(self) -> None:
        """End the handshake at once."""
        self.admission.count_refusal(503, self._address, new_request_id())
        self.shutdown()

    def _leave(self) -> None:
        self._connection.connections.discard(self)
        self.admission.leave(self, self._address)


def _is_gone(client: socket.socket) -> bool:
    """Tell whether a client has hung up, also if what it sent is unread."""
    asked = select.poll()
    asked.register(client, _HUNG_UP)
    return bool(asked.poll(0))


def secure_connection_class(admission: Admission, tls: ServerTls) -> type[Handshake]:
    """Return the protocol class for each connection of a server that speaks HTTPS itself."""
    connection = type("AdmittedConnection", (SecureConnection,), {"admission": admission})
    turns = Lane(
        LaneName.STRANGERS,
        at_once=BEGUN_AT_ONCE,
        each=BEGUN_OF_ONE,
        waiting=admission.limits.connections,
        wait_s=admission.limits.head_s,
    )
    given = {"admission": admission, "tls": tls, "turns": turns, "connection": connection}
    return type("AdmittedHandshake", (Handshake,), given)
