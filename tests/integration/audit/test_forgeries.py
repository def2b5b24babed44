"""An attacker who rewrites an event and makes every hash right again: the evidence says otherwise.

Each forgery is consistent in itself: body, entry and leaf agree.
"""

from typing import Any
from uuid import UUID

import pytest

from ledger.domain import events
from tests.support.chronicle import digest, every_type
from tests.support.fixed_keys import fixed_passkey
from tests.support.forgery import refusal, resealed
from tests.support.keys import ed25519_key

STORY = every_type()
STATES, EVENTS = STORY.states, STORY.events
ALICE, BOB, CAROL, DAVE = (str(UUID(int=number)) for number in (1, 2, 3, 4))
KIDS = {number: ed25519_key(number).kid for number in (1, 2, 3, 4)}
JWS_OF_BOB, JWS_OF_CAROL = (EVENTS[n - 1].body.jws for n in (20, 22))  # type: ignore[union-attr]  # approvals
FIRST_STATEMENT = EVENTS[18].stream


def forged(position: int, body: dict[str, Any] | None = None, **envelope: Any) -> Any:
    """Return what the audit says of the story with one event rewritten."""
    state = resealed(STATES[position - 1], body=body, **envelope)
    assert state != STATES[position - 1]
    return refusal([*STATES[: position - 1], state, *STATES[position:]])


@pytest.mark.parametrize(
    ("position", "change"),
    [
        pytest.param(20, {"status": "approved"}, id="approved too early"),
        pytest.param(21, {"status": "pending"}, id="approved and not said"),
        pytest.param(21, {"status": "rejected"}, id="approved, said rejected"),
        pytest.param(20, {"roles": ("investor",)}, id="a role less"),
        pytest.param(20, {"roles": ("administrator", "creator", "investor")}, id="a role more"),
        pytest.param(20, {"roles": ("investor", "creator")}, id="roles in another order"),
        pytest.param(20, {"signer": CAROL}, id="another signer"),
        pytest.param(20, {"kid": KIDS[3]}, id="another kid"),
        pytest.param(20, {"form": "individual"}, id="another form"),
        pytest.param(20, {"sign_count": 9}, id="a count from nowhere"),
        pytest.param(22, {"status": "pending"}, id="no longer approved"),
        pytest.param(24, {"status": "pending"}, id="rejected and not said"),
        pytest.param(26, {"status": "rejected"}, id="rejected too early"),
        pytest.param(24, {"reason": "Another reason."}, id="another reason"),
        pytest.param(24, {"signer": CAROL}, id="another who rejects"),
        pytest.param(24, {"sign_count": 99}, id="another count"),
        pytest.param(27, {"reason": None}, id="a withdrawal's reason"),
        pytest.param(27, {"signer": BOB}, id="another who withdraws"),
        pytest.param(19, {"creator": BOB}, id="another creator"),
        pytest.param(19, {"kid": KIDS[2]}, id="another drafter's key"),
        pytest.param(18, {"role": "administrator"}, id="another role"),
        pytest.param(18, {"by": ALICE}, id="another who grants"),
        pytest.param(18, {"user": CAROL}, id="granted to another"),
        pytest.param(28, {"compromised_since": None}, id="not compromised"),
        pytest.param(28, {"compromised_since": "2020-01-01T00:00:00.000Z"}, id="long compromised"),
        pytest.param(28, {"by_kid": KIDS[1]}, id="revoked with another key"),
        pytest.param(16, {"by": ALICE}, id="another who removes"),
        pytest.param(15, {"kid": KIDS[4]}, id="added with another key"),
        pytest.param(3, {"algorithm": -8}, id="another algorithm"),
        pytest.param(3, {"sign_count": 7}, id="another first count"),
        pytest.param(3, {"backed_up": True}, id="backed up"),
        pytest.param(3, {"aaguid": "ffffffff-0000-0000-0000-000000000000"}, id="aaguid"),
        pytest.param(4, {"sign_count": 1}, id="an attestation's count"),
        pytest.param(17, {"kid": KIDS[2]}, id="another's kid attested"),
        pytest.param(5, {"role": "administrator"}, id="invited as more"),
        pytest.param(5, {"token_sha256": digest("another")}, id="another token"),
        pytest.param(5, {"by": ALICE}, id="another who invites"),
        pytest.param(5, {"expires_at": "2036-12-01T00:00:00.000Z"}, id="a longer invitation"),
    ],
)
def test_what_the_evidence_does_not_lead_to_is_refused(
    position: int, change: dict[str, Any]
) -> None:
    assert forged(position, change) == (position, "decision_mismatch")


@pytest.mark.parametrize(
    ("position", "change", "code"),
    [
        (20, {"jws": JWS_OF_CAROL}, "decision_mismatch"),
        (21, {"jws": JWS_OF_BOB}, "out_of_order"),
        (24, {"assertion": None}, "assertion_required"),
        (20, {"assertion": EVENTS[23].body.assertion}, "assertion_unexpected"),  # type: ignore[union-attr]  # a rejection
        (26, {"act": EVENTS[23].body.act}, "act_mismatch"),  # type: ignore[union-attr]  # a rejection
        (27, {"act": EVENTS[25].body.act}, "act_mismatch"),  # type: ignore[union-attr]  # a rejection
        (20, {"jws": EVENTS[18].body.act}, "jws_typ_mismatch"),  # type: ignore[union-attr]  # a draft
        (18, {"act": JWS_OF_BOB}, "jws_typ_mismatch"),
        (3, {"public_key": EVENTS[6].body.public_key}, "decision_mismatch"),  # type: ignore[union-attr]  # a passkey
        (7, {"credential_id": fixed_passkey(77).id}, "passkey_registration_refused"),
        (7, {"nonce": "AAAA"}, "passkey_registration_refused"),
        (15, {"act": None}, "act_missing"),
        (4, {"nonce": "AAAA"}, "passkey_assertion_refused"),
        (17, {"expires_at": "2099-01-01T00:00:00.000Z"}, "passkey_assertion_refused"),
        (4, {"jwk": ed25519_key(66).jwk}, "passkey_assertion_refused"),
        (4, {"jwk": ed25519_key(66).jwk, "kid": ed25519_key(66).kid}, "passkey_assertion_refused"),
        (8, {"possession": EVENTS[3].body.possession}, "possession_refused"),  # type: ignore[union-attr]  # a key
        (6, {"invitation": "setup"}, "role_not_open"),
        (6, {"role": "administrator"}, "role_not_open"),
        (6, {"name": ""}, "name_invalid"),
        (9, {"role": "administrator"}, "role_not_open"),
        (1, {"registration": "invite"}, "act_mismatch"),
        (1, {"origin": "https://evil.example"}, "act_mismatch"),
        (1, {"rp_id": "evil.example"}, "act_mismatch"),
        (1, {"setup_sha256": digest("mine")}, "act_mismatch"),
        (1, {"ledger": "another.example/ledger"}, "ledger_mismatch"),
        (1, {"key": ed25519_key(66).jwk}, "jws_kid_mismatch"),
    ],
    ids=range(27),
)
def test_evidence_of_something_else_is_refused(
    position: int, change: dict[str, Any], code: str
) -> None:
    assert forged(position, change) == (position, code)


def test_a_changed_document_is_refused() -> None:
    document = EVENTS[18].body.document  # type: ignore[union-attr]  # a draft
    cheaper = document.replace("1000000", "9000000")
    assert forged(19, {"document": cheaper}) == (19, "act_mismatch")


@pytest.mark.parametrize("position", [4, 20, 24, 26, 27, 28])
def test_an_event_at_another_time_than_its_evidence_is_refused(position: int) -> None:
    found = forged(position, at="2027-11-21T03:04:05.678Z")
    # A possession proof has no time: an attestation may be late, if the events after it are later.
    assert found == ((5, "time_backwards") if position == 4 else (position, "iat_stale"))


@pytest.mark.parametrize(
    ("position", "envelope", "code"),
    [
        (20, {"version": 3}, "version_gap"),
        (20, {"version": 1}, "event_misplaced"),
        (20, {"stream": EVENTS[22].stream}, "event_misplaced"),
        (19, {"stream": UUID(int=77)}, "event_misplaced"),
        (5, {"stream": UUID(int=77)}, "event_misplaced"),
        (1, {"stream": UUID(int=77)}, "ledger_founded_twice"),
        (6, {"stream": UUID(int=77)}, "event_misplaced"),
        (16, {"stream": UUID(BOB)}, "passkey_unknown"),
        (20, {"at": "yesterday"}, "time_invalid"),
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
        (12, {"name": "Mallory"}),
        (12, {"role": "creator"}),
        (6, {"invitation": None}),
        (13, {"transports": ("usb",)}),
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
    assert len(EVENTS) == 35
    assert FIRST_STATEMENT in STORY.auditor.statements
    assert events.decode(STATES[0]) == EVENTS[0]
