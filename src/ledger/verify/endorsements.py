"""The checks of a bundle's endorsements: witnesses and time-stamps. Pure.

Each check returns a sentence and its result, or raises: RefusedError or MalformedError for invalid
evidence, UnverifiableError for missing or unsupported evidence. The trusted policy and certificates
come from the caller, never from the bundle.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from ledger.errors import RefusedError, UnverifiableError
from ledger.timestamp.verify import Certificates, VerifiedStamp, verify_stamp
from ledger.tlog.vkeys import NoteKey
from ledger.tlog.witness_policy import Witnessed, WitnessPolicy, verify_witnessed


class Trust(msgspec.Struct, frozen=True):
    """The caller's trusted policy and certificates; None skips the check.

    With `all_keys`, every announced key of the log has to have signed the checkpoint.
    """

    policy: WitnessPolicy | None = None
    certificates: Certificates | None = None
    all_keys: bool = False


def check_witnesses(
    note: bytes, policy: WitnessPolicy, *, expected_origin: str, log_keys: Sequence[NoteKey] = ()
) -> tuple[str, Witnessed]:
    """Verify a checkpoint's cosignatures with the caller's policy.

    `log_keys` are trusted in addition to the policy's logs. Raises UnverifiableError
    `witnesses_missing` without the quorum, else what `verify_witnessed` raises.
    """
    try:
        found = verify_witnessed(note, policy, expected_origin=expected_origin, log_keys=log_keys)
    except RefusedError as error:
        if error.code != "witnesses_missing":
            raise
        raise UnverifiableError(error.code, error.detail) from error
    if not found.cosigners:
        return "Your policy requires no witness, and none of its witnesses has cosigned.", found
    names = ", ".join(each.name for each in found.cosigners)
    first = datetime.fromtimestamp(min(found.times), UTC)
    return f"Cosigned by {names}, first at {first:%Y-%m-%dT%H:%M:%SZ}.", found


def check_time(
    note: bytes, stamp: bytes | None, certificates: Certificates
) -> tuple[str, VerifiedStamp]:
    """Verify the time-stamp of a checkpoint's bytes with the caller's certificates.

    Raises UnverifiableError `stamp_missing` if there is none, `stamp_unsupported` for an unknown
    algorithm, else what `verify_stamp` raises.
    """
    if stamp is None:
        raise UnverifiableError("stamp_missing", "the bundle has no time-stamp")
    try:
        found = verify_stamp(stamp, note, certificates)
    except RefusedError as error:
        if error.code != "stamp_unsupported":
            raise
        raise UnverifiableError(error.code, error.detail) from error
    return f"Time-stamped at {found.time:%Y-%m-%dT%H:%M:%SZ} by {found.authority}.", found
