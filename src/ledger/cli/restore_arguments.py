"""The arguments of `ledger restore`, apart from the command, which needs the server's packages."""

import argparse
from pathlib import Path

from ledger.cli.exit_codes import ExitCode, declare


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `restore`."""
    text = "put the ledger back from a backup; no server may run"
    parser = commands.add_parser("restore", help=text, description=text)
    parser.add_argument(
        "backup", type=Path, metavar="BACKUP", help="the newest backup; it names the earlier ones"
    )
    parser.add_argument(
        "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
    )
    words = "why, 10 to 2,000 characters; it stays in the log if something was lost"
    parser.add_argument("--reason", metavar="TEXT", required=True, help=words)
    words = "a file with a checkpoint that this ledger published"
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help=words
    )
    words = "the largest size that was published, if you know it"
    parser.add_argument("--published", type=int, metavar="SIZE", help=words)
    words = "file with the passphrase of the backup's keys, to bring back keys that are missing"
    parser.add_argument("--keys", type=Path, metavar="FILE", help=words)
    words = "the ledger's name, instead of typing it, if the restore begins a new log origin"
    parser.add_argument("--confirm", metavar="NAME", help=words)
    words = (
        "a newer copy of the log: a data directory, a backup that continues no other, or the"
        " address of a database; the restore refuses to bring back what it erased"
    )
    parser.add_argument("--erased-by", action="append", default=[], metavar="COPY", help=words)
    words = "go on although statements or names that were erased would be readable again"
    parser.add_argument("--bring-back", action="store_true", help=words)
    declare(parser, {ExitCode.DONE: "restored; or an interrupted restore is finished"})
