"""Bundles that processes of their own write: started, read, bounded and ended here."""

import asyncio
import sys
from asyncio import IncompleteReadError
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import msgspec
from litestar.types import Receive

from ledger.errors import CorruptError, LedgerError, UnavailableError
from ledger.publish.bundle_worker import (
    BundleHead,
    BundleQuestion,
    BundleTask,
    encode,
    framed,
)

AT_ONCE = 2
# A client that reads more slowly than this on average has the place of others for too long.
LEAST_BYTES_PER_S = 250_000
START_S = 60.0
_PART_BYTES = 65_536
# Returns the answer to a question of the process; raises a LedgerError to write no bundle.
BundleAnswer = Callable[[BundleQuestion], Awaitable[bytes]]
_ERRORS = {each.__name__: each for each in LedgerError.__subclasses__()}


class Exports:
    """The exports under way; beyond `at_once` they are refused, after `end` all are."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._running: set[Export] = set()
        self._watching: set[asyncio.Task[None]] = set()
        self._is_over = False

    async def begin(self, task: BundleTask, receive: Receive) -> "Export":
        """Start a process for this bundle.

        It ends with the request whose `receive` this is: when it is answered, or when its client
        hangs up. Raises UnavailableError `server_busy`.
        """
        if self._is_over or len(self._running) >= self._at_once:
            raise UnavailableError(
                "server_busy", "other large bundles are being written; try later"
            )
        export = Export(self)
        self._running.add(export)
        try:
            await export.start(task)
        except BaseException:
            await export.close()
            raise
        watching = asyncio.create_task(_close_at_the_end(export, receive))
        self._watching.add(watching)  # the event loop itself keeps no task alive
        watching.add_done_callback(self._watching.discard)
        return export

    async def from_anywhere(
        self, task: BundleTask, primary: str, receive: Receive, answer: BundleAnswer
    ) -> tuple[BundleHead, AsyncIterator[bytes]]:
        """Begin a bundle; return its head and its bytes. Raises as `begin` and `Export.head` do.

        If the standby that the task names fails, the bundle is written from the primary. Its files
        are the same, so it can go on with the byte after the last one that was sent.
        """
        again = None if task.address == primary else msgspec.structs.replace(task, address=primary)
        export = await self.begin(task, receive)
        try:
            head = await export.head(answer)
        except (CorruptError, UnavailableError):
            if again is None:
                raise
            await export.close()
            export, again = await self.begin(again, receive), None
            head = await export.head(answer)
        return head, self._parts(export, head, again, receive, answer)

    async def _parts(
        self,
        export: "Export",
        head: BundleHead,
        again: BundleTask | None,
        receive: Receive,
        answer: BundleAnswer,
    ) -> AsyncIterator[bytes]:
        sent = 0
        async for part in export.parts():
            sent += len(part)
            yield part
        if sent == head.length or again is None or export.is_ended:
            return  # whole, or nobody can or need go on
        await export.close()
        with suppress(LedgerError):  # the answer is too short then, and the client sees it
            export = await self.begin(again, receive)
            if await export.head(answer) != head:
                return
            async for part in export.parts():
                yield part[sent:]
                sent = max(0, sent - len(part))

    def left(self, export: "Export") -> None:
        """Forget an export that is over."""
        self._running.discard(export)

    def end(self) -> None:
        """End all exports; the server is going down and waits for their answers."""
        self._is_over = True
        for export in [*self._running]:
            export.kill()


async def _close_at_the_end(export: "Export", receive: Receive) -> None:
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        await export.close()


class Export:
    """One bundle that a process writes."""

    def __init__(self, exports: Exports) -> None:
        self._exports = exports
        self._process: Process | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._length = 0
        self.is_ended = False  # by the server, and not because it failed

    async def start(self, task: BundleTask) -> None:
        """Start the process and give it its task; raise UnavailableError `server_busy`."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ledger.publish.bundle_worker", stdin=PIPE, stdout=PIPE
            )
        except OSError as error:  # no process, no descriptor or no memory is left
            raise UnavailableError("server_busy", f"no process for it: {error.strerror}") from error
        given, _ = self._pipes()
        given.write(encode(task))
        with suppress(ConnectionError):  # it died; reading from it says so
            await given.drain()

    async def head(self, answer: BundleAnswer) -> BundleHead:
        """Return what the process says of its bundle once it has measured it.

        `answer` is asked what the process asks. Raises the LedgerError that it or the process met,
        UnavailableError `server_busy` if the process ended early.
        """
        head = await self._said()
        if head.asks:
            given, said = self._pipes()
            try:
                raw = await said.readexactly(head.asks)
            except IncompleteReadError as error:
                raise _unwritten() from error
            given.write(framed(await answer(msgspec.json.decode(raw, type=BundleQuestion))))
            with suppress(ConnectionError):  # it died; reading from it says so
                await given.drain()
            head = await self._said()
        if head.error:
            raise _ERRORS[head.error](head.code, head.detail)
        self._length = head.length
        allowed_s = START_S + head.length / LEAST_BYTES_PER_S
        self._deadline = asyncio.get_running_loop().call_later(allowed_s, self.kill)
        return head

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the bundle; it is shorter than its head says if the process failed.

        The last byte is the end: waiting for the process, too, would hold its place for longer.
        """
        _, said = self._pipes()
        left = self._length
        while left and (part := await said.read(min(left, _PART_BYTES))):
            left -= len(part)
            yield part

    def kill(self) -> None:
        """End the process at once."""
        self.is_ended = True
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def close(self) -> None:
        """End the process, and give its place to another."""
        if self._deadline is not None:
            self._deadline.cancel()
        self.kill()
        self._exports.left(self)
        if self._process is not None and self._process.stdout is not None:
            # A process is over for asyncio once its pipe is read to the end; a RuntimeError says
            # that the answer is still reading it, and so gets there itself.
            with suppress(RuntimeError):
                while await self._process.stdout.read(_PART_BYTES):
                    pass
            await self._process.wait()

    async def _said(self) -> BundleHead:
        _, said = self._pipes()
        line = await said.readline()
        if not line.endswith(b"\n"):
            raise _unwritten()
        return msgspec.json.decode(line, type=BundleHead)

    def _pipes(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("started, with both pipes")
        return self._process.stdin, self._process.stdout


def _unwritten() -> UnavailableError:
    return UnavailableError("server_busy", "the bundle was not written; try again")
