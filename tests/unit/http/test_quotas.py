"""Quotas: what one member or one address may ask for, by a clock that the tests hold."""

import json

import pytest

from ledger.encoding import b64u_encode
from ledger.errors import TooManyError
from ledger.http.quotas import (
    DEFAULT_RATE_LIMIT,
    LARGE_PIECE_BYTES,
    MAX_BUCKETS,
    QUOTAS,
    SIGNED,
    Asker,
    Group,
    OwnBuckets,
    Quota,
    Quotas,
    group_of,
    named_kid,
)

BOB, CAROL = Asker("192.0.2.1", "bob"), Asker("192.0.2.1", "carol")
STRANGER = Asker("192.0.2.1")
KID = "k" * 43


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Hand:
    return Hand()


def taken(quotas: Quotas, group: Group, asker: Asker, most: int = 100_000) -> int:
    """Return how many requests are granted at once."""
    for count in range(most):
        try:
            quotas.take(group, asker)
        except TooManyError:
            return count
    return most


@pytest.mark.parametrize("group", list(Group))
def test_every_group_grants_its_burst_and_then_its_rate(group: Group, clock: Hand) -> None:
    of_member, of_address = QUOTAS[group]
    for asker, quota in ((BOB, of_member), (STRANGER, of_address)):
        quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
        assert taken(quotas, group, asker) == quota.burst
        clock.now_s += 10 / quota.per_s
        assert taken(quotas, group, asker) == 10
        clock.now_s += 1_000_000
        assert taken(quotas, group, asker) == quota.burst


def test_a_refusal_says_truly_when_the_next_request_is_granted(clock: Hand) -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
    taken(quotas, Group.EVIDENCE, BOB)
    with pytest.raises(TooManyError) as refused:
        quotas.take(Group.EVIDENCE, BOB)
    assert (refused.value.code, refused.value.retry_after_s) == ("rate_limited", 2)
    clock.now_s += 1.9
    assert taken(quotas, Group.EVIDENCE, BOB) == 0
    clock.now_s += 0.1
    assert taken(quotas, Group.EVIDENCE, BOB) == 1


def test_what_is_large_is_counted_by_its_size(clock: Hand) -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
    burst, per_s = QUOTAS[Group.LARGE][0]
    quotas.take_large(BOB, LARGE_PIECE_BYTES)  # is not large
    quotas.take_large(BOB, LARGE_PIECE_BYTES + 1)
    for _ in range(2):
        quotas.take_large(BOB, LARGE_PIECE_BYTES * int(burst // 2 - 1))
    with pytest.raises(TooManyError) as refused:
        quotas.take_large(BOB, LARGE_PIECE_BYTES * 10)
    assert (refused.value.code, refused.value.retry_after_s) == ("rate_limited", 10 / per_s)
    clock.now_s += 10 / per_s
    quotas.take_large(BOB, LARGE_PIECE_BYTES * 10)
    assert taken(quotas, Group.LARGE, BOB) == 0
    quotas.take_large(CAROL, LARGE_PIECE_BYTES * int(burst))


def test_a_refused_request_takes_nothing(clock: Hand) -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
    taken(quotas, Group.DRAFT, BOB)
    for _ in range(1_000):
        assert taken(quotas, Group.DRAFT, BOB) == 0
    clock.now_s += 0.5
    assert taken(quotas, Group.DRAFT, BOB) == 1


def test_members_addresses_and_groups_have_buckets_of_their_own(clock: Hand) -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
    assert taken(quotas, Group.DRAFT, BOB) == 60
    assert taken(quotas, Group.DRAFT, CAROL) == 60
    assert taken(quotas, Group.DRAFT, Asker("192.0.2.1", signer="bob")) == 60
    assert taken(quotas, Group.DRAFT, STRANGER) == 120
    assert taken(quotas, Group.DRAFT, Asker("192.0.2.2")) == 120
    assert taken(quotas, Group.BEGIN, BOB) == 60


def test_a_client_that_names_anothers_key_empties_no_bucket_at_another_address(clock: Hand) -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
    taken(quotas, Group.DECIDE, Asker("203.0.113.9", signer="bob"))
    assert taken(quotas, Group.DECIDE, Asker("192.0.2.1", signer="bob")) == 10_000
    assert taken(quotas, Group.DECIDE, BOB) == 10_000


@pytest.mark.parametrize("group", sorted(SIGNED))
def test_refused_signatures_stop_all_that_is_signed_from_one_address(
    group: Group, clock: Hand
) -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
    for number in range(240):
        asker = Asker("192.0.2.1", signer=f"one of many {number}")
        quotas.take(Group.DECIDE, asker)
        quotas.count_refusal(asker)
    assert taken(quotas, group, Asker("192.0.2.1", signer="bob")) == 0
    assert taken(quotas, group, BOB) > 0
    assert taken(quotas, group, Asker("192.0.2.2", signer="bob")) > 0
    assert taken(quotas, Group.BEGIN, STRANGER) == 120
    clock.now_s += 0.25
    assert taken(quotas, group, Asker("192.0.2.1", signer="bob")) > 0


@pytest.mark.parametrize(
    ("rate_limit", "of_address", "of_member"),
    [(1, 1, 60), (3, 3, 60), (120, 120, 60), (240, 240, 120)],
)
def test_the_setting_scales_addresses_and_never_lowers_members(
    rate_limit: int, of_address: int, of_member: int, clock: Hand
) -> None:
    quotas = Quotas(rate_limit, clock)
    assert taken(quotas, Group.BEGIN, STRANGER) == of_address
    assert taken(quotas, Group.BEGIN, BOB) == of_member
    clock.now_s += 60
    assert taken(quotas, Group.BEGIN, STRANGER) == rate_limit


def test_a_network_of_addresses_does_not_grow_the_memory(clock: Hand) -> None:
    quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
    for number in range(MAX_BUCKETS + 5_000):
        quotas.take(Group.BEGIN, Asker(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64"))
    assert isinstance(quotas._addresses, OwnBuckets)
    assert len(quotas._addresses) == MAX_BUCKETS
    # Nor does it make a member's bucket full again.
    taken(quotas, Group.DRAFT, BOB)
    for number in range(MAX_BUCKETS + 1):
        quotas.take(Group.BEGIN, Asker(f"2001:db9:{number:x}::/64"))
    assert taken(quotas, Group.DRAFT, BOB) == 0


def test_the_bucket_that_was_used_least_recently_makes_room(clock: Hand) -> None:
    buckets, quota = OwnBuckets(2, clock), Quota(1, 1)
    for key in ("a", "b", "a", "c"):
        buckets.take(key, quota)
    assert (len(buckets), buckets.wait_s("b", quota)) == (2, 0)
    assert buckets.wait_s("a", quota) > 0
    assert buckets.wait_s("c", quota) > 0


@pytest.mark.parametrize(
    ("method", "target", "group"),
    [
        ("POST", "/api/credentials", Group.BEGIN),
        ("POST", "/api/authenticate/options", Group.BEGIN),
        ("POST", "/api/jwt-keys/options", Group.BEGIN),
        ("POST", "/api/passkeys/options", Group.BEGIN),
        ("POST", "/api/register/complete", Group.COMPLETE),
        ("POST", "/api/authenticate", Group.COMPLETE),
        ("POST", "/api/jwt-keys", Group.ADD),
        ("POST", "/api/passkeys", Group.ADD),
        ("POST", "/api/sessions", Group.SIGN_IN),
        ("POST", "/api/statements/create", Group.DRAFT),
        ("POST", "/api/statements/x/sign", Group.DECIDE),
        ("POST", "/api/statements/x/reject", Group.DECIDE),
        ("POST", "/api/statements/x/retract", Group.RETRACT),
        ("POST", "/api/statements/x/withdraw", Group.DECIDE),
        ("POST", "/api/jwt-keys/x/revoke", Group.ADMINISTER),
        ("POST", "/api/invitations", Group.ADMINISTER),
        ("POST", "/api/logout", Group.ADMINISTER),
        ("DELETE", "/api/users", Group.ADMINISTER),
        ("GET", "/api/statements", Group.READ),
        ("HEAD", "/api/statements?limit=5", Group.READ),
        ("GET", "/api/statements?q=terms", Group.SEARCH),
        ("GET", "/api/statements/x?minPosition=3&at=7", Group.SEARCH),
        ("GET", "/api/timeline?act%6Fr=x", Group.SEARCH),
        ("GET", "/audit?at=5", Group.SEARCH),
        ("GET", "/audit?statement=lease", Group.SEARCH),
        ("GET", "/audit?compare=5", Group.SEARCH),
        ("GET", "/audit/questions?question=figures", Group.EVIDENCE),
        ("GET", "/api/trail?format=csv", Group.EVIDENCE),
        ("GET", "/api/statements/x/evidence?mode=full", Group.EVIDENCE),
        ("GET", "/.well-known/jwks.json", Group.READ),
        ("GET", "/", Group.READ),
        ("GET", "/healthz", None),
        ("GET", "/static/abc/app.css", None),
        ("GET", "/log/tile/0/000", Group.LOG),
        ("GET", "/log/consistency?from=1&at=2", Group.LOG),
        ("GET", "/logs", Group.READ),
    ],
)
def test_every_request_that_costs_has_a_group(
    method: str, target: str, group: Group | None
) -> None:
    path, _, query = target.partition("?")
    assert group_of(method, path, query.encode()) is group


def jws(**header: str) -> str:
    return f"{b64u_encode(json.dumps(header).encode())}.e30.AA"


@pytest.mark.parametrize(
    ("body", "kid"),
    [
        (json.dumps({"jwt": jws(alg="EdDSA", kid=KID)}), KID),
        (json.dumps({"document": '{"title":"act"}', "act": jws(kid=KID)}), KID),
        (json.dumps({"jwt": jws(alg="EdDSA")}), None),
        (json.dumps({"jwt": jws(kid=KID[1:])}), None),
        (json.dumps({"other": jws(kid=KID)}), None),
        ('{"jwt":"A.e30.AA"}', None),
        ('{"jwt":"' + "A" * 2_000 + '.e30.AA"}', None),
        ("", None),
    ],
)
def test_a_bodys_kid_is_found_or_none(body: str, kid: str | None) -> None:
    assert named_kid(body.encode()) == kid


def test_one_member_cannot_decide_on_a_statement_without_end(clock: Hand) -> None:
    """Each decision costs the process that writes the evidence of its statement 7 kB of memory.

    Somebody decides on a pending statement again and again only with retractions between.
    """
    quotas = Quotas(DEFAULT_RATE_LIMIT, clock)
    group = group_of("POST", "/api/statements/x/retract", b"")
    assert group is not None
    granted = 0
    for _ in range(24):
        granted += taken(quotas, group, BOB)
        clock.now_s += 60 * 60
    assert granted < 3_000
