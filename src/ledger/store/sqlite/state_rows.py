"""All rows of the operational state in its file, for a copy of the ledger."""

from contextlib import closing
from pathlib import Path

from ledger.sqlite.files import open_private, open_read_only, reading_errors, storage_errors
from ledger.store.ports.transfer import STATE_TABLES, StateRows
from ledger.store.sqlite.directory import SqliteDirectory
from ledger.store.sqlite.operations import SqliteState


def stored(path: Path) -> StateRows:
    """Return the rows of each table; none if there is no file.

    Raises CorruptError `file_malformed`, UnavailableError `storage_failed`.
    """
    if not path.is_file():
        return {}
    with closing(open_read_only(path)) as db, reading_errors(f"{path.name} cannot be read"):
        db.execute("BEGIN")
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        return {
            table: db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  # from the port
            for table in STATE_TABLES
            if table in tables  # the organisation's is made with its settings
        }


def replace(path: Path, rows: StateRows) -> None:
    """Replace the rows of every table, all or none; create the file if there is none."""
    SqliteState(path).close()  # with its tables
    SqliteDirectory(path).close()
    with closing(open_private(path)) as db, storage_errors(f"{path.name} cannot be written"):
        db.execute("BEGIN IMMEDIATE")
        for table, width in STATE_TABLES.items():
            marks = ", ".join("?" * width)
            db.execute(f"DELETE FROM {table}")  # noqa: S608  # from the port
            db.executemany(
                f"INSERT INTO {table} VALUES({marks})", rows.get(table, ())
            )  # from the port
        db.execute("COMMIT")
