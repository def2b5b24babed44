"""`ledger export`: what is in the log, for others to read.

A format is a function from the settings and options to bytes written; each is named in FORMATS.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, get_args

from ledger.audit.selection import selection
from ledger.audit.trail import Trail
from ledger.audit.trail_formats import BOM, WriteLines
from ledger.audit.trail_formats import FORMATS as TRAIL_FORMATS
from ledger.cli import export_workpaper
from ledger.cli.exit_codes import UNAVAILABLE, ExitCode, declare
from ledger.cli.plain_output import print_error
from ledger.cli.selection_arguments import add_selection, asked, refuse_selection
from ledger.errors import CorruptError, MalformedError
from ledger.settings import Settings
from ledger.store.engines import audited_log
from ledger.verify.container import Mode

WriteExport = Callable[[Settings, argparse.Namespace, BinaryIO], None]


def _write_trail(
    write: WriteLines, settings: Settings, chosen: argparse.Namespace, out: BinaryIO
) -> None:
    """Write the events of a selection; raise MalformedError `option_invalid`."""
    if chosen.statements:
        detail = "this format takes no STATEMENT arguments: use --statement"
        raise MalformedError("option_invalid", detail)
    if chosen.bom:
        if chosen.format != "csv":
            raise MalformedError("option_invalid", "--bom is for CSV alone")
        out.write(BOM)
    with closing(audited_log(settings.log_address).open()) as rows, rows.snapshot():
        rows.require_format()
        write(Trail(rows).lines(selection(rows, asked(chosen))), out)


def _write_bundle(settings: Settings, chosen: argparse.Namespace, out: BinaryIO) -> None:
    from ledger.cli import export_bundle  # the server's packages

    refuse_selection(chosen, "a bundle takes statements, and no options that select events")
    export_bundle.write(settings, chosen, out)


def _write_certificate(settings: Settings, chosen: argparse.Namespace, out: BinaryIO) -> None:
    from ledger.cli import export_bundle  # the server's packages

    refuse_selection(chosen, "a certificate takes one statement, and no options that select events")
    export_bundle.write_certificate(settings, chosen, out)


def _write_workpaper(settings: Settings, chosen: argparse.Namespace, out: BinaryIO) -> None:
    if chosen.bom or chosen.actor or chosen.statement or chosen.after:
        raise MalformedError("option_invalid", "a working paper selects by --type, --from and --to")
    export_workpaper.write(settings, chosen, out)


FORMATS: dict[str, WriteExport] = {
    "bundle": _write_bundle,
    "certificate": _write_certificate,
    "workpaper": _write_workpaper,
    **{name: partial(_write_trail, write) for name, write in TRAIL_FORMATS.items()},
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `export`."""
    text = "write what is in the log, for others to read; the server may run beside it"
    parser = commands.add_parser("export", help=text, description=text)
    parser.add_argument(
        "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
    )
    parser.add_argument("--format", choices=FORMATS, required=True, help="what to write")
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help="where to write (default: -, standard output)",
    )
    parser.add_argument(
        "statements",
        nargs="*",
        metavar="STATEMENT",
        help="id of a statement; for a bundle, one or more; for a certificate, one",
    )
    parser.add_argument(
        "--mode",
        choices=get_args(Mode),
        help="of a bundle, also in a certificate: chosen entries (default of a certificate); every "
        "entry, chosen bodies (default of a bundle); or the whole log",
    )
    add_selection(parser)
    parser.add_argument(
        "--sample", type=int, metavar="N", help="of a working paper: so many statements (all)"
    )
    parser.add_argument("--seed", metavar="TEXT", help="of a working paper: what draws the sample")
    parser.add_argument(
        "--bom", action="store_true", help="of CSV: begin with a byte order mark, for Excel"
    )
    declare(
        parser,
        {
            ExitCode.DONE: "written",
            ExitCode.INVALID: "stored bytes contradict each other; no file is written",
            ExitCode.UNAVAILABLE: UNAVAILABLE,
        },
    )


@contextmanager
def _opened(output: str) -> Iterator[BinaryIO]:
    """Open the output; a file has its name once it is whole, and keeps what it was until then."""
    path = Path(output)
    if output == "-":
        yield sys.stdout.buffer
    elif path.exists() and not path.is_file():  # a pipe or a device
        with path.open("wb") as file:
            yield file
    else:
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                yield file
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Write what is asked for; return the exit code."""
    try:
        with _opened(chosen.output) as out:
            FORMATS[chosen.format](settings, chosen, out)
            out.flush()
    except CorruptError as error:
        print_error(error)
        return ExitCode.INVALID
    return ExitCode.DONE
