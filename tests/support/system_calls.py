"""What a program wrote, synced and sent, as strace saw it: the material of `power_cut`.

`traced` is put before a program's command. strace leaves it its process number, its parent and its
exit code, and follows everything that it starts. Each call is known by the lines at which it began
and had ended, which are in the order in which it happened, and by their times, so that the calls of
several programs can be put in one order.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Everything that changes a file or its name, makes it durable, or sends something.
_CALLS = (
    "openat,open,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,"
    "fsync,fdatasync,msync,sync_file_range,sync,syncfs,copy_file_range,sendfile,splice,"
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat,sendto,sendmsg,sendmmsg"
)
_LONGEST_BYTES = 64 * 1024 * 1024  # of what one call writes
_END_S = 60
_LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)\n")
_BEGUN = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_WHOLE = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?:<((?:\\x..)*)>)?.*? <(\d+\.\d+)>")
_FAILED = (" = -1 E", " = ? ")
_FIRST = re.compile(r"(\d+)<((?:\\x..)+)>(\(deleted\))?")
_TEXT = re.compile(r'"((?:\\x..)*)"(\.\.\.)?')


class Call(NamedTuple):
    """A system call that succeeded: where and when it began and had ended, and what it did.

    `path` is the file or socket that it opened, or that its first argument `file` is; empty for
    one that is deleted. `texts` are the bytes that it got.
    """

    began_at: int
    began_s: float
    ended_at: int
    ended_s: float
    name: str
    path: str
    file: int
    texts: list[bytes]
    arguments: str


def traced(log: Path) -> list[str]:
    """Return what comes before a command whose system calls are to be written to a file."""
    how = ["-D", "-f", "--seccomp-bpf", "-qq", "-ttt", "-T", "-y", "-xx"]
    return ["strace", *how, "-s", str(_LONGEST_BYTES), "-e", f"trace={_CALLS}", "-o", str(log)]


def calls(log: Path) -> Iterator[Call]:
    """Yield the calls that succeeded."""
    begun: dict[str, tuple[int, str, str]] = {}
    with log.open() as lines:
        for number, line in enumerate(lines):
            found = _LINE.fullmatch(line)
            assert found, f"a line without its end: {line:.200}"
            process, at_s, text = found.groups()
            if text.endswith(_BEGUN):
                begun[process] = number, at_s, text.removesuffix(_BEGUN)
                continue
            began_at = number
            if resumed := _RESUMED.fullmatch(text):
                began_at, at_s, first = begun.pop(process)
                text = first + resumed[1]
            if whole := _WHOLE.fullmatch(text):
                yield _call(float(at_s), *whole.groups())._replace(
                    began_at=began_at, ended_at=number
                )
            else:
                ended = text.startswith(("---", "+++")) or any(each in text for each in _FAILED)
                assert ended, f"not understood: {text:.200}"


def _call(
    at_s: float, name: str, arguments: str, result: str, opened: str | None, took_s: str
) -> Call:
    texts = _TEXT.findall(arguments)
    assert not any(cut for _, cut in texts), f"strace cut what {name} got"
    path, file = "", -1
    if opened:
        path, file = _bytes(opened).decode(), int(result)
    elif (first := _FIRST.match(arguments)) and not first[3]:
        path, file = _bytes(first[2]).decode(), int(first[1])
    said = [_bytes(text) for text, _ in texts]
    return Call(0, at_s, 0, at_s + float(took_s), name, path, file, said, arguments)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def wait_for_end(log: Path, process: int) -> None:
    """Return when strace has written that a process ended."""
    end = re.compile(rf"^{process} +\d+\.\d+ \+\+\+ ", re.MULTILINE)
    give_up = time.monotonic() + _END_S
    while not end.search(log.read_text()):
        assert time.monotonic() < give_up
        time.sleep(0.1)  # it is no child of this process
