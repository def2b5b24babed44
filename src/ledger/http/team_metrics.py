"""The metrics of all workers of one socket, in the answer of whichever of them is asked.

Each worker has an inbox, a pair of sockets that the parent makes before it starts the workers. The
one that is asked asks the others by it, and they answer with their texts; one that does not answer
within ANSWER_S is left out, so a worker that is stopped keeps nobody waiting. Each series gets the
label `process`: a worker that is started again begins at zero, and so do its own series only.
"""

import asyncio
import secrets
import socket
import zlib
from collections.abc import Callable
from contextlib import suppress

ANSWER_S = 0.5
MOST_BYTES = 200_000  # of a message; a text takes a tenth of that
_ASKS, _TELLS = b"?", b"!"
_NONCE_BYTES = 8


class TeamMetrics:
    """The inboxes of all workers of one socket."""

    def __init__(self, workers: int) -> None:
        """Make the inboxes."""
        kind = socket.AF_UNIX, socket.SOCK_DGRAM
        self._pairs = [socket.socketpair(*kind) for _ in range(workers)]
        for pair in self._pairs:
            for each in pair:
                each.setblocking(False)

    def close(self) -> None:
        """Close the inboxes."""
        for pair in self._pairs:
            for each in pair:
                each.close()

    def send(self, worker: int, message: bytes) -> None:
        """Send a worker a message, unless its inbox is full."""
        with suppress(BlockingIOError):
            self._pairs[worker][1].send(message)

    def reading_end(self, worker: int) -> socket.socket:
        """Return where a worker reads what is sent to it."""
        return self._pairs[worker][0]

    @property
    def workers(self) -> range:
        """The numbers of the workers."""
        return range(len(self._pairs))


class Inbox:
    """One worker's inbox; a server without workers has nobody to ask."""

    def __init__(self, team: TeamMetrics | None, worker: int, text: Callable[[], bytes]) -> None:
        """`text` returns this process's own metrics."""
        self._team = team
        self._worker = worker
        self._text = text
        self._asked: dict[bytes, dict[int, bytes]] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Answer others from now on, in the running event loop."""
        if self._team is not None:
            receives = self._team.reading_end(self._worker)
            asyncio.get_running_loop().add_reader(receives, self._read, self._team, receives)

    def stop(self) -> None:
        """Answer nobody any more."""
        if self._team is not None:
            asyncio.get_running_loop().remove_reader(self._team.reading_end(self._worker))

    async def collect(self) -> bytes:
        """Return the metrics of all workers that answer in time."""
        if self._team is None:
            return await asyncio.to_thread(self._text)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        texts = self._asked[nonce] = {}
        try:
            for other in self._team.workers:
                if other != self._worker:
                    self._team.send(other, _ASKS + bytes([self._worker]) + nonce)
            texts[self._worker] = await asyncio.to_thread(self._text)
            give_up_s = asyncio.get_running_loop().time() + ANSWER_S
            while len(texts) < len(self._team.workers):
                if asyncio.get_running_loop().time() > give_up_s:
                    break
                await asyncio.sleep(0.005)
        finally:
            del self._asked[nonce]
        return joined({worker: texts[worker] for worker in sorted(texts)})

    def _read(self, team: TeamMetrics, receives: socket.socket) -> None:
        with suppress(BlockingIOError):
            message = receives.recv(MOST_BYTES)
            kind, sender, nonce = message[:1], message[1], message[2 : 2 + _NONCE_BYTES]
            if kind == _ASKS:
                telling = asyncio.get_running_loop().create_task(self._tell(team, sender, nonce))
                self._telling.add(telling)
                telling.add_done_callback(self._telling.discard)
            elif nonce in self._asked:
                text = zlib.decompress(message[2 + _NONCE_BYTES :])
                self._asked[nonce][sender] = text

    async def _tell(self, team: TeamMetrics, asker: int, nonce: bytes) -> None:
        packed = await asyncio.to_thread(lambda: zlib.compress(self._text()))
        team.send(asker, _TELLS + bytes([self._worker]) + nonce + packed)


def joined(texts: dict[int, bytes]) -> bytes:
    """Return the series of all workers, those of one metric together, each with its worker."""
    metrics: dict[str, tuple[str, list[str]]] = {}
    for worker, text in texts.items():
        head, series = "", list[str]()
        for line in text.decode().splitlines():
            if line.startswith("# HELP "):
                head, series = metrics.setdefault(line.split(" ", 3)[2], (f"{line}\n", []))
            elif line.startswith("# TYPE "):
                name = line.split(" ", 3)[2]
                metrics[name] = (f"{head.splitlines()[0]}\n{line}\n", series)
            else:
                series.append(_labelled(line, worker))
    return "".join(
        head + "".join(f"{line}\n" for line in series) for head, series in metrics.values()
    ).encode()


def _labelled(line: str, worker: int) -> str:
    """Return a series with the label of its worker."""
    name, brace, rest = line.partition("{")
    if brace:
        return f'{name}{{process="{worker}",{rest}'
    name, _, value = line.partition(" ")
    return f'{name}{{process="{worker}"}} {value}'
