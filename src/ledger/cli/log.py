"""`ledger log …`: manage the log's keys, inspect its checkpoints, freeze it.

`log compare` needs no ledger and none of the server's packages. The other commands need both.
"""

import argparse
from collections.abc import Callable

from ledger.cli import log_compare
from ledger.cli.exit_codes import DAMAGED, UNAVAILABLE, ExitCode, declare
from ledger.settings import Settings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `log` and its commands."""
    text = "manage the log's keys and checkpoints, or freeze it"
    log = commands.add_parser("log", help=text, description=text)
    actions = log.add_subparsers(dest="action", required=True)
    for name, words in (
        ("keys", "print the vkeys that sign this log's checkpoints, each with the sizes it signs"),
        ("checkpoint", "print the newest checkpoint"),
        ("rotate-keys", "announce new log keys; the old ones continue to sign unless one is lost"),
        ("retire-keys", "end all log keys except the newest"),
        ("replace-heads-key", "replace the key that signs heads in evidence bundles"),
        ("confirm", "give a ledger whose signer's memory is gone a new one, if nothing was lost"),
        ("stamp", "request a time-stamp of the newest checkpoint now"),
        ("freeze", "freeze the ledger for ever: nothing can be appended afterwards"),
    ):
        action = actions.add_parser(name, help=words, description=words)
        action.add_argument(
            "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
        )
        if name == "freeze":
            action.add_argument(
                "--reason", metavar="TEXT", required=True, help="the reason, 10 to 2,000 characters"
            )
        if name == "confirm":
            words = "the largest size that was published, if you know it and no witness tells"
            action.add_argument("--size", type=int, metavar="SIZE", help=words)
        codes = {ExitCode.INVALID: DAMAGED, ExitCode.UNAVAILABLE: UNAVAILABLE}
        declare(action, {ExitCode.DONE: "done"} | codes)
    log_compare.add_parser(actions)


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Run one of the commands; return its exit code."""
    if chosen.action == "compare":
        return log_compare.run(chosen)
    from ledger.cli import log_actions  # the server's packages

    actions: dict[str, Callable[[], None]] = {
        "keys": lambda: log_actions.show_keys(settings),
        "checkpoint": lambda: log_actions.show_checkpoint(settings),
        "rotate-keys": lambda: log_actions.rotate(settings),
        "retire-keys": lambda: log_actions.retire(settings),
        "replace-heads-key": lambda: log_actions.replace_heads_key(settings),
        "confirm": lambda: log_actions.confirm_memory(settings, chosen.size),
        "stamp": lambda: log_actions.stamp(settings),
        "freeze": lambda: log_actions.freeze(settings, chosen.reason),
    }
    actions[chosen.action]()
    return ExitCode.DONE
