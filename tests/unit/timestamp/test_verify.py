"""Time-stamps that are right but for one thing are refused for that thing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError
from ledger.timestamp import der
from ledger.timestamp.der import DerReader, oid, write, write_integer
from ledger.timestamp.verify import request, verify_stamp
from tests.support.stamps import (
    LEAF,
    ROOT,
    SHA1,
    STAMPING,
    TIME,
    Certified,
    attribute,
    certify,
    info_of,
    naming,
    stamp,
)

DATA = b"checkpoint"
TRUSTED = (ROOT.certificate,)
SERVING = ExtendedKeyUsageOID.SERVER_AUTH


def refusal(response: bytes, trusted: Any = TRUSTED) -> str:
    with pytest.raises(LedgerError) as refused:
        verify_stamp(response, DATA, trusted)
    return refused.value.code


def test_a_stamp_says_when_and_by_whom() -> None:
    found = verify_stamp(stamp(DATA), DATA, TRUSTED)
    assert (found.time, found.authority, found.nonce) == (TIME, "CN=tsa", None)
    assert verify_stamp(stamp(DATA, status=1), DATA, TRUSTED) == found


def test_all_that_a_stamp_may_hold_is_passed_over() -> None:
    rest = b"".join(
        [
            write(der.SEQUENCE, write_integer(1)),
            write(der.BOOLEAN, b"\xff"),
            write_integer(2**70),
            write(der.CONTEXT, b"\x82\x01a"),
            write(der.CONTEXT + 1, b""),
        ]
    )
    found = verify_stamp(stamp(DATA, content=info_of(DATA, rest=rest)), DATA, TRUSTED)
    assert found.nonce == 2**70


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"20261121030405.5Z", TIME.replace(microsecond=500_000)),
        (b"20261121030405.123456789Z", TIME.replace(microsecond=123_456)),
        (b"20261121235959Z", datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_read_to_the_microsecond(text: bytes, expected: datetime) -> None:
    assert (
        verify_stamp(stamp(DATA, content=info_of(DATA, time=text)), DATA, TRUSTED).time == expected
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"20261121030405",
        b"20261121030405.Z",
        b"20261121030405.50Z",
        b"20261121030405+0100",
        b"202611210304Z",
        b"20261321030405Z",
        b"20261121240405Z",
        b"20261121030460Z",
        b"20261121030405\xff",
    ],
)
def test_other_times_are_refused(text: bytes) -> None:
    assert refusal(stamp(DATA, content=info_of(DATA, time=text))) == "stamp_malformed"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"content": info_of(b"something else")}, "stamp_refused"),
        ({"content": info_of(DATA, version=2)}, "stamp_malformed"),
        ({"content": info_of(DATA, hash_name=SHA1)}, "stamp_unsupported"),
        ({"content": info_of(DATA) + b"\0"}, "stamp_malformed"),
        ({"content": b""}, "stamp_malformed"),
        ({"digested": b"something else"}, "stamp_refused"),
        ({"type": "1.2.840.113549.1.7.1"}, "stamp_refused"),
        ({"attributes": [naming(LEAF.raw)]}, "stamp_refused"),
        ({"attributes": []}, "stamp_refused"),
        ({"more": [naming(LEAF.raw)]}, "stamp_refused"),
        ({"more": [attribute("1.2.3"), attribute("1.2.3")]}, "stamp_refused"),
        ({"named": ROOT.raw}, "stamp_refused"),
        ({"key": ROOT.key}, "stamp_refused"),
        ({"hash_name": SHA1}, "stamp_unsupported"),
        ({"algorithm": "1.2.840.10045.4.1"}, "stamp_unsupported"),
        ({"certificates": []}, "stamp_refused"),
        ({"certificates": [ROOT.raw]}, "stamp_refused"),
        ({"certificates": [b"\x30\x00"]}, "stamp_malformed"),
        ({"certificates": [b"\x31\x00"]}, "stamp_malformed"),
        ({"signers": 0}, "stamp_malformed"),
        ({"signers": 2}, "stamp_malformed"),
        ({"status": 2}, "stamp_not_granted"),
        ({"status": 5}, "stamp_not_granted"),
    ],
)
def test_one_wrong_thing_is_enough(changed: dict[str, Any], code: str) -> None:
    assert refusal(stamp(DATA, **changed)) == code


def test_a_stamp_that_does_not_name_its_certificate_is_refused() -> None:
    whole = stamp(DATA)
    assert verify_stamp(whole, DATA, TRUSTED).time == TIME
    named = oid("1.2.840.113549.1.9.16.2.47")
    assert whole.count(named) == 1
    assert refusal(whole.replace(named, oid("1.2.840.113549.1.9.16.2.46"))) == "stamp_refused"


@pytest.mark.parametrize(
    "leaf",
    [
        certify("tsa", ROOT),
        certify("tsa", ROOT, usages=STAMPING, critical=False),
        certify("tsa", ROOT, usages=[SERVING]),
        certify("tsa", ROOT, usages=[*STAMPING, SERVING]),
        certify("tsa", ROOT, usages=STAMPING, days=(-30, -1)),
        certify("tsa", ROOT, usages=STAMPING, days=(1, 30)),
        certify("tsa", usages=STAMPING),
        certify("tsa", certify("root", ca=True), usages=STAMPING),
    ],
    ids="no-usage uncritical other both expired early self other-root".split(),
)
def test_a_certificate_that_is_not_for_this_is_refused(leaf: Certified) -> None:
    assert refusal(stamp(DATA, leaf)) == "stamp_refused"


@pytest.mark.parametrize(
    "middle",
    [
        certify("middle", ROOT, usages=STAMPING),
        certify("middle", ROOT, ca=False),
        certify("middle", ROOT, ca=True, sign_certificates=False),
        certify("middle", ROOT, ca=True, days=(-30, -1)),
    ],
    ids="leaf no-authority no-signing expired".split(),
)
def test_only_authorities_certify(middle: Certified) -> None:
    leaf = certify("tsa", middle, usages=STAMPING)
    assert refusal(stamp(DATA, leaf, certificates=[leaf.raw, middle.raw])) == "stamp_refused"


def test_an_intermediate_is_followed_in_any_order() -> None:
    middle = certify("middle", ROOT, ca=True)
    leaf = certify("tsa", middle, usages=STAMPING)
    for chain in ([leaf.raw, middle.raw], [middle.raw, leaf.raw], [leaf.raw, middle.raw, ROOT.raw]):
        assert verify_stamp(stamp(DATA, leaf, certificates=chain), DATA, TRUSTED).time == TIME
    assert refusal(stamp(DATA, leaf)) == "stamp_refused"


def test_what_was_valid_then_is_valid_for_ever() -> None:
    root = certify("root", ca=True, days=(-30, 1))
    leaf = certify("tsa", root, usages=STAMPING, days=(-1, 1))
    assert verify_stamp(stamp(DATA, leaf), DATA, (root.certificate,)).time == TIME


@pytest.mark.parametrize("version", [b"\x03", b"\x22"])
def test_a_broken_certificate_is_refused(version: bytes) -> None:
    v3 = b"\xa0\x03\x02\x01"
    assert LEAF.raw.count(v3 + b"\x02") == 1
    broken = LEAF.raw.replace(v3 + b"\x02", v3 + version)
    assert refusal(stamp(DATA, certificates=[broken])) == "stamp_malformed"
    assert refusal(stamp(DATA, certificates=[LEAF.raw, broken])) == "stamp_malformed"


@pytest.mark.filterwarnings("ignore")  # of what a changed certificate may mean one day
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_changed_stamp_is_refused_or_says_the_same(
    changes: list[tuple[int, int]],
) -> None:
    raw = bytearray(stamp(DATA))
    for place, value in changes:
        raw[place % len(raw)] = value
    try:
        found = verify_stamp(bytes(raw), DATA, TRUSTED)
    except LedgerError:
        return
    assert (found.time, found.authority) == (TIME, "CN=tsa")


def test_another_kind_of_key_is_not_known_here() -> None:
    leaf = certify("tsa", ROOT, usages=STAMPING, key=Ed25519PrivateKey.generate())
    assert refusal(stamp(DATA, leaf)) == "stamp_unsupported"


# --- DER ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (256, "02020100"), (2**63, None)],
)
def test_whole_numbers_are_written_and_read_alike(value: int, text: str | None) -> None:
    raw = write_integer(value)
    assert text is None or raw.hex() == text
    assert DerReader(raw).integer() == value


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_are_written_and_read_alike(size: int) -> None:
    reader = DerReader(write(der.OCTETS, bytes(size)))
    assert len(reader.read(der.OCTETS)) == size
    reader.finish()


def test_object_identifiers_are_those_of_the_registry() -> None:
    assert oid("1.2.840.113549.1.7.2").hex() == "2a864886f70d010702"
    assert oid("2.16.840.1.101.3.4.2.1").hex() == "608648016503040201"


@pytest.mark.parametrize(
    "raw",
    "02 0200 0202ff 02020001 0202ffff 0202ff80 028101ff 0280 0282000101 030101".split(),
)
def test_any_other_spelling_of_a_number_is_refused(raw: str) -> None:
    with pytest.raises(MalformedError):
        DerReader(bytes.fromhex(raw)).integer()


def test_a_request_is_what_openssl_makes() -> None:
    # openssl ts -query -sha256 -cert, its nonce put in.
    assert request(b"hello", nonce=0x1234567890ABCDEF).hex() == (
        "3043020101"
        "3031300d060960864801650304020105000420"
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        "02081234567890abcdef0101ff"
    )


def test_a_response_of_over_64_kib_is_refused_before_it_is_read() -> None:
    assert refusal(bytes(64 * 1024 + 1)) == "stamp_malformed"
