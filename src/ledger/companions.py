"""What accompanies a checkpoint in a bundle: cosignatures, a time-stamp, and what they lead to.

The names are those of docs/reference/evidence.md. None of it is to be trusted for having come
along: verifiers have policies and certificates of their own.
"""

from collections.abc import Sequence

from ledger.checkpoint import parse_note, verify_lines
from ledger.endorsements import Endorsements
from ledger.notekeys import NoteKey
from ledger.treestore import Published
from ledger.witnesspolicy import WitnessPolicy, parse_policy

CHECKPOINT, STAMP, POLICY, CHAIN = "checkpoint", "checkpoint.tsr", "policy", "keys/tsa-chain.pem"


def companions(
    published: Published,
    endorsements: Endorsements,
    *,
    log_keys: Sequence[NoteKey],
    policy: bytes | None,
    certificates: bytes | None,
) -> dict[str, bytes]:
    """Return the files of a published checkpoint by their names; the first is always there.

    `policy` and `certificates` are the operator's files, if there are such. The checkpoint is the
    text that was stamped, unless only later lines brought the quorum; a policy that names no log is
    given these keys. Raises MalformedError `policy_malformed`.
    """
    files = {CHECKPOINT: endorsements.note(published)}
    parsed = parse_policy(policy or b"quorum none\n")
    stamp = endorsements.last_stamp(published.size)
    if stamp is not None and (_met(stamp.note, parsed) or not _met(files[CHECKPOINT], parsed)):
        files |= {CHECKPOINT: stamp.note, STAMP: stamp.token}
        if certificates is not None:
            files[CHAIN] = certificates
    if policy is not None:
        logs = [] if parsed.logs else [f"log {key.vkey}\n".encode() for key in log_keys]
        files[POLICY] = b"".join([*logs, policy])
    return files


def _met(note: bytes, policy: WitnessPolicy) -> bool:
    parsed = parse_note(note)
    lines = verify_lines(parsed.checkpoint, parsed.signatures, policy.keys)
    return policy.met(key for key, _, _ in lines)
