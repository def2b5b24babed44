"""`ledger export`: what a ledger's data directory shows, as files. One function a format.

Exit codes: 0 done, 1 stored bytes contradict each other, 2 usage, settings or I/O.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO, get_args

from ledger import trail
from ledger.assets import verifier_page
from ledger.auditing.rows import Rows
from ledger.bundle import Mode
from ledger.errors import CorruptError, MalformedError, NotFoundError, UnavailableError
from ledger.evidence import Evidence, newest_position
from ledger.settings import LOG_FILE, Settings
from ledger.store import SqliteLog
from ledger.treestore import TreeStore

INVALID = 1


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `export`."""
    text = "write evidence from the ledger's data directory; the server may run beside it"
    command = commands.add_parser("export", help=text, description=text)
    command.add_argument("--format", choices=sorted(FORMATS), required=True, help="what to write")
    command.add_argument("statements", nargs="*", metavar="STATEMENT", help="ids (bundle)")
    command.add_argument(
        "--mode",
        choices=get_args(Mode),
        default="statement",
        help="bundle: chosen entries; every entry, chosen bodies; or the whole log",
    )
    command.add_argument("-o", "--output", help="file to write; - is standard output")
    command.add_argument("--data", help="directory of the ledger (LEDGER_DATA, ./data)")


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Write the export; return the exit code."""
    try:
        FORMATS[chosen.format](settings, chosen)
    except CorruptError as error:
        print(f"ledger: {error}", file=sys.stderr)
        return INVALID
    return 0


def export_bundle(settings: Settings, chosen: argparse.Namespace) -> None:
    """Write the evidence bundle of statements, as of the newest checkpoint."""
    if not chosen.statements:
        raise MalformedError("request_invalid", "a bundle is of one statement or more: name them")
    raw = bundle(settings, chosen.statements, chosen.mode)
    output = chosen.output or f"evidence-{chosen.statements[0]}.zip"
    if output == "-":
        sys.stdout.buffer.write(raw)
        return
    Path(output).write_bytes(raw)
    print(f"{output}: {len(raw):,} bytes. Verify it with `ledger verify {output} --log-key …`.")


def bundle(settings: Settings, statements: list[str], mode: Mode) -> bytes:
    """Return a bundle; raise NotFoundError `statement_unknown`, UnavailableError `not_yet`."""
    path = settings.data / LOG_FILE
    if not path.exists():
        raise NotFoundError("not_founded", f"there is no ledger in {settings.data}")
    with closing(SqliteLog(path)) as store, closing(TreeStore(store)) as tree:
        needed = max(newest_position(store, each) for each in statements)
        published = tree.latest()
        if published is None or published.size < needed:
            detail = "the newest events are not published yet: start the ledger, and try again"
            raise UnavailableError("not_yet", detail)
        evidence = Evidence(store, tree, published, page=verifier_page())
        return evidence.write(statements, mode)


def export_trail(
    write: Callable[[Rows, BinaryIO], None], settings: Settings, chosen: argparse.Namespace
) -> None:
    """Write one line an event; raise CorruptError where stored bytes disagree."""
    with closing(Rows(settings.data / LOG_FILE)) as rows, rows.snapshot():
        rows.require_format()
        if chosen.output in (None, "-"):
            write(rows, sys.stdout.buffer)
            return
        with Path(chosen.output).open("wb") as out:
            write(rows, out)


FORMATS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {
    "bundle": export_bundle,
    "csv": partial(export_trail, trail.write_csv),
    "jsonl": partial(export_trail, trail.write_jsonl),
}
