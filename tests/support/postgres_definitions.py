"""Write what a database with a ledger defines, as the server and the audit expect it.

`python -m tests.support.postgres_definitions`, after a change of the engine's SQL.
"""

from contextlib import closing
from pathlib import Path

from ledger.store.postgres import schema
from ledger.store.postgres.connections import DatabaseConnection
from tests.support.postgres import Cluster

PLACE = Path(schema.__file__).with_name("definitions.txt")


def text_of(database: DatabaseConnection) -> str:
    """Return the definitions of a database, one in each line, by name."""
    found = schema.definitions(database)
    return "".join(f"{name}: {found[name]}\n" for name in sorted(found))


def main() -> None:
    """Create the tables in a PostgreSQL of its own, and write their definitions."""
    cluster = Cluster()
    try:
        cluster.start()
        with closing(DatabaseConnection(cluster.url())) as database:
            schema.create(database)
            PLACE.write_text(text_of(database), "utf-8")
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
