"""A socket for `http.client` and `smtplib` with a deadline over all that it sends and receives.

A socket's own timeout restarts with each byte: a server that sends one byte per second could hold
a reader of its headers for hours.
"""

import io
import math
import socket
import time
from typing import Literal


class BoundedSocket:
    """The socket methods that these libraries use, within limits."""

    def __init__(self, sock: socket.socket, silence_s: float, until_s: float) -> None:
        """Limit the waits as `limit` does."""
        self._sock = sock
        self.limit(silence_s, until_s)

    def limit(self, silence_s: float, until_s: float, most_bytes: float = math.inf) -> None:
        """Limit each wait to `silence_s`, and all waits to `until_s` (`time.monotonic`).

        From now on it receives at most `most_bytes`; the last read may exceed them.
        """
        self._silence_s = silence_s
        self._until_s = until_s
        self._left_bytes = most_bytes

    def sendall(self, data: bytes) -> None:
        """Send all bytes; raise TimeoutError, OSError."""
        self.arm()
        self._sock.sendall(data)

    def makefile(self, mode: Literal["rb"]) -> io.BufferedReader:
        """Return the reader of an answer; the socket stays open until the reader is closed."""
        return io.BufferedReader(_Raw(self, self._sock.makefile(mode, buffering=0)))

    def cut_off(self) -> None:
        """Abort another thread's running send or receive."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:  # already closed
            return

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def arm(self) -> None:
        """Limit the next wait; raise TimeoutError if the time for all of them is over."""
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(min(left_s, self._silence_s))

    def count(self, received: int) -> None:
        """Count bytes that were received; raise OSError if there were too many before them."""
        if self._left_bytes <= 0:
            raise OSError("the answer is too long")
        self._left_bytes -= received


class _Raw(io.RawIOBase):
    def __init__(self, bounded: BoundedSocket, stream: socket.SocketIO) -> None:
        super().__init__()
        self._bounded = bounded
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer
        self._bounded.arm()
        received = self._stream.readinto(buffer) or 0
        self._bounded.count(received)
        return received

    def close(self) -> None:
        self._stream.close()
        super().close()
