"""The files beside a checkpoint in a bundle: cosignatures, a time-stamp, and their policies.

docs/reference/evidence.md defines the names. A verifier must not trust these files because the
bundle contains them: it uses its own policy and certificates.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ledger.store.ports.endorsements import EndorsementTables
from ledger.store.ports.tree import Published
from ledger.tlog.checkpoint import parse_note, verify_lines
from ledger.tlog.vkeys import NoteKey
from ledger.tlog.witness_policy import WitnessPolicy, parse_policy
from ledger.verify.container import CHECKPOINT, POLICY, STAMP, STAMP_CERTIFICATES


class Stated(NamedTuple):
    """The operator's witness policy and time-stamp certificates."""

    policy: bytes | None = None
    certificates: bytes | None = None


def read_stated(policy: Path | None, certificates: Path | None) -> Stated:
    """Read the files at these paths; raise OSError if one cannot be read."""
    return Stated(
        None if policy is None else policy.read_bytes(),
        None if certificates is None else certificates.read_bytes(),
    )


def companions(
    published: Published,
    endorsements: EndorsementTables,
    log_keys: Sequence[NoteKey],
    stated: Stated,
) -> dict[str, bytes]:
    """Return the files of a published checkpoint by name; the checkpoint itself is always there.

    The checkpoint is the text that was stamped, unless the quorum needs later lines. If the policy
    names no log, these keys are added. Raises MalformedError `policy_malformed`.
    """
    files = {CHECKPOINT: endorsements.note(published)}
    parsed = parse_policy(stated.policy or b"quorum none\n")
    stamp = endorsements.last_stamp(published.size)
    if stamp is not None and (_met(stamp.note, parsed) or not _met(files[CHECKPOINT], parsed)):
        files |= {CHECKPOINT: stamp.note, STAMP: stamp.token}
        if stated.certificates is not None:
            files[STAMP_CERTIFICATES] = stated.certificates
    if stated.policy is not None:
        logs = [] if parsed.logs else [f"log {key.vkey}\n".encode() for key in log_keys]
        files[POLICY] = b"".join([*logs, stated.policy])
    return files


def _met(note: bytes, policy: WitnessPolicy) -> bool:
    parsed = parse_note(note)
    lines = verify_lines(parsed.checkpoint, parsed.signatures, policy.keys)
    return policy.met(key for key, _, _ in lines)
