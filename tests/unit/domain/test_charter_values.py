"""Given a floor and a policy, when they are compared, then how the policy is below."""

from typing import Any

import msgspec
import pytest

from ledger.domain import charter_values
from ledger.domain.charter_values import NO_FLOOR, Floor, shortfall
from ledger.domain.document import ends_at, parse_document
from ledger.domain.policy import Policy
from ledger.errors import ConflictError
from tests.support.changes import values
from tests.support.refusals import refused
from tests.support.signers import Signer

ONE: dict[str, Any] = {"threshold": 1, "of": ["role:investor"]}
STRICT = Floor(people=2, creator_may_sign=False, assurance="passkey")


def rules(**members: Any) -> Policy:
    return msgspec.convert(members, Policy)


@pytest.mark.parametrize(
    ("policy", "below"),
    [
        (ONE, "this ledger asks for 2 people at least, and 1 can meet this"),
        (ONE | {"threshold": 2}, "this ledger asks that the creator of a statement does not"),
        (
            ONE | {"threshold": 2, "creatorMaySign": False},
            "this ledger asks for a passkey with every decision",
        ),
    ],
)
def test_the_first_member_below_the_floor_is_named(policy: dict[str, Any], below: str) -> None:
    assert (shortfall(rules(**policy), STRICT) or "").startswith(below)
    with refused(ConflictError, "below_floor"):
        charter_values.require_floor(rules(**policy), STRICT)


def test_a_policy_at_the_floor_is_not_below_it() -> None:
    strict = ONE | {"threshold": 2, "creatorMaySign": False, "assurance": "passkey"}
    assert shortfall(rules(**strict), STRICT) is None
    assert shortfall(rules(**strict), NO_FLOOR) is None


def test_a_policy_that_nobody_can_meet_is_not_called_below_the_floor() -> None:
    assert shortfall(rules(threshold=2, of=[ONE]), Floor(3, True, "key")) is None


def test_the_digest_of_the_values_covers_every_one_of_them() -> None:
    others = [
        values("open"),
        values("invite"),
        values("open", 3_600_000),
        values("open", people=2),
        values("open", creator_may_sign=False),
        values("open", assurance="passkey"),
    ]
    assert len({charter_values.digest(each) for each in others}) == len(others)


def test_a_statement_ends_with_its_policy_or_with_the_longest_wait() -> None:
    creator = Signer(1)
    plain = parse_document(creator.document())
    stated = {**ONE, "expiresAt": "2030-01-01T00:00:00.000Z"}
    assert ends_at(plain, 3_600_000) == "2026-11-21T04:04:05.678Z"
    assert ends_at(parse_document(creator.document(policy=stated)), 1) == stated["expiresAt"]
    late = parse_document(creator.document(createdAt="9999-12-31T23:00:00.000Z"))
    assert ends_at(late, 3_600_000) == "9999-12-31T23:59:59.999Z"
