"""Given what people did, when asked at a position, then users, keys and what they showed then."""

import pytest

from ledger.errors import MalformedError
from projections import keys, users
from projections.users import User
from tests.support.refusals import refused
from tests.support.story import Story, time_at


@pytest.fixture
def story() -> Story:
    """1: the ledger, 2-4: Alice, 5-7: Bob, 8: Bob's second passkey, 9: its key, 10: Bob becomes
    an administrator, 11: Alice's key is revoked, 12: Bob's first passkey is removed."""
    story = Story()
    alice, bob = story.person("Alice", "creator"), story.person("Bob", "investor")
    story.passkey(bob, "passkey-2")
    story.key(bob, "key-2", "passkey-2")
    story.grant(bob, "administrator")
    story.revoke(alice, "key-Alice", since=time_at(9))
    story.remove_passkey(bob, "passkey-Bob")
    return story


NOW = time_at(12)
ALICE, BOB = (f"00000000-0000-000{n}-0000-00000000000{n}" for n in (2, 3))


def test_a_person_has_what_was_theirs_at_the_position(story: Story) -> None:
    db = story.views()
    shown = [users.by_id(db, BOB, at=at, now=NOW) for at in (4, 5, 6, 7, 10, 12)]
    at = time_at(5)
    assert shown == [
        None,
        User(BOB, "Bob", ["investor"], [], [], at, 5),
        User(BOB, "Bob", ["investor"], ["passkey-Bob"], [], at, 5),
        User(BOB, "Bob", ["investor"], ["passkey-Bob"], ["key-Bob"], at, 5),
        User(
            BOB,
            "Bob",
            ["investor", "administrator"],
            ["passkey-Bob", "passkey-2"],
            ["key-Bob", "key-2"],
            at,
            5,
        ),
        User(BOB, "Bob", ["investor", "administrator"], ["passkey-2"], ["key-Bob", "key-2"], at, 5),
    ]


def test_a_key_is_not_active_from_its_own_end_on(story: Story) -> None:
    story.key(BOB, "key-brief", "passkey-2", expires_at=time_at(20))
    db = story.views()
    kids = [
        user.kids
        for now in (time_at(19), time_at(20))
        if (user := users.by_id(db, BOB, at=13, now=now))
    ]
    assert kids == [["key-Bob", "key-2", "key-brief"], ["key-Bob", "key-2"]]


@pytest.mark.parametrize(
    "user", ["", "Bob", "0", BOB[:-1], f"{BOB}0", "00000000-0000-0001-0000-000000000001"]
)
def test_an_unknown_id_is_nobody(story: Story, user: str) -> None:
    assert users.by_id(story.views(), user, at=12, now=NOW) is None


def test_a_passkey_leads_to_its_person_even_when_removed(story: Story) -> None:
    db = story.views()
    found = [users.by_credential(db, "passkey-Bob", at=at, now=NOW) for at in (5, 6, 12)]
    assert [user and user.name for user in found] == [None, "Bob", "Bob"]
    assert users.by_credential(db, "passkey-3", at=12, now=NOW) is None


def test_people_are_listed_in_the_order_of_registration_page_by_page(story: Story) -> None:
    db = story.views()
    first = users.page(db, at=12, now=NOW, limit=1)
    assert [user.name for user in first.items] == ["Alice"]
    second = users.page(db, at=12, now=NOW, limit=1, cursor=first.next)
    assert [user.name for user in second.items] == ["Bob"]
    assert (second.next, second.position) == (None, 12)
    assert [user.name for user in users.page(db, at=4, now=NOW, limit=9).items] == ["Alice"]
    assert users.page(db, at=0, now=NOW, limit=9).items == []


def test_a_garbage_cursor_of_people_is_refused(story: Story) -> None:
    with refused(MalformedError, "cursor_invalid"):
        users.page(story.views(), at=12, now=NOW, limit=1, cursor="garbage")


def test_a_key_is_revoked_from_its_revocation_on_and_not_before(story: Story) -> None:
    db = story.views()
    before, after = (keys.by_kid(db, story, "key-Alice", at=at, now=NOW) for at in (10, 11))
    assert before is not None
    assert after is not None
    assert (before.status, before.revoked_at, before.revoked_position) == ("active", None, None)
    assert before.compromised_since is None
    assert (after.status, after.revoked_at, after.revoked_position) == ("revoked", time_at(11), 11)
    assert after.compromised_since == time_at(9)
    assert (after.attested_at, after.position, after.user) == (time_at(4), 4, ALICE)
    assert keys.by_kid(db, story, "key-Alice", at=3, now=NOW) is None
    assert keys.by_kid(db, story, "key-3", at=12, now=NOW) is None


def test_a_key_comes_with_all_it_takes_to_verify_its_attestation_offline(story: Story) -> None:
    found = keys.by_kid(story.views(), story, "key-Bob", at=12, now=NOW)
    assert found is not None
    shown = found.attestation
    assert (shown.nonce, shown.possession) == ("nonce-key-Bob", "possession-key-Bob")
    assert (shown.ledger, shown.rp_id) == ("localhost-8000.ledger/4f9k2m7q", "localhost")
    assert shown.origin == "http://localhost:8000"
    assert (shown.passkey_public_key, shown.passkey_algorithm) == ("Y29zZSBwYXNza2V5LUJvYg", -7)
    assert shown.assertion.credential_id == "passkey-Bob"
    # SHA-256 of {"expiresAt":null,"home":"device","kid":"key-Bob","ledger":…,
    # "nonce":"nonce-key-Bob","purpose":…,"user":…}
    assert shown.challenge == CHALLENGE


CHALLENGE = "O0ixCmq2xzbJhBa_PHHySU1lYe48NKr2ssKM0pdjms0"


def test_keys_are_found_by_the_passkey_that_attested_them(story: Story) -> None:
    db = story.views()
    found = keys.by_credential(db, story, "passkey-2", at=12, now=NOW)
    assert [key.kid for key in found] == ["key-2"]
    assert keys.by_credential(db, story, "passkey-2", at=8, now=NOW) == []
    assert keys.by_credential(db, story, "?", at=12, now=NOW) == []


def test_a_persons_keys_are_listed_oldest_first_with_revoked_ones(story: Story) -> None:
    db = story.views()
    assert [key.kid for key in keys.of_user(db, BOB, at=12, now=NOW)] == ["key-Bob", "key-2"]
    assert [(key.kid, key.status) for key in keys.of_user(db, ALICE, at=12, now=NOW)] == [
        ("key-Alice", "revoked")
    ]
    assert keys.of_user(db, "nobody", at=12, now=NOW) == []


def test_the_jwk_set_has_every_attested_key_also_revoked_ones(story: Story) -> None:
    db = story.views()
    assert keys.jwk_set(db, at=4) == [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "0000000000000000000000000000000000000000003",
            "kid": "key-Alice",
            "alg": "EdDSA",
            "use": "sig",
        }
    ]
    assert [key["kid"] for key in keys.jwk_set(db, at=12)] == ["key-Alice", "key-Bob", "key-2"]
    assert keys.jwk_set(db, at=0) == []
