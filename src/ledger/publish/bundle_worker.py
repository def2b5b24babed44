"""A process that writes one evidence bundle: the task on standard input, the bundle on standard
output.

The server has one interpreter for all requests, and reading a whole log in a thread of it delays
every answer. A process of its own does not, and it yields the processor to the server. The first
line of its output says how long the bundle is, or why there is none; then the bundle follows.
Standard input stays open for as long as the bundle is wanted: when it closes, the process ends.
"""

import os
import signal
import sys
import threading
from contextlib import closing

import msgspec

from ledger.errors import LedgerError
from ledger.publish.bundles import Evidence
from ledger.store.engines import read_log
from ledger.store.ports.tree import Published
from ledger.verify import container
from ledger.verify.container import MANIFEST, MeasuredFile, Mode

LENGTH_BYTES = 4
_NICENESS = 10
_PART_BYTES = 256 * 1024


class BundleTask(msgspec.Struct, frozen=True):
    """A bundle to write: from which log, of which checkpoint, with which files beside it."""

    address: str
    published: Published
    companions: dict[str, bytes]
    page: bytes | None
    statement: str
    mode: Mode


class BundleHead(msgspec.Struct, frozen=True):
    """How long the bundle is, and the SHA-256 of its manifest, hex; or the error instead."""

    length: int = 0
    manifest: str = ""
    error: str = ""  # the name of the error's class
    code: str = ""
    detail: str = ""


def encode(task: BundleTask) -> bytes:
    """Return a task as the process reads it."""
    raw = msgspec.msgpack.encode(task)
    return len(raw).to_bytes(LENGTH_BYTES, "big") + raw


def _perform(task: BundleTask) -> None:
    with (
        closing(read_log(task.address)) as store,
        closing(store.tree()) as tree,
    ):
        shown = Evidence(store, tree, task.published, page=task.page, companions=task.companions)
        files = shown.measure([task.statement], task.mode)
        _say(BundleHead(container.length(files), files[MANIFEST].sha256))
        _send(files)


def _send(files: dict[str, MeasuredFile]) -> None:
    out = sys.stdout.buffer
    waiting = bytearray()
    for part in container.stream(files):
        waiting += part
        if len(waiting) >= _PART_BYTES:
            out.write(waiting)
            waiting.clear()
    out.write(waiting)
    out.flush()


def _say(head: BundleHead) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(head) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_the_server() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def main() -> int:
    """Do the task on standard input; return the exit code."""
    # Ctrl+C reaches the whole group of processes; the server then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    given = sys.stdin.buffer
    task = msgspec.msgpack.decode(
        given.read(int.from_bytes(given.read(LENGTH_BYTES), "big")), type=BundleTask
    )
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    try:
        _perform(task)
    except BrokenPipeError:
        return 1
    except LedgerError as error:
        # After the first line this is part of the bundle, which then is too short or too long.
        _say(BundleHead(error=type(error).__name__, code=error.code, detail=error.detail))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
