"""`ledger export`: what a ledger's data directory shows, as files. One function a format.

Exit codes: 0 done, 2 usage, settings or I/O.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import get_args

from ledger.assets import verifier_page
from ledger.bundle import Mode
from ledger.errors import MalformedError, NotFoundError, UnavailableError
from ledger.evidence import Evidence, newest_position
from ledger.settings import LOG_FILE, Settings
from ledger.store import SqliteLog
from ledger.treestore import TreeStore


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
    FORMATS[chosen.format](settings, chosen)
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


FORMATS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {"bundle": export_bundle}
