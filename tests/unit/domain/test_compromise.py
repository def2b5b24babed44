"""Compromise: a date that a person declares, and the decisions that it puts in question."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger import clock
from ledger.domain import compromise, person
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.events import CompromiseDeclared, Event
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.errors import ConflictError, MalformedError, NotFoundError, RefusedError
from tests.support.keys import ed25519_key
from tests.support.refusals import refused
from tests.support.scene import BOB
from tests.support.signers import FIVE_MINUTES_MS, LEDGER, NOW_MS, PARTY, REGISTERED, Signer

AT = "2026-11-21T03:04:05.678Z"  # NOW_MS
EARLIER = "2026-11-20T00:00:00.000Z"
THIRTY_DAYS_MS = 30 * 24 * 60 * 60 * 1000
ALICE = Signer(1, "creator")
SPARE = Signer(1, "creator").known_passkey
KEY = ed25519_key(50)
# Two passkeys; the first attested both keys.
STATE = msgspec.structs.replace(
    ALICE.person_with(ALICE.key, KEY),
    passkeys=ALICE.person.passkeys | {SPARE.credential_id: SPARE},
)
KEY_REF, PASSKEY_REF = f"kid:{KEY.kid}", f"passkey:{ALICE.passkey.id}"


def fold(state: Person, body: Any) -> Person:
    return person.evolve(state, Event(UUID(state.user), state.version + 1, AT, body))


def declare(
    state: Person = STATE,
    *,
    assertion: AssertionEvidence | None = None,
    confirmed: bool = True,
    **members: Any,
) -> CompromiseDeclared:
    act = ALICE.act("declare-compromise", **({"since": AT} | members))
    given = assertion or (ALICE.confirm(act) if confirmed else None)
    return compromise.declare(state, ConfirmedAct(act, given, LEDGER, PARTY, NOW_MS))


def test_a_person_declares_their_own_key_compromised_and_this_ends_it() -> None:
    body = declare(kid=KEY.kid, since=EARLIER)
    assert (body.compromised, body.since, body.also) == (KEY_REF, EARLIER, ())
    key = fold(STATE, body).keys[KEY.kid]
    assert (key.revoked, key.compromised_since) == (True, EARLIER)


def test_a_person_declares_their_own_passkey_compromised_and_this_ends_it() -> None:
    after = fold(STATE, declare(passkey=ALICE.passkey.id, since=EARLIER))
    passkey = after.passkeys[ALICE.passkey.id]
    assert (passkey.removed, passkey.compromised_since) == (True, EARLIER)
    assert after.keys == STATE.keys  # never transitive


def test_also_names_what_the_compromised_one_attested() -> None:
    after = fold(STATE, declare(passkey=ALICE.passkey.id, since=EARLIER, also=[KEY_REF]))
    key = after.keys[KEY.kid]
    assert (key.revoked, key.compromised_since) == (True, EARLIER)
    assert after.keys[ALICE.key.kid].compromised_since is None


def test_what_also_names_was_compromised_from_its_own_beginning_at_the_earliest() -> None:
    late = msgspec.structs.replace(STATE.keys[KEY.kid], added_at=AT)
    state = msgspec.structs.replace(STATE, keys=STATE.keys | {KEY.kid: late})
    after = fold(state, declare(state, passkey=ALICE.passkey.id, since=EARLIER, also=[KEY_REF]))
    assert after.keys[KEY.kid].compromised_since == AT


def test_what_also_names_keeps_an_earlier_date() -> None:
    state = fold(STATE, declare(kid=KEY.kid, since=EARLIER))
    after = fold(state, declare(state, passkey=ALICE.passkey.id, also=[KEY_REF]))
    assert after.keys[KEY.kid].compromised_since == EARLIER


@pytest.mark.parametrize(
    "members",
    [
        {"kid": KEY.kid, "also": [f"kid:{ALICE.key.kid}"]},
        {"kid": KEY.kid, "also": [KEY_REF]},
        {"passkey": ALICE.passkey.id, "also": [KEY_REF, KEY_REF]},
        {"passkey": ALICE.passkey.id, "also": [f"passkey:{SPARE.credential_id}"]},
    ],
    ids=["not attested by it", "itself", "twice", "another passkey"],
)
def test_also_names_nothing_else(members: dict[str, Any]) -> None:
    with refused(ConflictError, "compromise_unrelated"):
        declare(**members)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"kid": BOB.key.kid}, "key_unknown"),
        ({"passkey": BOB.passkey.id}, "passkey_unknown"),
        ({"kid": KEY.kid, "also": ["kid:x"]}, "key_unknown"),
        ({"kid": KEY.kid, "also": [KEY.kid]}, "key_unknown"),
        ({"kid": KEY.kid, "also": ["passkey:x"]}, "passkey_unknown"),
    ],
    ids=range(5),
)
def test_nobody_declares_what_is_not_theirs(members: dict[str, Any], code: str) -> None:
    with refused(NotFoundError, code):
        declare(**members)


@pytest.mark.parametrize(
    "members", [{}, {"kid": KEY.kid, "passkey": ALICE.passkey.id}], ids=["none", "both"]
)
def test_a_declaration_names_a_key_or_a_passkey(members: dict[str, Any]) -> None:
    with refused(RefusedError, "act_mismatch"):
        declare(**members)


def test_a_passkey_confirms_every_declaration() -> None:
    with refused(RefusedError, "assertion_required"):
        declare(kid=KEY.kid, confirmed=False)
    with refused(RefusedError, "passkey_unknown"):
        declare(kid=KEY.kid, assertion=BOB.confirm(ALICE.act("declare-compromise", kid=KEY.kid)))


def test_the_last_passkey_is_not_ended_by_a_declaration() -> None:
    with refused(ConflictError, "passkey_last"):
        declare(ALICE.person_with(ALICE.key, KEY), passkey=ALICE.passkey.id)


# --- the date ------------------------------------------------------------------------------------


@pytest.mark.parametrize("since", ["2026-11-21T03:04:05.679Z", "2027-01-01", ""])
def test_nothing_is_compromised_in_the_future(since: str) -> None:
    with refused(MalformedError, "time_invalid"):
        declare(kid=KEY.kid, since=since)


def test_ones_own_date_reaches_back_thirty_days() -> None:
    edge = clock.to_text(NOW_MS - THIRTY_DAYS_MS)
    assert declare(kid=KEY.kid, since=edge).since == edge
    with refused(ConflictError, "compromise_date_refused"):
        declare(kid=KEY.kid, since=clock.to_text(NOW_MS - THIRTY_DAYS_MS - 1))


def test_a_declaration_holds_until_its_date_is_thirty_days_ago() -> None:
    since = clock.to_text(NOW_MS - THIRTY_DAYS_MS + 1000)
    body = declare(kid=KEY.kid, since=since)
    assert until_ms((body,), Basis(actor=STATE)) == NOW_MS + 1001
    recent = declare(kid=KEY.kid, since=AT)
    signed_ms = NOW_MS // 1000 * 1000
    assert until_ms((recent,), Basis(actor=STATE)) == signed_ms + FIVE_MINUTES_MS + 1


def test_a_date_is_never_before_the_attestation() -> None:
    late = msgspec.structs.replace(STATE.keys[KEY.kid], added_at=AT)
    state = msgspec.structs.replace(STATE, keys=STATE.keys | {KEY.kid: late})
    assert declare(state, kid=KEY.kid, since=AT).since == AT
    with refused(ConflictError, "compromise_date_refused"):
        declare(state, kid=KEY.kid, since=EARLIER)
    assert REGISTERED < EARLIER


def test_a_date_is_moved_to_an_earlier_time_only() -> None:
    state = fold(STATE, declare(kid=KEY.kid, since=EARLIER))
    for since in (EARLIER, AT):
        with refused(ConflictError, "compromise_known"):
            declare(state, kid=KEY.kid, since=since)
    moved = "2026-11-19T00:00:00.000Z"
    after = fold(state, declare(state, kid=KEY.kid, since=moved))
    assert after.keys[KEY.kid].compromised_since == moved
