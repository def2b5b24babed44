"""An attacker who rewrites an event and makes every hash right again: the evidence says otherwise.

Each forgery is consistent in itself: body, entry and leaf agree.
"""

from typing import Any
from uuid import UUID

import pytest

from ledger.domain import events
from tests.support.changes import values
from tests.support.event_names import positions
from tests.support.every_event import every_type
from tests.support.fixed_keys import fixed_passkey
from tests.support.forgery import refusal, resealed
from tests.support.keys import ed25519_key
from tests.support.links import link_key

STORY = every_type()
STATES, EVENTS = STORY.states, STORY.events
AT = positions(STORY)
FOUNDED = AT["ledger ledger-created"]
DAVES_PASSKEY = AT["dave passkey-added"]
DAVES_KEY = AT["dave key-attested"]
INVITED = AT["ledger invitation-issued"]
BOB_REGISTERED = AT["bob user-registered"]
BOBS_PASSKEY = AT["bob passkey-added"]
BOBS_KEY = AT["bob key-attested"]
ALICE_REGISTERED = AT["alice user-registered"]
CAROL_REGISTERED = AT["carol user-registered"]
CAROL_NAMED = AT["carol user-named"]
CAROLS_PASSKEY = AT["carol passkey-added"]
SECOND_PASSKEY = AT["alice passkey-added 2"]
PASSKEY_REMOVED = AT["alice passkey-removed"]
SECOND_KEY = AT["alice key-attested 2"]
CHANGE_DRAFTED = AT["change-102 statement-drafted"]
SUSPENDED = AT["carol standing-set"]
CHARTER_SET = AT["ledger charter-set"]
ROLE_GRANTED = AT["bob role-granted 2"]
DRAFTED = AT["statement-1 statement-drafted"]
BOB_APPROVED = AT["statement-1 statement-signed"]
ALICE_APPROVED = AT["statement-1 statement-signed 2"]
CAROL_APPROVED = AT["statement-1 statement-signed 3"]
SECOND_DRAFT = AT["statement-2 statement-drafted"]
BOB_REJECTED = AT["statement-2 statement-rejected"]
CAROL_REJECTED = AT["statement-3 statement-rejected"]
WITHDRAWN = AT["statement-3 statement-withdrawn"]
KEY_REVOKED = AT["carol key-revoked"]
DAVE_SUSPENDED = AT["carol person-suspended"]
NEW_VERSION = AT["statement-4 statement-drafted"]
SUPERSEDED = AT["statement-5 statement-superseded"]
RETRACTED = AT["statement-4 approval-retracted"]


def told(position: int) -> Any:
    """Return the body of an event."""
    return EVENTS[position - 1].body


BOB, CAROL = (str(UUID(int=number)) for number in (2, 3))
KIDS = {number: ed25519_key(number).kid for number in (1, 2, 3, 4)}
JWS_OF_BOB, JWS_OF_CAROL = (told(n).jws for n in (BOB_APPROVED, CAROL_APPROVED))
FIRST_STATEMENT = EVENTS[DRAFTED - 1].stream


def forged(position: int, body: dict[str, Any] | None = None, **envelope: Any) -> Any:
    """Return what the audit says of the story with one event rewritten."""
    state = resealed(STATES[position - 1], body=body, **envelope)
    assert state != STATES[position - 1]
    return refusal([*STATES[: position - 1], state, *STATES[position:]])


@pytest.mark.parametrize(
    ("position", "change"),
    [
        pytest.param(BOB_APPROVED, {"status": "approved"}, id="approved too early"),
        pytest.param(ALICE_APPROVED, {"status": "pending"}, id="approved and not said"),
        pytest.param(ALICE_APPROVED, {"status": "rejected"}, id="approved, said rejected"),
        pytest.param(BOB_APPROVED, {"roles": ("investor",)}, id="a role less"),
        pytest.param(
            BOB_APPROVED, {"roles": ("administrator", "creator", "investor")}, id="a role more"
        ),
        pytest.param(BOB_APPROVED, {"roles": ("investor", "creator")}, id="roles in another order"),
        pytest.param(BOB_APPROVED, {"signer": CAROL}, id="another signer"),
        pytest.param(BOB_APPROVED, {"kid": KIDS[3]}, id="another kid"),
        pytest.param(BOB_APPROVED, {"form": "individual"}, id="another form"),
        pytest.param(BOB_APPROVED, {"sign_count": 9}, id="a count from nowhere"),
        pytest.param(BOB_APPROVED, {"step": 1}, id="a step of a policy without steps"),
        pytest.param(CAROL_APPROVED, {"status": "pending"}, id="no longer approved"),
        pytest.param(BOB_REJECTED, {"status": "pending"}, id="rejected and not said"),
        pytest.param(CAROL_REJECTED, {"status": "rejected"}, id="rejected too early"),
        pytest.param(BOB_REJECTED, {"reason": "Another reason."}, id="another reason"),
        pytest.param(BOB_REJECTED, {"signer": CAROL}, id="another who rejects"),
        pytest.param(BOB_REJECTED, {"sign_count": 99}, id="another count"),
        pytest.param(RETRACTED, {"reason": None}, id="a retraction's reason"),
        pytest.param(RETRACTED, {"signer": BOB}, id="another who takes an approval back"),
        pytest.param(RETRACTED, {"iat": 1}, id="a retraction signed at another time"),
        pytest.param(
            SUPERSEDED, {"by": str(EVENTS[DRAFTED - 1].stream)}, id="superseded by another"
        ),
        pytest.param(NEW_VERSION, {"earlier": "approved"}, id="a version of an approved statement"),
        pytest.param(NEW_VERSION, {"earlier": None}, id="a version of nothing"),
        pytest.param(WITHDRAWN, {"reason": None}, id="a withdrawal's reason"),
        pytest.param(WITHDRAWN, {"signer": BOB}, id="another who withdraws"),
        pytest.param(DRAFTED, {"creator": BOB}, id="another creator"),
        pytest.param(DRAFTED, {"kid": KIDS[2]}, id="another drafter's key"),
        pytest.param(ROLE_GRANTED, {"role": "administrator"}, id="another role"),
        pytest.param(
            ROLE_GRANTED,
            {"change": EVENTS[CHANGE_DRAFTED - 1].stream},
            id="granted by another change",
        ),
        pytest.param(SUSPENDED, {"standing": "deactivated"}, id="another standing"),
        pytest.param(CHARTER_SET, {"values": values("open", people=2)}, id="other values"),
        pytest.param(KEY_REVOKED, {"compromised_since": None}, id="not compromised"),
        pytest.param(
            KEY_REVOKED, {"compromised_since": "2020-01-01T00:00:00.000Z"}, id="long compromised"
        ),
        pytest.param(KEY_REVOKED, {"by_kid": KIDS[1]}, id="revoked with another key"),
        pytest.param(PASSKEY_REMOVED, {"kid": KIDS[4]}, id="another who removes"),
        pytest.param(SECOND_PASSKEY, {"kid": KIDS[4]}, id="added with another key"),
        pytest.param(DAVES_PASSKEY, {"algorithm": -8}, id="another algorithm"),
        pytest.param(DAVES_PASSKEY, {"sign_count": 7}, id="another first count"),
        pytest.param(DAVES_PASSKEY, {"backed_up": True}, id="backed up"),
        pytest.param(
            DAVES_PASSKEY, {"aaguid": "ffffffff-0000-0000-0000-000000000000"}, id="aaguid"
        ),
        pytest.param(DAVES_KEY, {"sign_count": 1}, id="an attestation's count"),
        pytest.param(SECOND_KEY, {"kid": KIDS[2]}, id="another's kid attested"),
        pytest.param(INVITED, {"role": "administrator"}, id="invited as more"),
        pytest.param(INVITED, {"key": link_key("another").jwk}, id="another link"),
        pytest.param(INVITED, {"expires_at": "2036-12-01T00:00:00.000Z"}, id="a longer invitation"),
    ],
)
def test_what_the_evidence_does_not_lead_to_is_refused(
    position: int, change: dict[str, Any]
) -> None:
    assert forged(position, change) == (position, "decision_mismatch")


@pytest.mark.parametrize(
    ("position", "change", "code"),
    [
        (BOB_APPROVED, {"jws": JWS_OF_CAROL}, "seen_mismatch"),
        (ALICE_APPROVED, {"jws": JWS_OF_BOB}, "out_of_order"),
        (BOB_REJECTED, {"assertion": None}, "assertion_required"),
        (BOB_APPROVED, {"assertion": told(BOB_REJECTED).assertion}, "assertion_unexpected"),
        (CAROL_REJECTED, {"act": told(BOB_REJECTED).act}, "act_mismatch"),
        (WITHDRAWN, {"act": told(CAROL_REJECTED).act}, "act_mismatch"),
        (RETRACTED, {"act": told(WITHDRAWN).act}, "key_revoked"),
        (BOB_APPROVED, {"jws": told(DRAFTED).act}, "jws_typ_mismatch"),
        (DAVES_PASSKEY, {"public_key": told(BOBS_PASSKEY).public_key}, "decision_mismatch"),
        (BOBS_PASSKEY, {"credential_id": fixed_passkey(77).id}, "passkey_registration_refused"),
        (BOBS_PASSKEY, {"nonce": "AAAA"}, "passkey_registration_refused"),
        (SECOND_PASSKEY, {"act": None}, "act_missing"),
        (DAVES_KEY, {"nonce": "AAAA"}, "passkey_assertion_refused"),
        (SECOND_KEY, {"expires_at": "2099-01-01T00:00:00.000Z"}, "passkey_assertion_refused"),
        (DAVES_KEY, {"jwk": ed25519_key(66).jwk}, "passkey_assertion_refused"),
        (
            DAVES_KEY,
            {"jwk": ed25519_key(66).jwk, "kid": ed25519_key(66).kid},
            "passkey_assertion_refused",
        ),
        (BOBS_KEY, {"possession": told(DAVES_KEY).possession}, "possession_refused"),
        (BOB_REGISTERED, {"invitation": "setup"}, "role_not_open"),
        (BOB_REGISTERED, {"role": "administrator"}, "role_not_open"),
        (CAROL_NAMED, {"name": ""}, "name_invalid"),
        (ALICE_REGISTERED, {"role": "administrator"}, "role_not_open"),
        (FOUNDED, {"registration": "invite"}, "act_mismatch"),
        (FOUNDED, {"origin": "https://evil.example"}, "act_mismatch"),
        (FOUNDED, {"rp_id": "evil.example"}, "act_mismatch"),
        (FOUNDED, {"setup": link_key("mine").jwk}, "act_mismatch"),
        (FOUNDED, {"heads": link_key("mine").jwk}, "act_mismatch"),
        (FOUNDED, {"ledger": "another.example/ledger"}, "ledger_mismatch"),
        (FOUNDED, {"key": ed25519_key(66).jwk}, "jws_kid_mismatch"),
        (PASSKEY_REMOVED, {"act": told(DAVE_SUSPENDED).act}, "key_unknown"),
    ],
    ids=range(29),
)
def test_evidence_of_something_else_is_refused(
    position: int, change: dict[str, Any], code: str
) -> None:
    assert forged(position, change) == (position, code)


def test_a_changed_document_is_refused() -> None:
    document = told(DRAFTED).document
    cheaper = document.replace("1000000", "9000000")
    assert forged(DRAFTED, {"document": cheaper}) == (DRAFTED, "act_mismatch")


@pytest.mark.parametrize(
    "position",
    [DAVES_KEY, BOB_APPROVED, BOB_REJECTED, CAROL_REJECTED, WITHDRAWN, KEY_REVOKED],
)
def test_an_event_at_another_time_than_its_evidence_is_refused(position: int) -> None:
    found = forged(position, at="2027-11-21T03:04:05.678Z")
    # A possession proof has no time: an attestation may be late, if the events after it are later.
    assert found == (
        (DAVES_KEY + 1, "time_backwards") if position == DAVES_KEY else (position, "iat_stale")
    )


@pytest.mark.parametrize(
    ("position", "envelope", "code"),
    [
        (BOB_APPROVED, {"version": 3}, "version_gap"),
        (BOB_APPROVED, {"version": 1}, "event_misplaced"),
        (BOB_APPROVED, {"stream": EVENTS[SECOND_DRAFT - 1].stream}, "event_misplaced"),
        (DRAFTED, {"stream": UUID(int=77)}, "event_misplaced"),
        (INVITED, {"stream": UUID(int=77)}, "effect_unexpected"),
        (FOUNDED, {"stream": UUID(int=77)}, "ledger_founded_twice"),
        (BOB_REGISTERED, {"stream": UUID(int=77)}, "event_misplaced"),
        (PASSKEY_REMOVED, {"stream": UUID(BOB)}, "key_unknown"),
        (BOB_APPROVED, {"at": "yesterday"}, "time_invalid"),
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
        (CAROL_NAMED, {"name": "Mallory"}),
        (CAROL_REGISTERED, {"role": "creator"}),
        (BOB_REGISTERED, {"invitation": None}),
        (CAROLS_PASSKEY, {"transports": ("usb",)}),
    ],
    ids=str,
)
def test_what_nobody_signed_only_the_tree_can_show_changed(
    position: int, change: dict[str, Any]
) -> None:
    """A name, reported transports and, where anybody may join, how: they are the server's word."""
    found = forged(position, change)
    assert found is None or found[0] > position


def test_the_story_without_a_forgery_is_accepted() -> None:
    assert refusal(STATES) is None
    assert FIRST_STATEMENT in STORY.auditor.statements
    assert [*map(events.decode, STATES)] == EVENTS
