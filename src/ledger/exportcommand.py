"""`ledger export`: what is in the log, for others to read.

A format is a function from the settings and options to bytes written; each is named in FORMATS.
Exit codes: 0 written, 1 stored bytes contradict each other, 2 usage or I/O.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ledger import trail
from ledger.auditing.rows import Rows
from ledger.errors import CorruptError
from ledger.settings import LOG_FILE, Settings

INVALID = 1
Write = Callable[[Settings, argparse.Namespace, BinaryIO], None]


def _write_trail(
    write: Callable[[Rows, BinaryIO], None],
    settings: Settings,
    _: argparse.Namespace,
    out: BinaryIO,
) -> None:
    with closing(Rows(settings.data / LOG_FILE)) as rows, rows.snapshot():
        rows.require_format()
        write(rows, out)


FORMATS: dict[str, Write] = {
    name: partial(_write_trail, write) for name, write in trail.FORMATS.items()
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `export`."""
    text = "write what is in the log, for others to read"
    parser = commands.add_parser("export", help=text, description=text)
    parser.add_argument("--data", help="directory of the ledger (LEDGER_DATA, ./data)")
    parser.add_argument("--format", choices=FORMATS, required=True, help="what to write")
    parser.add_argument(
        "--output", default="-", metavar="FILE", help="where to write; - is standard output"
    )


@contextmanager
def _opened(output: str) -> Iterator[BinaryIO]:
    if output == "-":
        yield sys.stdout.buffer
        return
    with Path(output).open("wb") as file:
        yield file


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Write what is asked for; return the exit code."""
    with _opened(chosen.output) as out:
        try:
            FORMATS[chosen.format](settings, chosen, out)
        except CorruptError as error:
            print(f"ledger: {error}", file=sys.stderr)
            return INVALID
        out.flush()
    return 0
