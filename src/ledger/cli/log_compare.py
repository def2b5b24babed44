"""`ledger log compare`: tell what two checkpoints or receipts of one log prove. Needs no ledger."""

import argparse
import time
from pathlib import Path

import msgspec

from ledger.cli.exit_codes import ExitCode, declare
from ledger.errors import MalformedError
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import PROOF_HEADER, Checkpoint, parse_note, parse_proof, verify_note
from ledger.tlog.compare import Comparison, ConsistencyProof, compare_trees
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.verify.bundle import verify
from ledger.verify.lost import compare_restored
from ledger.verify.report import VerifiedRestoration


class _Signed(msgspec.Struct, frozen=True):
    """A verified checkpoint, and the position of the entry if it is a receipt's."""

    point: Checkpoint
    position: int | None


def add_parser(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compare`."""
    words = "tell what two checkpoints or receipts of one log prove about it; needs no ledger"
    action = actions.add_parser("compare", help=words, description=words)
    words = "file of the first checkpoint or receipt"
    action.add_argument("first", metavar="FIRST", type=Path, help=words)
    words = "file of the second checkpoint or receipt"
    action.add_argument("second", metavar="SECOND", type=Path, help=words)
    action.add_argument(
        "--log", action="append", required=True, metavar="VKEY", help="a key of the log"
    )
    words = "the answer of /log/consistency?from=&to=, for two different sizes"
    action.add_argument("--proof", type=Path, metavar="FILE", help=words)
    words = "an evidence bundle made after the log's last restore, if the two origins differ"
    action.add_argument("--bundle", type=Path, metavar="FILE", help=words)
    declare(
        action,
        {
            ExitCode.DONE: "the checkpoints are the same, or the later one extends the earlier one",
            ExitCode.INVALID: (
                "proof: `log_forked`, the log keys signed two histories; or `position_lost`, what"
                " was signed was lost in a restore that the log declares"
            ),
            ExitCode.UNVERIFIABLE: "nothing is proved: the sizes differ, and no proof matches them",
        },
    )


def run(chosen: argparse.Namespace) -> int:
    """Print what two checkpoints prove; return the exit code."""
    keys = [parse_vkey(vkey) for vkey in chosen.log]
    first, second = (_read(path, keys) for path in (chosen.first, chosen.second))
    proof = None if chosen.proof is None else _parse_proof(chosen.proof.read_bytes())
    found = _compare(first, second, proof, chosen.bundle, keys)
    told = {
        "forked": "Proof of misbehaviour (log_forked): ",
        "lost": "Proof of a loss (position_lost): ",
    }
    print(f"{told.get(found.outcome, '')}{found.says}")
    if found.outcome == "forked":
        print(f"Both files are the proof; keep them: {chosen.first} {chosen.second}")
    if found.outcome == "lost":
        print("The older file stays its holder's proof that the ledger had acknowledged it.")
    return _COMPARED[found.outcome]


_COMPARED = {
    "same": ExitCode.DONE,
    "consistent": ExitCode.DONE,
    "forked": ExitCode.INVALID,
    "lost": ExitCode.INVALID,
    "unproven": ExitCode.UNVERIFIABLE,
}


def _compare(
    first: _Signed,
    second: _Signed,
    proof: ConsistencyProof | None,
    bundle: Path | None,
    keys: list[NoteKey],
) -> Comparison:
    if first.point.origin != second.point.origin:
        restorations = _restorations(bundle, keys)
        origins = [each.origin for each in restorations]
        # A restore's origin is later than those before it; the first is in no restore.
        older = min(
            (first, second),
            key=lambda each: (
                origins.index(each.point.origin) + 1 if each.point.origin in origins else 0
            ),
        )
        lost = compare_restored(older.point, older.position, restorations)
        if lost is not None:
            return lost
    return compare_trees(first.point, second.point, proof)


def _restorations(bundle: Path | None, keys: list[NoteKey]) -> tuple[VerifiedRestoration, ...]:
    if bundle is None:
        detail = "the two have different origins: give a --bundle made after the restore"
        raise MalformedError("option_invalid", detail)
    now_ms = time.time_ns() // 1_000_000
    report = verify(bundle.read_bytes(), expected_keys=keys, now_ms=now_ms)
    if report.verdict != "verified":
        detail = f"{bundle} is not verified with these keys: see `ledger verify`"
        raise MalformedError("option_invalid", detail)
    return report.restorations


def _read(path: Path, keys: list[NoteKey]) -> _Signed:
    """Return the verified checkpoint of a file; raise as `parse_proof` and `verify_note`."""
    raw, position = path.read_bytes(), None
    if raw.startswith(PROOF_HEADER.encode()):
        receipt = parse_proof(raw)
        raw, position = receipt.note, receipt.index + 1
    origin = parse_note(raw).checkpoint.origin
    expected = origin if origin in {key.name for key in keys} else keys[0].name
    return _Signed(verify_note(raw, keys, expected_origin=expected).checkpoint, position)


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
