"""The checks of a bundle that need more than the ledger: its witnesses, and the time. Pure.

Each returns a sentence and what it established, or raises: RefusedError and MalformedError for
evidence against the bundle, UnverifiableError where something is missing or not known here. What
is trusted, the policy and the certificates, comes from whoever verifies, never from the bundle.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from ledger.errors import RefusedError, UnverifiableError
from ledger.timestamp.verify import Certificates, VerifiedStamp, verify_stamp
from ledger.tlog.vkeys import NoteKey
from ledger.tlog.witness_policy import Witnessed, WitnessPolicy, verify_witnessed


class Trust(msgspec.Struct, frozen=True):
    """What a verifier brings along; None asks for no such check."""

    policy: WitnessPolicy | None = None
    certificates: Certificates | None = None


def check_witnesses(
    note: bytes, policy: WitnessPolicy, *, expected_origin: str, log_keys: Sequence[NoteKey] = ()
) -> tuple[str, Witnessed]:
    """Verify a checkpoint's cosignatures by the verifier's policy.

    `log_keys` are those that the verifier trusts beside the logs of the policy. Raises
    UnverifiableError `witnesses_missing` without the quorum, else what `verify_witnessed` raises.
    """
    try:
        found = verify_witnessed(note, policy, expected_origin=expected_origin, log_keys=log_keys)
    except RefusedError as error:
        if error.code != "witnesses_missing":
            raise
        raise UnverifiableError(error.code, error.detail) from error
    if not found.cosigners:
        return "Your policy asks for no witness, and none that you know has cosigned.", found
    names = ", ".join(each.name for each in found.cosigners)
    first = datetime.fromtimestamp(min(found.times), UTC)
    return f"Cosigned by {names}, first at {first:%Y-%m-%dT%H:%M:%SZ}.", found


def check_time(
    note: bytes, stamp: bytes | None, certificates: Certificates
) -> tuple[str, VerifiedStamp]:
    """Verify the time-stamp of a checkpoint's bytes by the verifier's certificates.

    Raises UnverifiableError `stamp_missing` where there is none, `stamp_unsupported` for an
    algorithm that is not known here, else what `verify_stamp` raises.
    """
    if stamp is None:
        raise UnverifiableError("stamp_missing", "the bundle has no time-stamp")
    try:
        found = verify_stamp(stamp, note, certificates)
    except RefusedError as error:
        if error.code != "stamp_unsupported":
            raise
        raise UnverifiableError(error.code, error.detail) from error
    return f"There at {found.time:%Y-%m-%dT%H:%M:%SZ}, says {found.authority}.", found
