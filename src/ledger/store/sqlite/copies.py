"""Copies of the log's file: all of it, or only the rows after an earlier copy; and their joining.

A copy is one snapshot of the log, made while servers write. Copying page by page with pauses would
start again at each commit and never end under load, so each copy is made in one step.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from ledger.data_files import LOG_FILE
from ledger.domain import entry
from ledger.errors import CorruptError, UnavailableError
from ledger.sqlite.files import BUSY_TIMEOUT_S, open_read_only, reading_errors
from ledger.store.ports.copies import CopyState
from ledger.store.ports.tree import Published
from ledger.system import private_files
from ledger.tlog.merkle import HASH_BYTES, Edge

MOST_LEAVES = 4_096

# What is new since an earlier copy, by table. All rows of these tables are permanent, except the
# head, and the tiles that were not full.
_NEW = {
    "log_head": "1",
    "ev": "pos > :size",
    "body": "pos > :size",
    "erased": "by_pos > :size",
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
_LAST = "SELECT size, root, note, published_at FROM checkpoint ORDER BY size DESC LIMIT 1"
_HEAD = "size, epoch, at_ms, commits"
_ROWS = """SELECT pos, entry, data, leaf, by_pos FROM ev LEFT JOIN body USING(pos)
    LEFT JOIN erased USING(pos) WHERE pos > ? ORDER BY pos"""
# A body that was erased after the earlier copy.
_ERASE = "DELETE FROM body WHERE pos IN (SELECT pos FROM other.erased)"


class SqliteCopies:
    """Copies of the log's file, with the contract of `LogCopies`."""

    def exists(self, directory: Path) -> bool:
        """Tell whether there is a log's file."""
        return _log(directory).is_file()

    def stored_bytes(self, directory: Path) -> int:
        """Return the bytes of the log's file and of those that SQLite keeps beside it."""
        return sum(path.stat().st_size for path in _parts(directory) if path.exists())

    def copy_all(self, directory: Path, target: Path) -> None:
        """Copy the log as it is now into a new file of mode 0600, durably."""
        file = _log(target)
        private_files.create(file, b"")
        with closing(open_read_only(_log(directory))) as source, closing(_open(file)) as copy:
            copy.execute("PRAGMA synchronous=OFF")  # the file is synchronized once, at the end
            source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")
        private_files.synchronize(file)

    def copy_new(self, directory: Path, target: Path, marks: Mapping[str, int]) -> None:
        """Copy the rows after `marks` into a new file of mode 0600, durably."""
        file = _log(target)
        private_files.create(file, b"")
        with closing(_open(file)) as copy:
            copy.execute("PRAGMA synchronous=OFF")
            with _attached(copy, _log(directory)), _transaction(copy):
                for table, is_new in _NEW.items():
                    copy.execute(
                        f"CREATE TABLE {table} AS SELECT * FROM other.{table} WHERE {is_new}",  # noqa: S608  # from this file
                        marks,
                    )
                ((version,),) = copy.execute("PRAGMA other.user_version").fetchall()
                copy.execute(f"PRAGMA user_version = {version}")
        private_files.synchronize(file)

    def join(self, directory: Path, newer: Path) -> None:
        """Add to a copy of a log the rows that `copy_new` wrote since that copy, all or none."""
        other = _log(newer)
        with closing(_open(_log(directory))) as copy, _attached(copy, other), _transaction(copy):
            for table in _NEW:
                if table == "log_head":
                    query = f"UPDATE log_head SET ({_HEAD}) = (SELECT {_HEAD} FROM other.log_head)"  # noqa: S608  # from this file
                elif table in _REPLACED:
                    query = "INSERT OR REPLACE INTO {table} SELECT * FROM other.{table}"
                else:
                    query = "INSERT INTO {table} SELECT * FROM other.{table} ORDER BY 1"
                copy.execute(query.format(table=table))
            copy.execute(_ERASE)

    def examine(self, directory: Path, earlier: CopyState | None = None) -> CopyState:
        """Verify every entry, body, leaf and checkpoint's root of a copy; return its content."""
        with closing(open_read_only(_log(directory))) as db:
            return _examined(db, earlier)

    def root_of(self, directory: Path, size: int) -> bytes:
        """Return the root over the first `size` leaves of a log; raise as `examine`."""
        edge = Edge()
        with closing(open_read_only(_log(directory))) as db:
            for leaves in _leaves(db, 0, [size], until=size):
                edge, _ = edge.extend(leaves)
        return edge.root()

    def newest(self, directory: Path) -> tuple[int, Published | None]:
        """Return a log's size and its newest checkpoint, unverified, without changing anything."""
        file = _log(directory)
        with closing(open_read_only(file)) as db, reading_errors(f"{file} cannot be read"):
            ((size,),) = db.execute("SELECT size FROM log_head").fetchall()
            rows = db.execute(_LAST).fetchall()
        return size, Published(*rows[0]) if rows else None

    def epoch(self, directory: Path) -> int:
        """Return the epoch in a log's head, unverified, without changing anything."""
        file = _log(directory)
        with closing(open_read_only(file)) as db, reading_errors(f"{file} cannot be read"):
            ((epoch,),) = db.execute("SELECT epoch FROM log_head").fetchall()
        return int(epoch)

    def raise_epoch(self, directory: Path, epoch: int) -> None:
        """Set the epoch in the head of a copy that no process uses."""
        with closing(_open(_log(directory))) as copy:
            copy.execute("UPDATE log_head SET epoch = ?", (epoch,))

    def settle(self, directory: Path) -> None:
        """Make a copy durable and complete in its one file.

        SQLite moves events into the file when it is closed, and says nothing if it cannot.
        """
        _, wal, _ = _parts(directory)
        if wal.exists() and wal.stat().st_size:
            detail = f"{wal} could not be written into its log; restore again"
            raise UnavailableError("storage_failed", detail)
        private_files.synchronize(_log(directory))

    def set_aside(self, directory: Path, aside: Path) -> None:
        """Move the log's file and those beside it into a directory, which is created for them."""
        for old in _parts(directory):
            if old.exists():
                aside.mkdir(mode=0o700, exist_ok=True)
                old.rename(aside / old.name)

    def move(self, directory: Path, target: Path) -> None:
        """Move a settled copy into a directory that has no log, durably."""
        _log(directory).rename(_log(target))
        private_files.synchronize(_log(target))


def _log(directory: Path) -> Path:
    return directory / LOG_FILE


def _parts(directory: Path) -> tuple[Path, Path, Path]:
    """Return the paths of a log's file, its write-ahead log and its shared memory."""
    log = _log(directory)
    return log, log.with_name(f"{LOG_FILE}-wal"), log.with_name(f"{LOG_FILE}-shm")


def _examined(db: sqlite3.Connection, earlier: CopyState | None) -> CopyState:
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
    note = next((row[2] for row in db.execute(_LAST)), None)
    if note is None and earlier is not None:
        note = earlier.note
    return CopyState(marks, edge, epoch, note)


def _leaves(
    db: sqlite3.Connection, after: int, stops: list[int], until: int | None = None
) -> Iterator[bytes]:
    """Yield the verified leaf hashes after a position, in runs that end at the given sizes."""
    run = list[bytes]()
    ends = iter([*stops, -1])
    end = next(ends)
    expected = after + 1
    rows = db.execute(_ROWS if until is None else f"{_ROWS} LIMIT {until}", (after,))
    for position, stored, body, leaf, by in rows:
        if position != expected:
            raise CorruptError("position_missing", f"position {expected} is missing")
        if body is None and by is None:
            raise CorruptError("body_missing", f"the body of position {position} is missing")
        _verify(position, entry.join(stored, body or b""), leaf)
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
        if entry.is_erased(state):
            entry.parse_canonical(entry.cut(state)[0])
        else:
            entry.unseal(state)
    except CorruptError as error:
        raise CorruptError(error.code, error.detail, position=position) from error
    if len(leaf) != HASH_BYTES or entry.leaf_hash(state) != leaf:
        detail = "an entry does not match its leaf hash"
        raise CorruptError("leaf_mismatch", detail, position=position)


def _open(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    db = sqlite3.connect(f"{uri}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    db.execute("PRAGMA secure_delete=ON")
    return db


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
