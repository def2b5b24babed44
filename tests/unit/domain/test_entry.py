"""The stored form of an event: entry, salt, body."""

import contextlib
import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import entry
from ledger.errors import CorruptError
from tests.support.examples import FEW
from tests.support.refusals import refused

STREAM = UUID("7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001")
SALT = bytes(range(32))
BODY = b'{"user":"u"}'
ENTRY = (
    b'{"at":"2026-11-21T03:04:05.678Z","body":{"sha256":'
    b'"d31bbfff0b9a46b4c19d6ce1c156ccd977bef92ec6140057c819e2e498de765b"},"seq":3,'
    b'"stream":"7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001","type":"role-granted.v1","v":1}'
)


def sealed(**changes: object) -> bytes:
    parts = {
        "at": "2026-11-21T03:04:05.678Z",
        "seq": 3,
        "stream": STREAM,
        "tag": "role-granted.v1",
        "body": BODY,
        "salt": SALT,
    } | changes
    return entry.seal(**parts)  # type: ignore[arg-type]  # a test's keyword arguments


def test_a_stored_state_is_length_entry_salt_and_body() -> None:
    state = sealed()
    assert state == len(ENTRY).to_bytes(2, "big") + ENTRY + SALT + BODY
    assert entry.split(state) == (ENTRY, SALT, BODY)


def test_a_leaf_is_the_rfc_6962_hash_of_the_entry_alone() -> None:
    assert entry.leaf_hash(sealed()).hex() == (
        "8f02b7ff746a76afce7b588412d895b3504ba5c4bbc60d2afa7cba9cba69aa18"
    )
    other_body = sealed()[:-1] + b"!"
    assert entry.leaf_hash(other_body) == entry.leaf_hash(sealed())


def test_an_entry_says_when_where_which_and_what() -> None:
    parsed = entry.parse_entry(ENTRY)
    assert parsed.at == "2026-11-21T03:04:05.678Z"
    assert (parsed.stream, parsed.seq, parsed.type, parsed.v) == (STREAM, 3, "role-granted.v1", 1)


def test_another_salt_makes_another_commitment() -> None:
    assert entry.split(sealed(salt=bytes(32)))[0] != ENTRY


def test_an_entry_commits_to_its_body_and_salt() -> None:
    entry.check_commitment(entry.parse_entry(ENTRY), SALT, BODY)


@pytest.mark.parametrize(
    ("salt", "body"),
    [
        (SALT, b'{"user":"v"}'),
        (SALT, BODY + b" "),
        (SALT, BODY[:-1]),
        (SALT, b""),
        (bytes(32), BODY),
        (SALT + BODY[:1], BODY[1:]),
        (SALT[:-1], SALT[-1:] + BODY),
    ],
)
def test_an_entry_commits_to_no_other_body_or_salt(salt: bytes, body: bytes) -> None:
    with refused(CorruptError, "body_mismatch"):
        entry.check_commitment(entry.parse_entry(ENTRY), salt, body)


@pytest.mark.parametrize("end", [0, 1, 2, 3, 100, len(ENTRY) + 1, len(ENTRY) + 2 + 31])
def test_a_truncated_state_is_refused(end: int) -> None:
    with refused(CorruptError, "state_truncated"):
        entry.split(sealed()[:end])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"null",
        b"\xff",
        ENTRY[:-1],
        ENTRY + b"}",
        ENTRY.replace(b'"v":1', b'"v":2'),
        ENTRY.replace(b'"v":1', b'"v":1,"w":1'),
        ENTRY.replace(b'"seq":3', b'"seq":"3"'),
        ENTRY.replace(b'"seq":3,', b""),
        ENTRY.replace(b"7d3c2a52", b"zzzzzzzz"),
        ENTRY.replace(b"role-granted", b"role\xffgranted"),
        ENTRY.replace(b'"body":{', b'"body":{"more":1,'),
    ],
    ids=range(13),
)
def test_what_is_not_an_entry_is_refused(raw: bytes) -> None:
    with refused(CorruptError, "entry_malformed"):
        entry.parse_entry(raw)


@FEW
@given(st.integers(0, 8 * 300 - 1))
def test_one_changed_bit_of_a_state_changes_its_leaf_or_breaks_its_commitment(bit: int) -> None:
    good = sealed()
    bad = bytearray(good)
    bad[bit // 8 % len(good)] ^= 1 << bit % 8
    try:
        raw, salt, body = entry.split(bytes(bad))
        entry.check_commitment(entry.parse_entry(raw), salt, body)
    except CorruptError:
        return
    assert entry.leaf_hash(bytes(bad)) != entry.leaf_hash(good)


@FEW
@given(st.binary(max_size=80))
def test_garbage_is_no_stored_state(raw: bytes) -> None:
    with pytest.raises(CorruptError):
        entry.parse_entry(entry.split(raw)[0])


def test_the_length_of_an_entry_does_not_depend_on_its_body() -> None:
    short, long = (entry.split(sealed(body=body))[0] for body in (b"{}", b"x" * 100_000))
    assert len(short) == len(long) == len(ENTRY)


def test_an_entry_that_tells_the_length_of_its_body_is_refused() -> None:
    with refused(CorruptError, "entry_malformed"):
        entry.parse_entry(ENTRY.replace(b'"body":{', b'"body":{"len":12,'))


def test_an_entry_in_its_one_form_needs_no_body() -> None:
    assert entry.parse_canonical(ENTRY) == entry.parse_entry(ENTRY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v": 1'),
        (b'"v":1', b'"v":1,"v":1'),
        (b'{"at"', b' {"at"'),
        (b'"at"', b'"\\u0061t"'),
        (b'"seq":3', b'"seq":3.0'),
        (b'"seq":3', b'"seq":03'),
        (b"2026-11", b"2O26-11"),
        (b"Z", b"+00:00"),
        (b'"sha256":"', b'"sha256":"0'),
    ],
)
def test_an_entry_in_another_form_is_refused(old: bytes, new: bytes) -> None:
    changed = ENTRY.replace(old, new, 1)
    assert changed != ENTRY
    with pytest.raises(CorruptError) as caught:
        entry.parse_canonical(changed)
    assert caught.value.code == "entry_malformed"


def test_no_other_bit_of_an_entry_makes_an_entry_of_the_same_meaning() -> None:
    for place in range(len(ENTRY)):
        for bit in range(8):
            changed = bytearray(ENTRY)
            changed[place] ^= 1 << bit
            with contextlib.suppress(CorruptError):
                assert entry.parse_canonical(bytes(changed)) != entry.parse_entry(ENTRY)


def test_the_hash_of_an_entry_is_that_of_the_leaf_that_stores_it() -> None:
    raw = b'{"type":"x"}'
    assert entry.entry_hash(raw) == hashlib.sha256(b"\0" + raw).digest()
    assert entry.leaf_hash(len(raw).to_bytes(2, "big") + raw + b"more") == entry.entry_hash(raw)
