"""The checks `witnesses` and `time`: what a verifier is told, and when there is no verdict."""

import pytest

from ledger.errors import LedgerError, MalformedError, RefusedError, UnverifiableError
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.witness_policy import WitnessPolicy, parse_policy
from ledger.verify.endorsements import check_time, check_witnesses
from tests.support.stamps import LEAF, ROOT, SHA1, STAMPING, TIME, certify, info_of, stamp

ORIGIN = "ledger.example.com/a"
LOG = vkeys.generate(ORIGIN)
KEYS = [signer.key for signer in LOG]
ONE, TWO = (vkeys.generate(f"w{n}.example.com", cosigner=True)[0] for n in (1, 2))
POINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = checkpoint.sign(POINT, LOG, now_s=1_763_690_646)
LINES = [checkpoint.sign_lines(POINT, [each], now_s=1_763_690_700) for each in (ONE, TWO)]


def policy(quorum: str) -> WitnessPolicy:
    lines = [f"witness one {ONE.key.vkey}\n", f"witness two {TWO.key.vkey}\n"]
    return parse_policy("".join([*lines, "group both all one two\n", quorum]).encode())


def witnesses(note: bytes, quorum: str) -> str:
    says, _ = check_witnesses(note, policy(quorum), expected_origin=ORIGIN, log_keys=KEYS)
    return says


def test_who_cosigned_and_when_is_said() -> None:
    both = NOTE + LINES[0] + LINES[1]
    assert (
        witnesses(both, "quorum both\n") == "Cosigned by one, two, first at 2025-11-21T02:05:00Z."
    )
    assert witnesses(NOTE + LINES[1], "quorum none\n").startswith("Cosigned by two, first at ")
    assert witnesses(NOTE, "quorum none\n") == (
        "Your policy requires no witness, and none of its witnesses has cosigned."
    )


def test_a_missing_quorum_is_no_verdict() -> None:
    for note in (NOTE, NOTE + LINES[0]):
        with pytest.raises(UnverifiableError) as refused:
            witnesses(note, "quorum both\n")
        assert refused.value.code == "witnesses_missing"


def test_a_wrong_line_of_a_witness_is_evidence_against() -> None:
    other = checkpoint.sign_lines(Checkpoint(ORIGIN, 8, POINT.root), [ONE], now_s=1_763_690_700)
    with pytest.raises(RefusedError) as refused:
        witnesses(NOTE + other, "quorum none\n")
    assert refused.value.code == "note_signature_invalid"
    with pytest.raises(MalformedError):
        witnesses(NOTE[:-1], "quorum none\n")


def test_the_time_and_the_authority_are_said() -> None:
    says, found = check_time(NOTE, stamp(NOTE), (ROOT.certificate,))
    assert (says, found.time) == ("Time-stamped at 2026-11-21T03:04:05Z by CN=tsa.", TIME)


def test_no_stamp_or_an_unknown_algorithm_is_no_verdict() -> None:
    unknown = stamp(NOTE, content=info_of(NOTE, hash_name=SHA1))
    for raw, code in ((None, "stamp_missing"), (unknown, "stamp_unsupported")):
        with pytest.raises(UnverifiableError) as refused:
            check_time(NOTE, raw, (ROOT.certificate,))
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (stamp(NOTE + LINES[0]), "stamp_refused"),
        (stamp(NOTE, certify("tsa", usages=STAMPING)), "stamp_refused"),
        (stamp(NOTE, LEAF, status=2), "stamp_not_granted"),
        (b"", "stamp_malformed"),
    ],
)
def test_a_wrong_stamp_is_evidence_against(raw: bytes, code: str) -> None:
    with pytest.raises(LedgerError) as refused:
        check_time(NOTE, raw, (ROOT.certificate,))
    assert refused.value.code == code
    assert not isinstance(refused.value, UnverifiableError)
