"""`ledger log …`: manage the log's keys, inspect its checkpoints, freeze it.

`log compare` needs no ledger and none of the server's packages. The other commands need both.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import msgspec

from ledger.cli.exit_codes import DAMAGED, UNAVAILABLE, ExitCode, declare
from ledger.errors import MalformedError
from ledger.settings import Settings
from ledger.tlog import checkpoint
from ledger.tlog.compare import ConsistencyProof, compare
from ledger.tlog.vkeys import parse_vkey


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
        codes = {ExitCode.INVALID: DAMAGED, ExitCode.UNAVAILABLE: UNAVAILABLE}
        declare(action, {ExitCode.DONE: "done"} | codes)
    words = "tell what two checkpoints of one log prove about it; needs no ledger"
    action = actions.add_parser("compare", help=words, description=words)
    action.add_argument("first", metavar="FIRST", type=Path, help="file of the first checkpoint")
    action.add_argument("second", metavar="SECOND", type=Path, help="file of the second checkpoint")
    action.add_argument(
        "--log", action="append", required=True, metavar="VKEY", help="a key of the log"
    )
    words = "the answer of /log/consistency?from=&to=, for two different sizes"
    action.add_argument("--proof", type=Path, metavar="FILE", help=words)
    declare(
        action,
        {
            ExitCode.DONE: "the checkpoints are the same, or the later one extends the earlier one",
            ExitCode.INVALID: "proof of misbehaviour: the log keys signed two histories",
            ExitCode.UNVERIFIABLE: "nothing is proved: the sizes differ, and no proof matches them",
        },
    )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Run one of the commands; return its exit code."""
    if chosen.action == "compare":
        return _compare(chosen.first, chosen.second, chosen.log, chosen.proof)
    from ledger.cli import log_actions  # the server's packages

    actions: dict[str, Callable[[], None]] = {
        "keys": lambda: log_actions.show_keys(settings),
        "checkpoint": lambda: log_actions.show_checkpoint(settings),
        "rotate-keys": lambda: log_actions.rotate(settings),
        "retire-keys": lambda: log_actions.retire(settings),
        "stamp": lambda: log_actions.stamp(settings),
        "freeze": lambda: log_actions.freeze(settings, chosen.reason),
    }
    actions[chosen.action]()
    return ExitCode.DONE


def _compare(first: Path, second: Path, vkeys: list[str], proof: Path | None) -> int:
    """Print what two checkpoints prove; return the exit code."""
    keys = [parse_vkey(vkey) for vkey in vkeys]
    found = compare(
        first.read_bytes(),
        second.read_bytes(),
        keys,
        expected_origin=keys[0].name,
        proof=None if proof is None else _parse_proof(proof.read_bytes()),
    )
    if found.outcome == "forked":
        print("Proof of misbehaviour: ", end="")
    print(found.says)
    return _COMPARED[found.outcome]


_COMPARED = {
    "same": ExitCode.DONE,
    "consistent": ExitCode.DONE,
    "forked": ExitCode.INVALID,
    "unproven": ExitCode.UNVERIFIABLE,
}


class _Consistency(msgspec.Struct, rename="camel"):
    """The members of an answer of /log/consistency that are used here."""

    from_root: str
    proof: list[str]


def _parse_proof(raw: bytes) -> ConsistencyProof:
    try:
        answer = msgspec.json.decode(raw, type=_Consistency)
    except msgspec.MsgspecError as error:
        raise MalformedError("proof_malformed", "not an answer of /log/consistency") from error
    old_root, *hashes = [
        checkpoint.parse_hash(each, "proof_malformed") for each in (answer.from_root, *answer.proof)
    ]
    return ConsistencyProof(old_root, tuple(hashes))
