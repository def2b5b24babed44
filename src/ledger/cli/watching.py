"""What `ledger monitor` and `ledger mirror` share: a log's address, whom to trust, exit codes."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urljoin

from ledger.cli.download import Download, is_address
from ledger.cli.exit_codes import ExitCode
from ledger.cli.plain_output import print_error, print_note
from ledger.cli.verify import read_keys
from ledger.errors import LedgerError, MalformedError, UnavailableError
from ledger.system import private_files
from ledger.tlog.checkpoint import MAX_NOTE_BYTES, Checkpoint, parse_note
from ledger.tlog.merkle import HASH_BYTES, WIDTH
from ledger.tlog.tiles import tile_path
from ledger.tlog.witness_policy import parse_policy
from ledger.verify.container import CHECKPOINT
from ledger.verify.watch import Alarm, Remembered, Watched, Watcher, consistency_answer, trusted

MAX_ENTRIES_BYTES = WIDTH * (2 + 65_535)

# The alarms that have an exit code of their own, the gravest first: it decides the exit code of
# several. Any other alarm means that the answer is invalid; only a fork is graver.
_ALARMS = {
    ExitCode.FORKED: "log_forked",
    ExitCode.INVALID: None,
    ExitCode.ROLLED_BACK: "log_rolled_back",
    ExitCode.UNAVAILABLE: "download_failed",
    ExitCode.UNSIGNED: "log_key_unsigned",
    ExitCode.UNVERIFIABLE: "witnesses_missing",
    ExitCode.UNMET: "checkpoint_stale",
}
MEANINGS = {
    ExitCode.INVALID: "what the log shows is invalid: a signature, a tile, a time or an entry",
    ExitCode.UNVERIFIABLE: "the quorum of your policy did not cosign the checkpoint",
    ExitCode.UNAVAILABLE: "the log cannot be reached or read, or another run has not ended",
    ExitCode.ROLLED_BACK: "rollback: the log shows fewer entries than it signed before",
    ExitCode.FORKED: "fork: the log signed two histories; the proof is kept",
    ExitCode.UNSIGNED: "one of the given log keys did not sign the checkpoint",
}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the address of the log, and the keys and the policy that the caller trusts."""
    command.add_argument("url", metavar="URL", help="address of a public log, such as …/log/")
    command.add_argument(
        "--log-key",
        action="append",
        default=[],
        metavar="VKEY",
        help="a key that signs the log now: a vkey, or a file of vkeys; each must have signed",
    )
    command.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="file of a witness policy, which the checkpoint must meet; it can name the log's keys",
    )


def watcher(chosen: argparse.Namespace, *, max_age_s: int | None = None) -> Watcher:
    """Return whom the caller trusts; raise MalformedError without a key, and as the parsers do."""
    policy = None if chosen.policy is None else parse_policy(chosen.policy.read_bytes())
    keys = [key for given in chosen.log_key for key in read_keys(given)]
    keys += [log.key for log in policy.logs if log.key not in keys] if policy is not None else []
    if not keys:
        detail = "give the log's keys with --log-key, or a --policy that names them"
        raise MalformedError("option_invalid", detail)
    return Watcher(keys, policy, max_age_s)


class RemoteLog:
    """A public log at an address, read within the limits of one download."""

    def __init__(self, url: str, download: Download) -> None:
        """Raise MalformedError `url_invalid` for anything but an http or https address."""
        if not is_address(url):
            raise MalformedError("url_invalid", f"{url!r} is not an http or https address")
        self._prefix = url if url.endswith("/") else f"{url}/"
        self._download = download

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint, unverified; raise UnavailableError `download_failed`."""
        return self._read(CHECKPOINT, MAX_NOTE_BYTES)

    def tile(self, level: int, n: int, width: int) -> bytes:
        """Return a tile of hashes, unverified; raise UnavailableError `download_failed`."""
        return self._read(f"tile/{level}/{tile_path(n, width)}", width * HASH_BYTES)

    def entries(self, n: int, width: int) -> bytes:
        """Return a bundle of entries, unverified; raise UnavailableError `download_failed`."""
        return self._read(f"tile/entries/{tile_path(n, width)}", MAX_ENTRIES_BYTES)

    def _read(self, name: str, most_bytes: int) -> bytes:
        return self._download.read(urljoin(self._prefix, name), most_bytes=most_bytes)


def exit_code(alarms: Sequence[Alarm]) -> ExitCode:
    """Return the exit code of the gravest alarm, DONE without one."""
    known = _ALARMS.values()
    raised = {each.code if each.code in known else None for each in alarms}
    return next((code for code, alarm in _ALARMS.items() if alarm in raised), ExitCode.DONE)


def alarm_of(error: LedgerError) -> Alarm:
    """Return a failed download or a disproved tile as an alarm."""
    return Alarm(error.code, error.detail)


def unreachable(error: UnavailableError) -> Watched:
    """Return what is known of a log that cannot be read: nothing."""
    return Watched(None, (alarm_of(error),))


def print_alarms(command: str, alarms: Sequence[Alarm]) -> None:
    """Print one line an alarm to standard error; quiet without one."""
    for each in alarms:
        print_error(f"{each.code}: {each.says}", command)


def keep_proof(directory: Path, before: Remembered, note: bytes, found: Watched) -> None:
    """Keep both checkpoints of a fork, and the proof between their sizes, for others to verify.

    A failure to write is printed: the alarm itself must reach the caller.
    """
    old, new = (parse_note(each).checkpoint for each in (before.checkpoint.encode(), note))
    kept = {_name(old, "checkpoint"): before.checkpoint.encode(), _name(new, "checkpoint"): note}
    if found.proof is not None:
        kept[_name(new, "proof.json")] = consistency_answer(old, new, found.proof)
    try:
        for name, content in kept.items():
            if not (directory / name).exists():
                private_files.create(directory / name, content)
    except OSError as error:
        print_note(f"The proof cannot be kept: {error}")
        return
    print_note(f"The proof is kept in {directory}: {', '.join(sorted(kept))}")


def _name(tree: Checkpoint, ending: str) -> str:
    return f"conflict-{tree.size}-{tree.root.hex()[:8]}.{ending}"


def require_trusted(note: bytes, watcher: Watcher, path: Path) -> Checkpoint:
    """Verify the checkpoint that a file remembers; raise MalformedError `state_invalid`."""
    try:
        return trusted(note, watcher.keys).checkpoint
    except LedgerError as error:
        detail = f"{path} has no checkpoint by the given keys: {error.detail}"
        raise MalformedError("state_invalid", detail) from error
