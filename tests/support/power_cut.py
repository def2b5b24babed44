"""What a disk can hold after a power cut: the files of programs, rebuilt from their system calls.

At the moment of the cut a disk has every write that a sync covered: one that began when the write
had ended, and that has ended itself. Of each later write it has all, nothing, or some sectors.
Names count as changed at once: which creation, renaming or deletion a file system would forget is
not in the calls.
"""

import os
import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import merge
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.support.system_calls import Call, calls

SECTOR_BYTES = 512
_NOT_KEPT = "-shm"  # SQLite maps it, and makes it anew
_NUMBER = re.compile(r", (-?\d+)(?=,|$)")
_WRITES = ("write", "writev", "pwrite64", "pwritev")
_SIZES = ("ftruncate", "fallocate")
_SYNCS = ("fsync", "fdatasync")
_OPENS = ("open", "openat")
_RENAMES = ("rename", "renameat", "renameat2")
_UNLINKS = ("unlink", "unlinkat")
_SENDS = ("sendto", "sendmsg", "write", "writev")
_HARMLESS = ("sync_file_range",)  # it promises nothing
Files = dict[str, bytearray]


class Change(msgspec.Struct, eq=False):
    """A write to a file, or a new size of it; it has ended, or may still go on."""

    at: int
    data: bytes | None  # None for a size
    shortens: bool = False
    has_ended: bool = False

    def apply(self, content: bytearray, chance: random.Random | None = None) -> None:
        """Change the content; with a chance, by some of the sectors alone."""
        if self.data is None:
            if self.shortens:
                del content[self.at :]
            _grow(content, self.at)
        elif chance is None:
            _grow(content, self.at + len(self.data))
            content[self.at : self.at + len(self.data)] = self.data
        else:
            for start in range(0, len(self.data), SECTOR_BYTES):
                if chance.random() < 0.5:
                    Change(self.at + start, self.data[start : start + SECTOR_BYTES]).apply(content)


def _grow(content: bytearray, size: int) -> None:
    content.extend(bytes(max(0, size - len(content))))


class Cut(NamedTuple):
    """What had been sent when the power went, and the files that the disk has."""

    sent: list[bytes]
    files: Files

    def restore(self, *directories: Path) -> None:
        """Let directories, which programs of before filled, have these files and no other ones."""
        for path in files_below(*directories, suffix=""):
            if path not in self.files:
                Path(path).unlink()
        for path, content in self.files.items():
            owner = Path(path).parent.stat()
            Path(path).write_bytes(content)
            Path(path).chmod(0o600)
            os.chown(path, owner.st_uid, owner.st_gid)


def files_below(*directories: Path, suffix: str = _NOT_KEPT) -> dict[str, bytes]:
    """Return the files below directories; those with a suffix are none."""
    found = (path for each in directories for path in each.rglob("*") if path.is_file())
    return {
        str(path): path.read_bytes()
        for path in found
        if not (suffix and path.name.endswith(suffix))
    }


class Story:
    """What programs did with the files below some directories, in the order in which they did it.

    `logs` are what strace wrote of them, and in which directory each program was.
    """

    def __init__(
        self, before: Mapping[str, bytes], directories: Sequence[Path], logs: Mapping[Path, Path]
    ) -> None:
        self._before = before
        self._directories = directories
        told = [[_absolute(call, cwd) for call in calls(log)] for log, cwd in logs.items()]
        self._steps = [*merge(*map(_steps, told), key=lambda step: step[0])]

    def sends(self, what: bytes) -> list[int]:
        """Return the steps at which something that begins like this begins to be sent."""
        return [
            number
            for number, (_, is_end, call) in enumerate(self._steps)
            if not is_end and _sent(call).startswith(what)
        ]

    def __len__(self) -> int:
        return len(self._steps)

    def cuts(
        self, after: Collection[int], chance: random.Random | None = None, *, forgets: str = ""
    ) -> Iterator[Cut]:
        """Yield what the disk has when the power goes after each of some steps.

        Without a chance it has nothing that is not synced. `forgets` is in the names of files of
        which it has nothing else either.
        """
        disk, after = Disk(self._before, self._directories, forgets), {*after}
        sent: list[bytes] = []
        for number, (_, is_end, call) in enumerate(self._steps):
            (disk.end if is_end else disk.begin)(call)
            if not is_end and (data := _sent(call)):
                sent.append(data)
            if number in after:
                yield Cut([*sent], disk.cut(chance))

    def shown(self) -> dict[str, bytes]:
        """Return the files as programs saw them at the end: the system forgot nothing."""
        disk = Disk(self._before, self._directories)
        for _, is_end, call in self._steps:
            (disk.end if is_end else disk.begin)(call)
        return {path: bytes(content) for path, content in disk.shown.items()}


def _steps(told: Sequence[Call]) -> list[tuple[float, int, Call]]:
    """Return the beginnings (0) and ends (1) of one program's calls in the order of its lines.

    Their times never go back: a clock that is set while strace writes changes no order.
    """
    begun = [(call.began_at, 0, call.began_s, call) for call in told]
    ended = [(call.ended_at, 1, call.ended_s, call) for call in told]
    steps, newest_s = [], 0.0
    for _, is_end, at_s, call in sorted(begun + ended, key=lambda step: step[:2]):
        newest_s = max(newest_s, at_s)
        steps.append((newest_s, is_end, call))
    return steps


def _sent(call: Call) -> bytes:
    is_sent = call.name in _SENDS and call.path.startswith("socket:")
    return b"".join(call.texts) if is_sent else b""


def _absolute(call: Call, cwd: Path) -> Call:
    """Return the call with its file as `path`, and with absolute names of what it renames."""
    if call.name in (*_RENAMES, *_UNLINKS):
        names = [os.fsencode(cwd / os.fsdecode(each)) for each in call.texts]
        return call._replace(path=os.fsdecode(names[0]), texts=names)
    return call


class Disk:
    """The files below some directories, while calls begin and end."""

    def __init__(
        self, files: Mapping[str, bytes], directories: Sequence[Path], forgets: str = ""
    ) -> None:
        self.shown: Files = {path: bytearray(content) for path, content in files.items()}
        self._durable: Files = {path: bytearray(content) for path, content in files.items()}
        self._directories = tuple(f"{each}/" for each in directories)
        self._forgets = forgets
        self._pending: dict[str, list[Change]] = defaultdict(list)
        self._changes: dict[int, Change] = {}  # of calls that have not ended
        self._covered: dict[int, list[Change]] = {}
        self._offsets: dict[tuple[str, int], int] = {}

    def _has(self, call: Call) -> bool:
        return call.path.startswith(self._directories) and not call.path.endswith(_NOT_KEPT)

    def begin(self, call: Call) -> None:
        """Let what a call writes be on the disk from now on, if chance says so."""
        if not self._has(call):
            return
        if call.name in _SYNCS:
            self._covered[id(call)] = [each for each in self._pending[call.path] if each.has_ended]
        elif call.name in (*_WRITES, *_SIZES):
            self._changes[id(call)] = self._write(call.path, self._change(call))

    def end(self, call: Call) -> None:
        """Make what a sync covered durable, and change names."""
        if not self._has(call):
            return
        if call.name in (*_WRITES, *_SIZES):
            self._changes.pop(id(call)).has_ended = True
        elif call.name in _SYNCS:
            covered = self._covered.pop(id(call))
            if not (self._forgets and self._forgets in call.path):
                self._sync(call.path, covered)
        elif call.name in _OPENS:
            self._open(call)
        elif call.name in _RENAMES:
            self._rename(*map(os.fsdecode, call.texts))
        elif call.name in _UNLINKS:
            for files in (self.shown, self._durable, self._pending):
                files.pop(call.path, None)
        else:
            assert call.name in _HARMLESS, f"{call.name} is not followed: {call.arguments:.200}"

    def _write(self, path: str, change: Change) -> Change:
        self._pending[path].append(change)
        change.apply(self.shown[path])
        return change

    def _sync(self, path: str, covered: list[Change]) -> None:
        for each in covered:
            each.apply(self._durable[path])
        done = {*map(id, covered)}
        self._pending[path] = [each for each in self._pending[path] if id(each) not in done]

    def _open(self, call: Call) -> None:
        if "O_CREAT" in call.arguments:
            self.shown.setdefault(call.path, bytearray())
            self._durable.setdefault(call.path, bytearray())
        content = self.shown.get(call.path)
        if content and "O_TRUNC" in call.arguments:
            self._write(call.path, Change(0, None, shortens=True, has_ended=True))
        appends = content is not None and "O_APPEND" in call.arguments
        self._offsets[call.path, call.file] = len(content or b"") if appends else 0

    def _change(self, call: Call) -> Change:
        numbers = [int(each) for each in _NUMBER.findall(call.arguments)]
        if call.name == "ftruncate":
            return Change(numbers[-1], None, shortens=True)
        if call.name == "fallocate":
            return Change(numbers[-2] + numbers[-1], None)
        data = b"".join(call.texts)
        if call.name.startswith("p"):
            return Change(numbers[-1], data)
        at = self._offsets[call.path, call.file]
        self._offsets[call.path, call.file] = at + len(data)
        return Change(at, data)

    def _rename(self, before: str, after: str) -> None:
        for files in (self.shown, self._durable):
            files[after] = files.pop(before)
        self._pending[after] = self._pending.pop(before, [])

    def cut(self, chance: random.Random | None) -> Files:
        """Return what the disk has: of what is not durable nothing, or what chance says."""
        files = {path: bytearray(content) for path, content in self._durable.items()}
        if chance is not None:
            for path, changes in self._pending.items():
                for each in changes:
                    luck = chance.random()
                    if luck < 0.6:
                        each.apply(files[path], chance if luck < 0.3 else None)
        return files
