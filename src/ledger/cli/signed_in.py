"""What the commands of a person who is signed in have in common: their options."""

import argparse

from ledger.cli.login import add_key_file

NO_ANSWER = "the ledger did not answer; the same command may succeed later"


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    """Add a command with `--login` and `--json`."""
    command = commands.add_parser(name, help=text, description=text)
    add_key_file(command)
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    return command


def add_digest(command: argparse.ArgumentParser) -> None:
    """Add `--digest` of the document that the person read."""
    command.add_argument(
        "--digest",
        required=True,
        metavar="SHA256",
        help="SHA-256 of the document that you read; nothing is signed about another",
    )
