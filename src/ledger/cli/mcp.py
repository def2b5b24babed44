"""`ledger mcp`: let an agent propose actions, and act on them once people approved them."""

import argparse
from pathlib import Path

from ledger.cli.acting import given
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.login import add_key_file
from ledger.cli.signed_in import NO_ANSWER
from ledger.client import default_path, kept


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `mcp`."""
    text = "serve the tools of an agent over standard input and output (Model Context Protocol)"
    command = commands.add_parser("mcp", help=text, description=text)
    add_key_file(command)
    command.add_argument(
        "--policy",
        metavar="POLICY",
        help="who approves actions without a type, as JSON or @FILE; without it a type is needed",
    )
    command.add_argument(
        "--directory",
        type=Path,
        metavar="DIR",
        help="keeps the uses that are under way, and evidence (default: calls, beside the login)",
    )
    declare(command, {ExitCode.DONE: "the input ended", ExitCode.UNAVAILABLE: NO_ANSWER})


def run(chosen: argparse.Namespace) -> int:
    """Serve until the input ends; return the exit code."""
    from ledger.cli.mcp_server import serve  # the package of the extra `mcp`
    from ledger.client.agent_tools import AgentTools

    path: Path = chosen.login or default_path()
    directory = chosen.directory or path.parent / "calls"
    serve(AgentTools(kept(path), directory, given(chosen.policy)))
    return ExitCode.DONE
