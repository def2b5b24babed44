"""`ledger log …`: the operator's commands on the log's keys and on its end.

They open the log themselves, so a server may run beside them; what they append it publishes with
the keys that are in force from there on.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from ledger.cli.exit_codes import ExitCode, declare
from ledger.commands.log_keys import Upkeep
from ledger.errors import ConflictError, MalformedError, NotFoundError
from ledger.publish.log_keys import LogKeys
from ledger.publish.publication import Publication
from ledger.publish.stamper import open_authority
from ledger.settings import LOG_FILE, Settings
from ledger.store.log import Log
from ledger.store.sqlite.endorsements import Endorsements
from ledger.store.sqlite.signer_state import SignerState
from ledger.store.sqlite.store import SqliteLog
from ledger.store.sqlite.tree import TreeStore
from ledger.tlog import checkpoint
from ledger.tlog.compare import ConsistencyProof, compare
from ledger.tlog.vkeys import parse_vkey


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `log` and what stands behind it."""
    text = "the log's keys, checkpoints and end"
    log = commands.add_parser("log", help=text, description=text)
    actions = log.add_subparsers(dest="action", required=True)
    for name, words in (
        ("keys", "print the vkeys that sign this log's checkpoints, and the sizes they sign"),
        ("checkpoint", "print the newest checkpoint"),
        ("rotate-keys", "make and announce new log keys; the old ones sign beside them"),
        ("retire-keys", "end all log keys but the newest"),
        ("stamp", "have the newest checkpoint time-stamped now"),
        ("freeze", "end the ledger for good: nothing is appended any more"),
    ):
        action = actions.add_parser(name, help=words, description=words)
        action.add_argument(
            "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
        )
        if name == "freeze":
            action.add_argument(
                "--reason", metavar="TEXT", required=True, help="why, in 10 to 2,000 characters"
            )
        declare(action, {ExitCode.DONE: "done"})
    words = "tell what two checkpoints of one log prove about it; reads no ledger"
    action = actions.add_parser("compare", help=words, description=words)
    action.add_argument("first", metavar="FIRST", type=Path, help="file of a checkpoint")
    action.add_argument("second", metavar="SECOND", type=Path, help="file of another")
    action.add_argument(
        "--log", action="append", required=True, metavar="VKEY", help="a key of the log"
    )
    words = "what /log/consistency?from=&to= answered, for checkpoints of two sizes"
    action.add_argument("--proof", type=Path, metavar="FILE", help=words)
    declare(
        action,
        {
            ExitCode.DONE: "the checkpoints are the same, or the later one continues the earlier",
            ExitCode.INVALID: "proof of misbehaviour: the log keys signed two histories",
            ExitCode.UNVERIFIABLE: "nothing is proved: the sizes differ, and no proof fits them",
        },
    )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Run one of the commands; return its exit code."""
    if chosen.action == "compare":
        return _compare(chosen.first, chosen.second, chosen.log, chosen.proof)
    actions: dict[str, Callable[[], None]] = {
        "keys": lambda: show_keys(settings),
        "checkpoint": lambda: show_checkpoint(settings),
        "rotate-keys": lambda: rotate(settings),
        "retire-keys": lambda: retire(settings),
        "stamp": lambda: stamp(settings),
        "freeze": lambda: freeze(settings, chosen.reason),
    }
    actions[chosen.action]()
    return ExitCode.DONE


def show_keys(settings: Settings) -> None:
    """Print each log key under a comment that says which sizes it signs."""
    with _opened(settings) as log:
        for key in LogKeys(log.store, settings.log_keys).charter.log_keys:
            last = "" if key.last_size is None else f" to {key.last_size}"
            print(f"# signs sizes from {key.first_size}{last}", key.vkey, sep="\n")


def show_checkpoint(settings: Settings) -> None:
    """Print the newest checkpoint as it was published."""
    with _opened(settings) as log, closing(TreeStore(log.store)) as tree:
        newest = tree.latest()
        if newest is None:
            raise NotFoundError("checkpoint_unknown", "nothing is published yet")
        print(newest.note.decode(), end="")


def stamp(settings: Settings) -> None:
    """Have the newest checkpoint stamped by the authority of the settings, whenever the last was.

    Raises ConflictError `authority_missing` if there is none.
    """
    authority = open_authority(settings)
    if authority is None:
        raise ConflictError("authority_missing", "LEDGER_TSA_URL names no time-stamp authority")
    with (
        closing(authority),
        _opened(settings) as log,
        closing(TreeStore(log.store)) as tree,
        closing(Endorsements(log.store)) as endorsements,
    ):
        newest = tree.latest()
        if newest is None:
            raise NotFoundError("checkpoint_unknown", "nothing is published yet")
        note = endorsements.note(newest)
        found = authority.stamp(newest, note, now_ms=time.time_ns() // 1_000_000)
        endorsements.stamp(found)
    print(f"The checkpoint of {found.size} entries was there at {found.time}.")


def rotate(settings: Settings) -> None:
    """Announce new keys and publish with them."""
    with _writing(settings) as upkeep:
        vkeys = upkeep.rotate()
    print("These keys sign from now on, beside those before them:", *vkeys, sep="\n")


def retire(settings: Settings) -> None:
    """End the old keys and publish without them."""
    with _writing(settings) as upkeep:
        vkeys = upkeep.retire()
    print("These keys sign no later checkpoint:", *vkeys, sep="\n")


def freeze(settings: Settings, reason: str) -> None:
    """End the ledger and publish its last checkpoint."""
    with _writing(settings) as upkeep:
        position = upkeep.freeze(reason)
    print(f"The ledger ends at position {position}.")


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
    """The answer of /log/consistency, as far as it is needed."""

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


@contextmanager
def _opened(settings: Settings) -> Iterator[Log]:
    path = settings.data / LOG_FILE
    if not path.exists():
        raise NotFoundError("not_founded", f"there is no ledger in {settings.data}")
    with closing(Log(SqliteLog(path))) as log:
        yield log


@contextmanager
def _writing(settings: Settings) -> Iterator[Upkeep]:
    """Let acts be appended to a log that is the one that was signed; publish them."""
    with (
        _opened(settings) as log,
        closing(SignerState(settings.log_state)) as state,
        closing(TreeStore(log.store)) as tree,
    ):
        upkeep = Upkeep(log, settings, lambda: time.time_ns() // 1_000_000)
        publication = Publication(tree, state, upkeep.open_log_keys(state))
        publication.catch_up()
        yield upkeep
        publication.catch_up()
