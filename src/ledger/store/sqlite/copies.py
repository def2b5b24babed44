"""Copies of the log's file: all of it, or only the rows after an earlier copy; and their joining.

A copy is one snapshot of the log, made while servers write. Copying page by page with pauses would
start again at each commit and never end under load, so each copy is made in one step.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from ledger.audit.logfile import open_read_only
from ledger.domain import entry
from ledger.errors import CorruptError
from ledger.sqlite.files import BUSY_TIMEOUT_S
from ledger.system import private_files
from ledger.tlog.merkle import HASH_BYTES, Edge

MOST_LEAVES = 4_096

# What is new since an earlier copy, by table. All rows of these tables are permanent, except the
# head, and the tiles that were not full.
_NEW = {
    "log_head": "1",
    "ev": "pos > :size",
    "body": "pos > :size",
    "member": "pos > :size",
    "cmd": "pos > :size",
    "claim": "pos > :size",
    "tile": "n >= (:checkpoint >> (8 * (level + 1)))",
    "checkpoint": "size > :checkpoint",
    "cosignature": "id > :cosignature",
    "stamp": "id > :stamp",
}
_REPLACED = ("tile",)  # its rows may be in the earlier copy, narrower
_MARKS = {
    "size": "SELECT size FROM log_head",
    "checkpoint": "SELECT coalesce(max(size), 0) FROM checkpoint",
    "cosignature": "SELECT coalesce(max(id), 0) FROM cosignature",
    "stamp": "SELECT coalesce(max(id), 0) FROM stamp",
}
_HEAD = "size, epoch, at_ms, commits"
_ROWS = "SELECT pos, entry, data, leaf FROM ev LEFT JOIN body USING(pos) WHERE pos > ? ORDER BY pos"


class CopyState(NamedTuple):
    """What a verified copy contains: its newest rows, the tree at its end, the last checkpoint.

    `marks` has the last row of each table that grows, by name; `size` is the newest position.
    """

    marks: Mapping[str, int]
    edge: Edge
    epoch: int
    note: bytes | None

    @property
    def size(self) -> int:
        """The newest position."""
        return self.marks["size"]


def copy_all(log: Path, target: Path) -> None:
    """Copy the log as it is now into a new file of mode 0600, durably."""
    private_files.create(target, b"")
    with closing(open_read_only(log)) as source, closing(_open(target)) as copy:
        copy.execute("PRAGMA synchronous=OFF")  # the file is synchronized once, at the end
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
    private_files.synchronize(target)


def copy_new(log: Path, target: Path, marks: Mapping[str, int]) -> None:
    """Copy the rows after `marks` into a new file of mode 0600, durably."""
    private_files.create(target, b"")
    with closing(_open(target)) as copy:
        copy.execute("PRAGMA synchronous=OFF")
        with _attached(copy, log), _transaction(copy):
            for table, is_new in _NEW.items():
                copy.execute(
                    f"CREATE TABLE {table} AS SELECT * FROM other.{table} WHERE {is_new}",  # noqa: S608  # from this file
                    marks,
                )
            ((version,),) = copy.execute("PRAGMA other.user_version").fetchall()
            copy.execute(f"PRAGMA user_version = {version}")
    private_files.synchronize(target)


def join(log: Path, newer: Path) -> None:
    """Add to a copy of a log the rows that `copy_new` wrote since that copy, all or none."""
    with closing(_open(log)) as copy, _attached(copy, newer), _transaction(copy):
        for table in _NEW:
            if table == "log_head":
                query = f"UPDATE log_head SET ({_HEAD}) = (SELECT {_HEAD} FROM other.log_head)"  # noqa: S608  # from this file
            elif table in _REPLACED:
                query = "INSERT OR REPLACE INTO {table} SELECT * FROM other.{table}"
            else:
                query = "INSERT INTO {table} SELECT * FROM other.{table} ORDER BY 1"
            copy.execute(query.format(table=table))


def examine(path: Path, earlier: CopyState | None = None) -> CopyState:
    """Verify every entry, body, leaf and checkpoint's root of a copy; return what it contains.

    `earlier` is the copy that this one continues; None for a copy of everything. Does not verify
    signatures or decisions: the audit does. Raises CorruptError `position_missing`,
    `leaf_mismatch`, `head_mismatch`, `log_rolled_back`, `log_forked`, and as `entry.unseal`.
    """
    with closing(open_read_only(path)) as db:
        marks = {} if earlier is None else dict(earlier.marks)
        for name, query in _MARKS.items():
            ((newest,),) = db.execute(query).fetchall()
            marks[name] = newest if name == "size" else max(marks.get(name, 0), newest)
        if earlier is not None and marks["size"] < earlier.size:
            detail = f"the log has {marks['size']} events, the earlier copy {earlier.size}"
            raise CorruptError("log_rolled_back", detail)
        signed = dict(db.execute("SELECT size, root FROM checkpoint"))
        edge = Edge() if earlier is None else earlier.edge
        stops = sorted(size for size in signed if size > edge.size)
        for leaves in _leaves(db, edge.size, stops):
            edge, _ = edge.extend(leaves)
            if signed.get(edge.size, edge.root()) != edge.root():
                detail = f"the first {edge.size} entries do not have the root that was signed"
                raise CorruptError("log_forked", detail, position=edge.size)
        if marks["size"] != edge.size or marks["checkpoint"] > edge.size:
            detail = f"the copy has {edge.size} events, its head counts {marks['size']}"
            raise CorruptError("head_mismatch", detail)
        ((epoch,),) = db.execute("SELECT epoch FROM log_head").fetchall()
        last = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
        note = next((row[0] for row in db.execute(last)), None)
    if note is None and earlier is not None:
        note = earlier.note
    return CopyState(marks, edge, epoch, note)


def raise_epoch(log: Path, epoch: int) -> None:
    """Set the epoch in the head of a copy that no process uses."""
    with closing(_open(log)) as copy:
        copy.execute("UPDATE log_head SET epoch = ?", (epoch,))


def root_of(log: Path, size: int) -> bytes:
    """Return the root over the first `size` leaves of a log; raise CorruptError as `examine`."""
    edge = Edge()
    with closing(open_read_only(log)) as db:
        for leaves in _leaves(db, 0, [size], until=size):
            edge, _ = edge.extend(leaves)
    return edge.root()


def _leaves(
    db: sqlite3.Connection, after: int, stops: list[int], until: int | None = None
) -> Iterator[bytes]:
    """Yield the verified leaf hashes after a position, in runs that end at the given sizes."""
    run = list[bytes]()
    ends = iter([*stops, -1])
    end = next(ends)
    expected = after + 1
    rows = db.execute(_ROWS if until is None else f"{_ROWS} LIMIT {until}", (after,))
    for position, stored, body, leaf in rows:
        if position != expected:
            raise CorruptError("position_missing", f"position {expected} is missing")
        if body is None:
            raise CorruptError("body_missing", f"the body of position {position} is missing")
        _verify(position, entry.join(stored, body), leaf)
        run.append(leaf)
        if position == end or len(run) == MOST_LEAVES:
            yield b"".join(run)
            run = []
        if position == end:
            end = next(ends)
        expected += 1
    yield b"".join(run)


def _verify(position: int, state: bytes, leaf: bytes) -> None:
    try:
        entry.unseal(state)
    except CorruptError as error:
        raise CorruptError(error.code, error.detail, position=position) from error
    if len(leaf) != HASH_BYTES or entry.leaf_hash(state) != leaf:
        detail = "an entry does not match its leaf hash"
        raise CorruptError("leaf_mismatch", detail, position=position)


def _open(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    return sqlite3.connect(f"{uri}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)


@contextmanager
def _attached(copy: sqlite3.Connection, other: Path) -> Iterator[None]:
    copy.execute("ATTACH ? AS other", (f"{other.absolute().as_uri()}?mode=ro",))
    yield
    copy.execute("DETACH other")


@contextmanager
def _transaction(copy: sqlite3.Connection) -> Iterator[None]:
    copy.execute("BEGIN IMMEDIATE")
    yield
    copy.execute("COMMIT")
