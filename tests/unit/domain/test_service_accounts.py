"""Service accounts: a key that drafts, uses and reports within its scope, and decides nothing.

tests/vectors/service_accounts has what an auditor says of each act; here are the decisions.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import acceptance, compromise, drafting, person, service_accounts, signing_keys
from ledger.domain.events import Event, ServiceAccountAdded
from ledger.domain.governance import FOUNDING
from ledger.domain.holdings import ServiceScope
from ledger.domain.person import Person
from ledger.domain.service_accounts import ServiceSubmission
from ledger.domain.standing import can_act, suspend
from ledger.errors import (
    ConflictError,
    ForbiddenError,
    MalformedError,
    RefusedError,
)
from tests.support.changes import acceptance as acceptance_members
from tests.support.keys import ed25519_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, Scene
from tests.support.signers import CHARTER, LEDGER, NONCE, NOW_MS, PARTY, Signer

AT = "2026-11-21T03:04:05.678Z"
ROBOT = ed25519_key(51)
BOSS = Signer(1, "creator", "administrator")


def add(owner: Person, asked: ServiceSubmission) -> ServiceAccountAdded:
    given: dict[str, Any] = {"nonce": NONCE, "ledger": LEDGER, "party": PARTY, "now_ms": NOW_MS}
    return service_accounts.add(owner, asked, **given)


def fold(state: Person, body: Any) -> Person:
    return person.evolve(state, Event(UUID(state.user), state.version + 1, AT, body))


def with_account(who: Signer = ALICE, **scope: Any) -> Person:
    return fold(who.person, add(who.person, who.service(ROBOT, **scope)))


def as_robot(who: Signer) -> Signer:
    """Return the same person, who signs with the account's key."""
    robot = Signer(1, *who.roles, key=ROBOT)
    robot.passkey = who.passkey
    return robot


# --- adding --------------------------------------------------------------------------------------


def test_a_passkey_adds_an_account_and_the_fold_has_its_scope() -> None:
    key = with_account().keys[ROBOT.kid]
    assert key.service == ServiceScope("deploy", ("draft", "outcome", "use"), ("deployment",), True)
    assert key.expires_at == "2027-11-21T00:00:00.000Z"


@pytest.mark.parametrize(
    "members",
    [
        {"name": "Alice"},
        {"name": "a b"},
        {"name": "a/b"},
        {"name": "-a"},
        {"name": ""},
        {"name": "déploy"},
        {"acts": ()},
        {"acts": ("use", "draft")},
        {"acts": ("draft", "draft")},
        {"acts": ("sign",)},
        {"acts": ("revoke-key",)},
        {"types": (), "untyped": False},
        {"types": ("ledger/change",)},
        {"types": ("b", "a")},
        {"types": ("a", "a")},
        {"types": ("A",)},
        {"types": tuple(f"t-{n:02}" for n in range(33))},
    ],
)
def test_a_scope_that_means_nothing_is_refused(members: dict[str, Any]) -> None:
    with refused(MalformedError, "service_invalid"):
        add(ALICE.person, ALICE.service(ROBOT, **members))


@pytest.mark.parametrize("end", ["2026-11-21T03:04:05.678Z", "2027-12-26T03:04:05.679Z", "soon"])
def test_an_account_ends_within_400_days(end: str) -> None:
    with refused(MalformedError, "time_invalid"):
        add(ALICE.person, ALICE.service(ROBOT, expires_at=end))


def test_an_account_of_exactly_400_days_is_accepted() -> None:
    end = "2027-12-26T03:04:05.678Z"
    assert add(ALICE.person, ALICE.service(ROBOT, expires_at=end)).expires_at == end


def test_a_key_is_used_once() -> None:
    with refused(ConflictError, "key_known"):
        add(with_account(), ALICE.service(ROBOT))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "other"),
        ("acts", ("draft",)),
        ("types", ("payment",)),
        ("untyped", False),
        ("expires_at", "2027-11-22T00:00:00.000Z"),
    ],
)
def test_the_passkey_signs_every_member_of_an_account(member: str, value: Any) -> None:
    forged = msgspec.structs.replace(ALICE.service(ROBOT), **{member: value})
    with refused(RefusedError, "passkey_assertion_refused"):
        add(ALICE.person, forged)


def test_what_a_passkey_signed_for_an_account_attests_no_key_of_its_person() -> None:
    asked = ALICE.service(ROBOT)
    key = signing_keys.KeySubmission(
        asked.jwk, asked.assertion, asked.possession, "program", asked.expires_at
    )
    with refused(RefusedError, "passkey_assertion_refused"):
        signing_keys.attest_key(
            ALICE.person, key, nonce=NONCE, ledger=LEDGER, party=PARTY, now_ms=NOW_MS
        )


def test_the_key_proves_its_possession() -> None:
    other = ed25519_key(52).jws(b"", typ="key-possession+jws")
    with refused(RefusedError, "possession_refused"):
        add(ALICE.person, msgspec.structs.replace(ALICE.service(ROBOT), possession=other))


# --- what it signs -------------------------------------------------------------------------------


def draft(me: Person, **members: Any) -> Any:
    robot = as_robot(ALICE)
    raw = robot.document(**members)
    return drafting.draft(raw, robot.draft_act(raw), me, charter=CHARTER, now_ms=NOW_MS)


def test_an_account_drafts_as_its_owner() -> None:
    drafted, _ = draft(with_account())
    assert (drafted.creator, drafted.kid) == (ALICE.user, ROBOT.kid)


def test_the_owner_is_the_creator_for_creator_may_sign() -> None:
    scene = Scene(
        {"threshold": 1, "of": ["role:creator", "role:investor"], "creatorMaySign": False}
    )
    with refused(ForbiddenError, "not_a_signer"):
        scene.sign(ALICE)


@pytest.mark.parametrize(
    "scope", [{"acts": ("outcome", "use")}, {"types": ("deployment",), "untyped": False}]
)
def test_an_account_drafts_within_its_scope_only(scope: dict[str, Any]) -> None:
    with refused(ForbiddenError, "beyond_scope"):
        draft(with_account(**scope))


def approve(me: Person) -> object:
    return Scene().sign(as_robot(ALICE), person=me)


def reject(me: Person) -> object:
    return Scene().reject(as_robot(ALICE), person=me)


def withdraw(me: Person) -> object:
    return Scene().withdraw(as_robot(ALICE), person=me)


def retract(me: Person) -> object:
    scene = Scene()
    scene.sign(ALICE)
    return scene.retract(as_robot(ALICE), person=me)


def confirmed(kind: str, **members: Any) -> Any:
    robot = as_robot(BOSS)
    return robot.confirmed(robot.act(kind, **members))


@pytest.mark.parametrize("decide", [approve, reject, withdraw, retract])
def test_an_account_decides_nothing(decide: Any) -> None:
    with refused(ForbiddenError, "beyond_scope"):
        decide(with_account())


def test_an_account_administers_nothing_even_with_a_passkey_of_its_owner() -> None:
    me = with_account(BOSS)
    tried: list[Callable[[], object]] = [
        lambda: suspend(
            BOB.person,
            me,
            confirmed("suspend", user=BOB.user, reason="Left the company."),
            CHARTER,
        ),
        lambda: compromise.declare(
            me, confirmed("declare-compromise", kid=BOSS.key.kid, since="2026-11-20T00:00:00.000Z")
        ),
        lambda: acceptance.accept(
            me,
            confirmed("accept-governance", **acceptance_members(FOUNDING)),
            CHARTER,
            lambda _: None,
        ),
        lambda: signing_keys.revoke_key(
            me, BOSS.key.kid, confirmed("revoke-key", kid=BOSS.key.kid)
        ),
        lambda: service_accounts.end(
            me, me, confirmed("end-service-account", user=BOSS.user, account=ROBOT.kid), CHARTER
        ),
    ]
    for each in tried:
        with refused(ForbiddenError, "beyond_scope"):
            each()


def test_an_account_opens_a_session_and_no_other_act_of_that_name_does() -> None:
    me = with_account()
    assert me.active_key(ROBOT.kid, now_ms=NOW_MS, act="sign-in").kid == ROBOT.kid
    for act in (None, "suspend", "add-passkey", "end-service-account"):
        with refused(ForbiddenError, "beyond_scope"):
            me.active_key(ROBOT.kid, now_ms=NOW_MS, act=act)


def test_who_has_nothing_but_an_account_can_not_act() -> None:
    me = msgspec.structs.replace(with_account(), passkeys={})
    assert can_act(me, now_ms=NOW_MS)
    alone = msgspec.structs.replace(me, keys={ROBOT.kid: me.keys[ROBOT.kid]})
    assert not can_act(alone, now_ms=NOW_MS)
