"""Check the complete ledger: every test that writes ends with this."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from ledger.audit import run
from ledger.audit.run import AuditRequest
from ledger.domain.events import Event
from ledger.store.engines import audited_log, open_log, remembered
from ledger.store.log import Log
from ledger.verify.auditor import Auditor
from projections.follower import Follower, Views, rebuild
from tests.support.server import Server

Tables = dict[str, list[tuple[Any, ...]]]


def check_ledger(*servers: Server) -> None:
    """Audit the complete log of these servers, and compare the read models with a rebuild."""
    size = audit_whole(servers[0])
    for server in servers:
        with server.client() as client:
            _require_healthy(server, size, client)
    expected = rebuilt(servers[0].log_address)
    for server in servers:
        assert dump(server.data / "views.sqlite") == expected


class Witnessed:
    """An auditor and read models that follow a server's log from test to test.

    They process each event once, so that a check costs as much as what is new. What they do not
    check is for `check_ledger`: the tree, the checkpoints, the unique names, a rebuild, and read
    models that change without an event.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client = server.client()
        self._auditor = Auditor()
        self._views = server.data.parent / "replayed.sqlite"

    def close(self) -> None:
        self._client.close()

    def check(self) -> None:
        """Recompute the decision of every new event, and compare the read models with a replay."""
        rows, size = stored(self._server.log_address, after=self._auditor.position)
        for row in rows:
            self._auditor.add(*row)
        self._auditor.finish()
        assert self._auditor.position == size
        _require_healthy(self._server, size, self._client)
        if rows:
            with (
                closing(Log(open_log(self._server.log_address))) as log,
                closing(Views(self._views)) as own,
            ):
                Follower(own, log).catch_up()
            assert dump(self._server.data / "views.sqlite") == dump(self._views)


def _require_healthy(server: Server, size: int, client: httpx.Client) -> None:
    """Require read models of this position, a server without complaints, and no traceback."""
    _wait_for(server, size, client)
    health = client.get("/healthz").json()
    assert health == {"status": "ok", "position": size, "reasons": []}
    assert "Traceback" not in server.output, server.output


def audit_whole(server: Server) -> int:
    """Audit the file, while it is served, as the command does, and return its size.

    Events that an earlier check verified are skipped.
    """
    memory = server.settings.get("LEDGER_SIGNER_MEMORY", server.data / "signer-memory.sqlite")
    before = server.data.parent / "audit.state"
    log = audited_log(server.log_address)
    request = AuditRequest(
        log, partial(remembered, server.log_address, Path(memory)), jobs=1, resume=before
    )
    report = run.audit(request, now_ms=time.time_ns() // 1_000_000)
    assert report.finding is None, report.finding
    return report.size


def audit(server: Server) -> list[Event]:
    """Audit the log from its first position and return its events."""
    rows, _ = stored(server.log_address)
    auditor = Auditor()
    events = [auditor.add(*row) for row in rows]
    auditor.finish()
    return events


def head(server: Server) -> int:
    """Return the newest position in the log."""
    with closing(audited_log(server.log_address).open()) as rows:
        ((size, _, _),) = rows.heads()
    return int(size)


def stored(address: str, *, after: int = 0) -> tuple[list[tuple[int, bytes, bytes]], int]:
    """Return (position, state, leaf) of every later event, and the size in the log's head."""
    with closing(audited_log(address).open()) as log, log.snapshot():
        rows = [(row[0], row[4], row[5]) for row in log.events(after)]
        ((size, _, _),) = log.heads()
    return rows, int(size)


def wait_for(server: Server, position: int) -> None:
    """Return when the read models have reached a position."""
    with server.client() as client:
        _wait_for(server, position, client)


def _wait_for(server: Server, position: int, client: httpx.Client) -> None:
    answer = client.get(f"/.well-known/jwks.json?minPosition={position}")
    assert answer.status_code == 200, f"{answer.text}\n{server.output}"


def wait_until_published(server: Server) -> None:
    """Return when a checkpoint contains the newest event."""
    with server.client() as client:
        answer = client.get(f"/log/entries/{head(server) - 1}/proof")
    assert answer.status_code == 200, f"{answer.text}\n{server.output}"


def rebuilt(address: str) -> Tables:
    """Return the tables of read models that are rebuilt from the log."""
    with TemporaryDirectory() as directory:
        fresh = Path(directory) / "views.sqlite"
        with closing(Log(open_log(address))) as log:
            rebuild(fresh, log)
        return dump(fresh)


def dump(views: Path) -> Tables:
    """Return every row of every table, and the content of the title index."""
    with _opened(views) as db:
        names = db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'title_word%'"
        ).fetchall()
        tables = {name: db.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}  # noqa: S608  # names from the file itself
        # How the full-text index packs its terms depends on the batches; its results must not.
        db.execute("CREATE VIRTUAL TABLE temp.term USING fts5vocab(main, title_word, instance)")
        tables["title_word"] = db.execute("SELECT term, doc FROM temp.term").fetchall()
    return {name: sorted(rows, key=repr) for name, rows in tables.items()}


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        yield db
