"""HTTPS without a proxy: TLS over a connection that was counted first (RFC 8446).

An event loop that listens with TLS tells nobody of a connection until its handshake is done, and
decrypts all that has arrived in one go: 250 kB can be 11,000 records of one byte. Here a handshake
is a connection that has the time of a head, and what arrives is decrypted in pieces, in rounds.
"""

import asyncio
import select
import socket
import ssl
import time
from collections.abc import Hashable
from contextlib import suppress
from functools import partial
from typing import Any, cast

from uvicorn.protocols.utils import get_remote_addr

from ledger.http.admission import Admission, ConnectionLimits, address_of, site_of
from ledger.http.connection import Connection
from ledger.http.exchange import new_request_id
from ledger.http.rounds import Rounds
from ledger.http.tls_records import RecordCount
from ledger.system.tls_files import ServerTls

PIECE_BYTES = 4 * 1024  # up to 180 records
# In a round of the loop, of all connections and of those of one address.
PIECES_AT_ONCE, PIECES_OF_ONE = 8, 4
_HUNG_UP = getattr(select, "POLLRDHUP", 0)  # Linux has it; `poll` tells of a reset everywhere


class SecureTransport(asyncio.Transport):
    """What a `Connection` writes to; `carrier` is the transport of what is encrypted."""

    def __init__(
        self,
        carrier: asyncio.Transport,
        tls: ssl.SSLObject,
        out: ssl.MemoryBIO,
        limits: ConnectionLimits,
    ) -> None:
        super().__init__()
        self.carrier = carrier
        self.waits = False  # for the round of a piece that has arrived
        self._tls = tls
        self._out = out
        self._limits = limits
        self._is_paused = self._is_closing = False
        self._unread_bytes = limits.body_bytes  # how much is dropped while closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        return (
            self._tls.context
            if name == "sslcontext"
            else self.carrier.get_extra_info(name, default)
        )

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send."""
        if self.is_closing():
            return
        left = memoryview(data)
        with suppress(ssl.SSLError):  # the client has broken the connection, which ends by itself
            while left:
                left = left[self._tls.write(left) :]
        self.send_written()

    def send_written(self) -> None:
        """Send what TLS has to say."""
        if self._out.pending and not self.carrier.is_closing():
            self.carrier.write(self._out.read())

    def can_write_eof(self) -> bool:
        """Return False: TLS has no half-closed connections that every client knows."""
        return False

    def is_closing(self) -> bool:
        """Tell whether nothing more is sent."""
        return self._is_closing or self.carrier.is_closing()

    def close(self) -> None:
        """Say the end, then wait for the client to notice: a reset could take the answer away."""
        if self.is_closing():
            return
        self._say_end()
        self.carrier.write_eof()
        self.carrier.resume_reading()  # and drop it, for bytes that are unread reset the connection
        self._end(self._limits.write_s)

    def finish(self) -> None:
        """Say the end and close: the client has said its own, so nothing more can arrive."""
        self._say_end()
        self.carrier.close()

    def _say_end(self) -> None:
        self._is_closing = True
        with suppress(ssl.SSLError):  # it asks for the client's end, or there is no TLS any more
            self._tls.unwrap()
        self.send_written()

    def _end(self, left_s: float) -> None:
        """Let the client read what was sent, and a little longer; end it at the latest then."""
        linger_s = self._limits.linger_s
        unsent = self.carrier.get_write_buffer_size() and left_s > 0
        later = partial(self._end, left_s - linger_s) if unsent else self.carrier.abort
        asyncio.get_running_loop().call_later(linger_s, later)

    def drop(self, count: int) -> None:
        """Drop what arrives while closing; read no more from a client that goes on sending."""
        self._unread_bytes -= count
        if self._unread_bytes < 0:
            self.carrier.pause_reading()

    def abort(self) -> None:
        """End the connection at once."""
        self._is_closing = True
        self.carrier.abort()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._is_paused = True
        self.carrier.pause_reading()

    def resume_reading(self) -> None:
        """Read on, unless a piece waits for its round."""
        self._is_paused = False
        self.read_on()

    def read_on(self) -> None:
        """Read from the carrier if nothing speaks against it."""
        if not self._is_paused and not self.waits:
            self.carrier.resume_reading()


class SecureProtocol(asyncio.BufferedProtocol):
    """The carrier's side of a connection with TLS: its handshake, then what is decrypted."""

    admission: Admission
    files: ServerTls
    rounds: Rounds
    connection: type[Connection]
    _buffer = memoryview(bytearray(PIECE_BYTES))  # each read is taken out of it at once

    def __init__(self, **given: Any) -> None:
        """Take what uvicorn gives a connection."""
        self._connection = self.connection(**given)
        self._in, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self.files.context().wrap_bio(self._in, out, server_side=True)
        self._out = out
        self._records = RecordCount()
        self._since_s = time.monotonic()
        self._is_open = False  # the handshake is done

    def connection_made(self, carrier: asyncio.Transport) -> None:  # type: ignore[override]  # as the loop has it
        """Count a new connection, or end it."""
        limits = self.admission.limits
        self._transport = SecureTransport(carrier, self._tls, self._out, limits)
        self._address = address_of(get_remote_addr(carrier))
        # Of a proxy, which is many people, each connection takes turns by itself.
        is_proxy = self.admission.is_proxy(self._address)
        self._asker: Hashable = self if is_proxy else site_of(self._address)
        self._connection.connections.add(self)  # type: ignore[arg-type]  # uvicorn only calls `shutdown`
        refused = self.admission.enter(self, self._address)
        if refused is not None:  # there is no answer that it could read
            self._refuse(refused)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return where the next piece goes."""
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        """Take a piece, and decrypt it when its round has come."""
        if self._transport.is_closing():
            self._transport.drop(count)
            return
        self._records.receive(self._buffer[:count])
        self._in.write(self._buffer[:count])
        self._transport.waits = True
        if not self.rounds.do(self._asker, self._take):
            self._transport.carrier.pause_reading()

    def eof_received(self) -> bool:
        """Answer the client's end with the own one; return False, so that the loop closes."""
        if self._is_open and not self._transport.is_closing():
            self._connection.eof_received()
            self._transport.finish()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the connection, or count the handshake no more."""
        self._leave()
        if self._is_open:
            self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read."""
        if self._is_open:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._is_open:
            self._connection.resume_writing()

    # --- as a handshake, for uvicorn and for `Admission` -----------------------------------------

    def shutdown(self) -> None:
        """End the handshake at the stop of the server."""
        self._transport.abort()

    def end_if_late(self, now_s: float) -> None:
        """End a handshake that takes longer than a head may."""
        if now_s - self._since_s > self.admission.limits.head_s:
            self._transport.abort()

    def waits_since(self) -> float:
        """Return when the handshake began: it holds no request."""
        return self._since_s

    def give_way(self) -> None:
        """End the handshake at once."""
        self._refuse(503)

    # --------------------------------------------------------------------------------------------

    def _take(self) -> None:
        transport = self._transport
        transport.waits = False
        if transport.is_closing():
            return
        if not self._is_open and is_gone(transport.get_extra_info("socket")):
            transport.abort()  # a handshake costs as much as a request
            return
        try:
            if not self._is_open:
                self._shake_hands()
            self._read()
        except ssl.SSLError:
            transport.send_written()  # which tells the client why
            transport.carrier.close()
            return
        transport.send_written()
        if self._records.is_exceeded:
            self._refuse(400)
            return
        transport.read_on()

    def _shake_hands(self) -> None:
        with suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
            self._leave()
            self._is_open = True
            self._connection.connection_made(self._transport)

    def _read(self) -> None:
        parts: list[bytes] = []
        ended = not self._is_open
        with suppress(ssl.SSLWantReadError):
            while not ended:
                parts.append(self._tls.read(PIECE_BYTES))
                ended = not parts[-1]  # the client has said the end
                self._records.decrypt()
        if data := b"".join(parts):
            self._connection.data_received(data)
        if ended and self._is_open:
            self.eof_received()

    def _refuse(self, status: int) -> None:
        """End the connection without an answer."""
        self.admission.count_refusal(status, self._address, new_request_id())
        self._transport.abort()

    def _leave(self) -> None:
        self._connection.connections.discard(self)
        self.admission.leave(self, self._address)


def is_gone(client: socket.socket) -> bool:
    """Tell whether a client has hung up, also if what it sent is unread."""
    asked = select.poll()
    asked.register(client.fileno(), _HUNG_UP)
    return bool(asked.poll(0))


def protocol_class(admission: Admission, files: ServerTls | None) -> type[asyncio.Protocol]:
    """Return the class for each connection of a server, which speaks HTTPS if it has `files`."""
    connection = type("AdmittedConnection", (Connection,), {"admission": admission})
    if files is None:
        return connection
    rounds = Rounds(most=PIECES_AT_ONCE, each=PIECES_OF_ONE)
    given = {"admission": admission, "files": files, "rounds": rounds, "connection": connection}
    # uvicorn gives it to the event loop, which takes both kinds of protocol.
    return cast(type[asyncio.Protocol], type("SecureConnection", (SecureProtocol,), given))
