"""Run `ledger` with a disk that a test makes slow or broken.

SQLite reaches the disk through function pointers, which this program replaces before the ledger
opens a file. So the ledger, Python's sqlite3 and SQLite itself are the real ones, and only the disk
is not. The file that FAULTS_FILE names says what is wrong, and the test rewrites it at will:

    {"sync_s": 3.0}                      each synchronization takes this long
    {"write": "io", "only": "views"}     writes to files whose name contains "views" fail
    {}                                   the disk works
"""

import _sqlite3
import ctypes
import json
import os
import sys
import time
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any

FAULTS_FILE = "TEST_FAULTS_FILE"
_IO_ERRORS = {"io": 10 | (3 << 8), "full": 13}  # SQLITE_IOERR_WRITE, SQLITE_FULL
_METHODS_BYTES = 8 + 18 * 8  # sqlite3_io_methods of version 3
_WRITE, _SYNC = 3, 5  # the places of xWrite and xSync among its pointers

_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
_WRITE_TYPE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_SYNC_TYPE = CFUNCTYPE(c_int, c_void_p, c_int)


class _Vfs(ctypes.Structure):
    """The beginning of sqlite3_vfs, up to the pointer that opens a file."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("path_bytes", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
    )


def _fault(name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(Path(os.environ[FAULTS_FILE]).read_text())
    except (OSError, ValueError):  # none yet, or being rewritten
        return {}
    return found if found.get("only", "") in name else {}


def install() -> list[Any]:
    """Replace the pointers; return what must stay alive for as long as the process."""
    library = ctypes.CDLL(_sqlite3.__file__)
    find = library.sqlite3_vfs_find
    find.argtypes, find.restype = [c_char_p], POINTER(_Vfs)
    vfs = find(None).contents
    original = _OPEN(vfs.open)
    alive: list[Any] = [original]
    tables: dict[tuple[int, str], Any] = {}

    def opened(address: int, path: int, file: int, flags: int, out: Any) -> int:
        code = int(original(address, path, file, flags, out))
        methods = c_void_p.from_address(file)
        if code == 0 and methods.value:
            name = Path(os.fsdecode(ctypes.string_at(path))).name if path else ""
            key = (methods.value, name)
            if key not in tables:
                tables[key] = _table(methods.value, name, alive)
            methods.value = ctypes.addressof(tables[key])
        return code

    hook = _OPEN(opened)
    alive += [hook, tables]
    vfs.open = ctypes.cast(hook, c_void_p).value
    return alive


def _table(address: int, name: str, alive: list[Any]) -> Any:
    table = ctypes.create_string_buffer(ctypes.string_at(address, _METHODS_BYTES), _METHODS_BYTES)
    base = ctypes.addressof(table)
    places = {each: c_void_p.from_address(base + 8 * each) for each in (_WRITE, _SYNC)}
    write, sync = _WRITE_TYPE(places[_WRITE].value or 0), _SYNC_TYPE(places[_SYNC].value or 0)

    def written(file: int, content: int, count: int, offset: int) -> int:
        broken = _fault(name).get("write")
        return _IO_ERRORS[broken] if broken else int(write(file, content, count, offset))

    def synchronized(file: int, flags: int) -> int:
        time.sleep(_fault(name).get("sync_s", 0))
        return int(sync(file, flags))

    hooks = _WRITE_TYPE(written), _SYNC_TYPE(synchronized)
    for place, hook in zip((_WRITE, _SYNC), hooks, strict=True):
        places[place].value = ctypes.cast(hook, c_void_p).value
    alive += [write, sync, *hooks]
    return table


if __name__ == "__main__":
    kept = install()
    from ledger.__main__ import main

    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # SQLite may still call the functions above while Python deletes them
