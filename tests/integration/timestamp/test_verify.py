"""Time-stamps: what OpenSSL's authority makes is verified, and nothing else is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.timestamp.verify import parse_certificates, request, verify_stamp
from tests.support.authority import Authority

DATA = b"ledger.example.com/a\n7\n\xe2\x80\x94\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture(scope="module")
def stamp(authority: Authority) -> bytes:
    return authority.stamp(request(DATA, nonce=2**62 + 5))


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"key": "ec:secp384r1", "digest": "sha384"},
        {"key": "rsa:2048"},
        {"key": "rsa:3072", "digest": "sha512", "ess": "sha512"},
        {"ess": "sha1"},
        {"intermediate": True},
        {"intermediate": True, "key": "rsa:2048"},
    ],
    ids=str,
)
def test_what_openssl_stamps_and_verifies_is_verified(tmp_path: Path, kind: dict[str, str]) -> None:
    authority = Authority(tmp_path / "a", **kind)  # type: ignore[arg-type]  # the test's own names
    response = authority.stamp(request(DATA, nonce=77))
    assert authority.verifies(response, DATA)
    found = verify_stamp(response, DATA, parse_certificates(authority.pem))
    assert (found.authority, found.nonce) == ("CN=tsa", 77)
    assert found.time.tzinfo is not None


def test_a_stamp_of_something_else_is_refused(authority: Authority, stamp: bytes) -> None:
    trusted = parse_certificates(authority.pem)
    for data in (DATA[:-1], DATA + b"\n", b""):
        assert not authority.verifies(stamp, data)
        with pytest.raises(RefusedError) as refused:
            verify_stamp(stamp, data, trusted)
        assert refused.value.code == "stamp_refused"


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(RefusedError) as refused:
        call()
    return refused.value.code


def test_only_trusted_certificates_count(
    tmp_path: Path, authority: Authority, stamp: bytes
) -> None:
    other = Authority(tmp_path / "b")  # of the same names
    strangers = parse_certificates(other.pem)
    assert refusal(lambda: verify_stamp(stamp, DATA, strangers)) == "stamp_refused"
    assert refusal(lambda: verify_stamp(stamp, DATA, ())) == "stamp_refused"
    both = parse_certificates(other.pem + authority.pem)
    assert verify_stamp(stamp, DATA, both).nonce == 2**62 + 5
    leaf = parse_certificates((authority.directory / "tsa.pem").read_bytes())
    assert verify_stamp(stamp, DATA, leaf).nonce == 2**62 + 5


def test_an_authority_that_does_not_grant_has_its_own_error(authority: Authority) -> None:
    trusted = parse_certificates(authority.pem)
    refused = authority.stamp(b"\x30\x00")
    assert refusal(lambda: verify_stamp(refused, DATA, trusted)) == "stamp_not_granted"


@pytest.mark.parametrize("raw", [b"", b"\x30", b"\x30\x80\x00\x00", b"\x00" * 9, b"x" * 70_000])
def test_garbage_is_refused(authority: Authority, raw: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        verify_stamp(raw, DATA, parse_certificates(authority.pem))
    assert refused.value.code == "stamp_malformed"


def test_a_truncated_stamp_is_refused(authority: Authority, stamp: bytes) -> None:
    trusted = parse_certificates(authority.pem)
    for length in range(len(stamp)):
        with pytest.raises(MalformedError):
            verify_stamp(stamp[:length], DATA, trusted)
    with pytest.raises(MalformedError):
        verify_stamp(stamp + b"\0", DATA, trusted)


@pytest.mark.filterwarnings("ignore")  # of what a changed certificate may mean one day
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_stamp_with_one_changed_bit_never_says_something_else(
    authority: Authority, stamp: bytes, place: int, bit: int
) -> None:
    trusted = parse_certificates(authority.pem)
    expected = verify_stamp(stamp, DATA, trusted)
    raw = bytearray(stamp)
    raw[place % len(raw)] ^= 1 << bit
    try:
        found = verify_stamp(bytes(raw), DATA, trusted)
    except LedgerError:
        return
    assert found == expected  # versions, sets of algorithms: nobody relies on these


@given(st.binary(max_size=300))
def test_bytes_that_are_no_stamp_are_refused(raw: bytes) -> None:
    with pytest.raises(LedgerError):
        verify_stamp(raw, DATA, ())


@pytest.mark.parametrize("pem", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_certificates_that_are_none_are_refused(pem: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_certificates(pem)
    assert refused.value.code == "certificates_malformed"
