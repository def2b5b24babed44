"""A process that writes one evidence bundle: the task on standard input, the bundle on standard
output.

The server has one interpreter for all requests, and reading a whole log in a thread of it delays
every answer. A process of its own does not, and it yields the processor to the server. A line of
its output says how long the bundle is, or why there is none; then the bundle follows. A line before
it can ask the server, which alone knows who may read what, and has the heads key. Standard input
stays open for as long as the bundle is wanted: when it closes, the process ends.
"""

import os
import signal
import sys
import threading
from contextlib import closing
from queue import SimpleQueue

import msgspec

from ledger.errors import LedgerError
from ledger.jose import OkpJwk
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


class BundleQuestion(msgspec.Struct, frozen=True):
    """What the server is asked before a bundle is made: may its reader see these statements too?

    Of mode *statement*, the answer is the heads signed: how many events each stream has, under the
    heads key in force.
    """

    beside: tuple[str, ...]
    heads: dict[str, int] = {}
    key: OkpJwk | None = None


class BundleHead(msgspec.Struct, frozen=True):
    """How long the bundle is, and the SHA-256 of its manifest, hex; or the error instead.

    Or a question of `asks` bytes, which follows.
    """

    length: int = 0
    asks: int = 0
    manifest: str = ""
    error: str = ""  # the name of the error's class
    code: str = ""
    detail: str = ""


def encode(task: BundleTask) -> bytes:
    """Return a task as the process reads it."""
    return framed(msgspec.msgpack.encode(task))


def framed(raw: bytes) -> bytes:
    """Return what the process reads at once, with its length."""
    return len(raw).to_bytes(LENGTH_BYTES, "big") + raw


def _perform(task: BundleTask, answers: SimpleQueue[bytes]) -> None:
    with (
        closing(read_log(task.address)) as store,
        closing(store.tree()) as tree,
    ):
        shown = Evidence(store, tree, task.published, page=task.page, companions=task.companions)
        found = shown.involved([task.statement], task.mode)
        if task.mode == "full":
            files = shown.files(found)  # its readers may see everything
        else:
            beside = tuple(sorted(found.statements - {task.statement}))
            is_signed = task.mode == "statement"
            heads, key = (found.heads, shown.heads_key()) if is_signed else ({}, None)
            files = shown.files(found, _answer(BundleQuestion(beside, heads, key), answers))
        _say(BundleHead(length=container.length(files), manifest=files[MANIFEST].sha256))
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


def _answer(question: BundleQuestion, answers: SimpleQueue[bytes]) -> bytes:
    raw = msgspec.json.encode(question)
    _say(BundleHead(asks=len(raw)))
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()
    return answers.get()


def _listen(answers: SimpleQueue[bytes]) -> None:
    while True:
        answers.put(_read())


def _read() -> bytes:
    """Return what the server sends next; end the process if it sends nothing more."""
    return _read_bytes(int.from_bytes(_read_bytes(LENGTH_BYTES), "big"))


def _read_bytes(count: int) -> bytes:
    # Without a buffer of Python's, whose lock a thread would hold at the end of the process.
    found = bytearray()
    while len(found) < count:
        part = os.read(sys.stdin.fileno(), count - len(found))
        if not part:
            os._exit(1)
        found += part
    return bytes(found)


def main() -> int:
    """Do the task on standard input; return the exit code."""
    # Ctrl+C reaches the whole group of processes; the server then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    task = msgspec.msgpack.decode(_read(), type=BundleTask)
    answers = SimpleQueue[bytes]()
    threading.Thread(target=_listen, args=[answers], daemon=True).start()
    try:
        _perform(task, answers)
    except BrokenPipeError:
        return 1
    except LedgerError as error:
        # After the first line this is part of the bundle, which then is too short or too long.
        _say(BundleHead(error=type(error).__name__, code=error.code, detail=error.detail))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
