"""An attacker who rewrites an event and makes every hash right again: the evidence says otherwise.

Each forgery is consistent in itself: body, entry and leaf agree.
"""

from typing import Any
from uuid import UUID

import pytest

from ledger.domain import events
from tests.support.changes import values
from tests.support.every_event import every_type
from tests.support.fixed_keys import fixed_passkey
from tests.support.forgery import refusal, resealed
from tests.support.keys import ed25519_key
from tests.support.links import link_key

STORY = every_type()
STATES, EVENTS = STORY.states, STORY.events
BOB, CAROL = (str(UUID(int=number)) for number in (2, 3))
KIDS = {number: ed25519_key(number).kid for number in (1, 2, 3, 4)}
JWS_OF_BOB, JWS_OF_CAROL = (EVENTS[n - 1].body.jws for n in (38, 40))  # type: ignore[union-attr]  # approvals
FIRST_STATEMENT = EVENTS[36].stream


def forged(position: int, body: dict[str, Any] | None = None, **envelope: Any) -> Any:
    """Return what the audit says of the story with one event rewritten."""
    state = resealed(STATES[position - 1], body=body, **envelope)
    assert state != STATES[position - 1]
    return refusal([*STATES[: position - 1], state, *STATES[position:]])


@pytest.mark.parametrize(
    ("position", "change"),
    [
        pytest.param(38, {"status": "approved"}, id="approved too early"),
        pytest.param(39, {"status": "pending"}, id="approved and not said"),
        pytest.param(39, {"status": "rejected"}, id="approved, said rejected"),
        pytest.param(38, {"roles": ("investor",)}, id="a role less"),
        pytest.param(38, {"roles": ("administrator", "creator", "investor")}, id="a role more"),
        pytest.param(38, {"roles": ("investor", "creator")}, id="roles in another order"),
        pytest.param(38, {"signer": CAROL}, id="another signer"),
        pytest.param(38, {"kid": KIDS[3]}, id="another kid"),
        pytest.param(38, {"form": "individual"}, id="another form"),
        pytest.param(38, {"sign_count": 9}, id="a count from nowhere"),
        pytest.param(38, {"step": 1}, id="a step of a policy without steps"),
        pytest.param(40, {"status": "pending"}, id="no longer approved"),
        pytest.param(42, {"status": "pending"}, id="rejected and not said"),
        pytest.param(44, {"status": "rejected"}, id="rejected too early"),
        pytest.param(42, {"reason": "Another reason."}, id="another reason"),
        pytest.param(42, {"signer": CAROL}, id="another who rejects"),
        pytest.param(42, {"sign_count": 99}, id="another count"),
        pytest.param(58, {"reason": None}, id="a retraction's reason"),
        pytest.param(58, {"signer": BOB}, id="another who takes an approval back"),
        pytest.param(58, {"iat": 1}, id="a retraction signed at another time"),
        pytest.param(56, {"by": str(EVENTS[36].stream)}, id="superseded by another"),
        pytest.param(55, {"earlier": "approved"}, id="a version of an approved statement"),
        pytest.param(55, {"earlier": None}, id="a version of nothing"),
        pytest.param(45, {"reason": None}, id="a withdrawal's reason"),
        pytest.param(45, {"signer": BOB}, id="another who withdraws"),
        pytest.param(37, {"creator": BOB}, id="another creator"),
        pytest.param(37, {"kid": KIDS[2]}, id="another drafter's key"),
        pytest.param(36, {"role": "administrator"}, id="another role"),
        pytest.param(36, {"change": EVENTS[19].stream}, id="granted by another change"),
        pytest.param(29, {"standing": "deactivated"}, id="another standing"),
        pytest.param(31, {"values": values("open", people=2)}, id="other values"),
        pytest.param(46, {"compromised_since": None}, id="not compromised"),
        pytest.param(46, {"compromised_since": "2020-01-01T00:00:00.000Z"}, id="long compromised"),
        pytest.param(46, {"by_kid": KIDS[1]}, id="revoked with another key"),
        pytest.param(18, {"kid": KIDS[4]}, id="another who removes"),
        pytest.param(17, {"kid": KIDS[4]}, id="added with another key"),
        pytest.param(3, {"algorithm": -8}, id="another algorithm"),
        pytest.param(3, {"sign_count": 7}, id="another first count"),
        pytest.param(3, {"backed_up": True}, id="backed up"),
        pytest.param(3, {"aaguid": "ffffffff-0000-0000-0000-000000000000"}, id="aaguid"),
        pytest.param(4, {"sign_count": 1}, id="an attestation's count"),
        pytest.param(19, {"kid": KIDS[2]}, id="another's kid attested"),
        pytest.param(7, {"role": "administrator"}, id="invited as more"),
        pytest.param(7, {"key": link_key("another").jwk}, id="another link"),
        pytest.param(7, {"expires_at": "2036-12-01T00:00:00.000Z"}, id="a longer invitation"),
    ],
)
def test_what_the_evidence_does_not_lead_to_is_refused(
    position: int, change: dict[str, Any]
) -> None:
    assert forged(position, change) == (position, "decision_mismatch")


@pytest.mark.parametrize(
    ("position", "change", "code"),
    [
        (38, {"jws": JWS_OF_CAROL}, "seen_mismatch"),
        (39, {"jws": JWS_OF_BOB}, "out_of_order"),
        (42, {"assertion": None}, "assertion_required"),
        (38, {"assertion": EVENTS[41].body.assertion}, "assertion_unexpected"),  # type: ignore[union-attr]  # a rejection
        (44, {"act": EVENTS[41].body.act}, "act_mismatch"),  # type: ignore[union-attr]  # a rejection
        (45, {"act": EVENTS[43].body.act}, "act_mismatch"),  # type: ignore[union-attr]  # a rejection
        (58, {"act": EVENTS[44].body.act}, "key_revoked"),  # type: ignore[union-attr]  # a withdrawal
        (38, {"jws": EVENTS[36].body.act}, "jws_typ_mismatch"),  # type: ignore[union-attr]  # a draft
        (3, {"public_key": EVENTS[8].body.public_key}, "decision_mismatch"),  # type: ignore[union-attr]  # a passkey
        (9, {"credential_id": fixed_passkey(77).id}, "passkey_registration_refused"),
        (9, {"nonce": "AAAA"}, "passkey_registration_refused"),
        (17, {"act": None}, "act_missing"),
        (4, {"nonce": "AAAA"}, "passkey_assertion_refused"),
        (19, {"expires_at": "2099-01-01T00:00:00.000Z"}, "passkey_assertion_refused"),
        (4, {"jwk": ed25519_key(66).jwk}, "passkey_assertion_refused"),
        (4, {"jwk": ed25519_key(66).jwk, "kid": ed25519_key(66).kid}, "passkey_assertion_refused"),
        (10, {"possession": EVENTS[3].body.possession}, "possession_refused"),  # type: ignore[union-attr]  # a key
        (8, {"invitation": "setup"}, "role_not_open"),
        (8, {"role": "administrator"}, "role_not_open"),
        (8, {"name": ""}, "name_invalid"),
        (11, {"role": "administrator"}, "role_not_open"),
        (1, {"registration": "invite"}, "act_mismatch"),
        (1, {"origin": "https://evil.example"}, "act_mismatch"),
        (1, {"rp_id": "evil.example"}, "act_mismatch"),
        (1, {"setup": link_key("mine").jwk}, "act_mismatch"),
        (1, {"ledger": "another.example/ledger"}, "ledger_mismatch"),
        (1, {"key": ed25519_key(66).jwk}, "jws_kid_mismatch"),
        (18, {"act": EVENTS[48].body.act}, "key_unknown"),  # type: ignore[union-attr]  # by Dave
    ],
    ids=range(28),
)
def test_evidence_of_something_else_is_refused(
    position: int, change: dict[str, Any], code: str
) -> None:
    assert forged(position, change) == (position, code)


def test_a_changed_document_is_refused() -> None:
    document = EVENTS[36].body.document  # type: ignore[union-attr]  # a draft
    cheaper = document.replace("1000000", "9000000")
    assert forged(37, {"document": cheaper}) == (37, "act_mismatch")


@pytest.mark.parametrize("position", [4, 38, 42, 44, 45, 46])
def test_an_event_at_another_time_than_its_evidence_is_refused(position: int) -> None:
    found = forged(position, at="2027-11-21T03:04:05.678Z")
    # A possession proof has no time: an attestation may be late, if the events after it are later.
    assert found == ((5, "time_backwards") if position == 4 else (position, "iat_stale"))


@pytest.mark.parametrize(
    ("position", "envelope", "code"),
    [
        (38, {"version": 3}, "version_gap"),
        (38, {"version": 1}, "event_misplaced"),
        (38, {"stream": EVENTS[40].stream}, "event_misplaced"),
        (37, {"stream": UUID(int=77)}, "event_misplaced"),
        (7, {"stream": UUID(int=77)}, "effect_unexpected"),
        (1, {"stream": UUID(int=77)}, "ledger_founded_twice"),
        (8, {"stream": UUID(int=77)}, "event_misplaced"),
        (18, {"stream": UUID(BOB)}, "key_unknown"),
        (38, {"at": "yesterday"}, "time_invalid"),
    ],
    ids=range(9),
)
def test_an_event_in_another_place_is_refused(
    position: int, envelope: dict[str, Any], code: str
) -> None:
    assert forged(position, **envelope) == (position, code)


@pytest.mark.parametrize(
    ("position", "change"),
    [
        (14, {"name": "Mallory"}),
        (14, {"role": "creator"}),
        (8, {"invitation": None}),
        (15, {"transports": ("usb",)}),
    ],
    ids=str,
)
def test_what_nobody_signed_only_the_tree_can_show_changed(
    position: int, change: dict[str, Any]
) -> None:
    """A name, reported transports and, where anybody may join, how: they are the server's word."""
    found = forged(position, change)
    assert found is None or found[0] > position


def test_the_events_are_these() -> None:
    assert len(EVENTS) == 86
    assert FIRST_STATEMENT in STORY.auditor.statements
    assert events.decode(STATES[0]) == EVENTS[0]
