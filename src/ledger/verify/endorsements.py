"""The checks of a bundle's endorsements: witnesses and time-stamps. Pure.

Each check returns a sentence and its result, or raises: RefusedError or MalformedError for invalid
evidence, UnverifiableError for missing or unsupported evidence. The trusted policy and certificates
come from the caller, never from the bundle.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from ledger import clock
from ledger.domain import key_material
from ledger.errors import RefusedError, UnverifiableError
from ledger.timestamp.verify import Certificates, VerifiedStamp, verify_stamp
from ledger.tlog.checkpoint import VerifiedCheckpoint
from ledger.tlog.vkeys import NoteKey
from ledger.tlog.witness_policy import Witnessed, WitnessPolicy, verify_witnessed
from ledger.verify.existence import Existence, best_proof
from ledger.verify.report import Checks, VerificationReport


class Trust(msgspec.Struct, frozen=True):
    """The caller's trusted policy and certificates; None skips the check.

    With `all_keys`, every announced key of the log has to have signed the checkpoint.
    """

    policy: WitnessPolicy | None = None
    certificates: Certificates | None = None
    all_keys: bool = False


NOBODY = Trust()


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


def endorsed(
    checks: Checks,
    files: tuple[bytes, bytes | None],
    signed: VerifiedCheckpoint | None,
    trust: Trust,
    claimed: frozenset[str] = frozenset(),
) -> tuple[Existence, ...]:
    """Run the checks of witnesses and time for which the caller gave trusted keys.

    `claimed` are the names that the events claim: no witness has a key of the ledger's. Returns the
    times at which others say that the checkpoint existed; of the cosignatures the earliest.
    """
    note, stamp = files
    policy, certificates = trust.policy, trust.certificates
    found: list[Existence] = []
    if policy is not None:
        witnessed = checks.make(
            "witnesses", lambda each: _witnesses(note, each, policy, claimed), signed
        )
        if witnessed is not None and witnessed.times:
            first, by = min(
                zip(witnessed.times, witnessed.cosigners, strict=True), key=lambda each: each[0]
            )
            found.append(Existence(clock.to_text(first * 1000), "cosignature", by.name))
    if certificates is not None:
        stamped = checks.make("time", lambda _: check_time(note, stamp, certificates), signed)
        if stamped is not None:
            at = clock.to_text(int(stamped.time.timestamp() * 1000))
            found.append(Existence(at, "time-stamp", stamped.authority))
    return tuple(found)


def _witnesses(
    note: bytes, signed: VerifiedCheckpoint, policy: WitnessPolicy, claimed: frozenset[str]
) -> tuple[str, Witnessed]:
    key_material.require_independent(policy.keys, claimed)
    # A policy that names logs accepts only these.
    keys = () if policy.logs else signed.signers
    return check_witnesses(note, policy, expected_origin=signed.checkpoint.origin, log_keys=keys)


def with_proof(
    made: VerificationReport,
    signed: VerifiedCheckpoint | None,
    others: Sequence[Existence],
    newest: str | None,
) -> VerificationReport:
    """Return a report with its time, the log keys that signed, and the proof of existence."""
    keys = () if signed is None else tuple(key.vkey for key in signed.signers)
    proof = best_proof(others, signed, newest)
    return msgspec.structs.replace(made, as_of=newest, log_keys=keys, existence=proof)
