"""The ledger's own stream: founding, invitations, who may register."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import admission, charter, invitations
from ledger.domain.charter import Charter
from ledger.domain.events import (
    Event,
    GovernanceSet,
    InvitationIssued,
    LedgerCreated,
    StatementWithdrawn,
)
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.invitations import AdmittedAs, Invitation
from ledger.domain.passkey import RelyingParty
from ledger.domain.policy import Node
from ledger.errors import ConflictError, ForbiddenError, RefusedError
from tests.support.changes import values
from tests.support.heads import HEADS, HEADS_JWK
from tests.support.keys import ed25519_key
from tests.support.links import link_jwk, link_key
from tests.support.refusals import refused
from tests.support.scene import ALICE
from tests.support.signers import LEDGER, NOW_MS, Signer

AT = "2026-11-21T03:04:05.678Z"
FOUNDER = Signer(1000, key=ed25519_key(1000))
SETUP = link_key("setup")
UNSIGNED = LedgerCreated(
    ledger=LEDGER,
    origin="http://localhost:8000",
    rp_id="localhost",
    registration="invite",
    key=FOUNDER.key.jwk,
    act="",
    setup=SETUP.jwk,
    heads=HEADS,
)
SAID: dict[str, Any] = {
    "origin": "http://localhost:8000",
    "rpId": "localhost",
    "registration": "invite",
    "setup": link_jwk("setup"),
    "heads": HEADS_JWK,
}
CHANGE = "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001"
INVITATION = "0f0f0f0f-0000-4000-8000-000000000001"


def created(unsigned: LedgerCreated = UNSIGNED) -> LedgerCreated:
    act = FOUNDER.act("create-ledger", **SAID)
    return charter.create(act, unsigned, now_ms=NOW_MS)


def founded() -> Charter:
    return charter.evolve(None, Event(charter.STREAM, 1, AT, created()))


def invite(**changes: Any) -> InvitationIssued:
    said: dict[str, Any] = {
        "change": CHANGE,
        "invitation": INVITATION,
        "role": "investor",
        "key": link_key("token").jwk,
        "expires_at": "2026-12-01T00:00:00.000Z",
    }
    return InvitationIssued(**(said | changes))


# --- founding ------------------------------------------------------------------------------------


def test_a_founding_says_where_and_how_the_ledger_is_joined() -> None:
    state = founded()
    assert state.version == 1
    assert state.ledger == LEDGER
    assert state.registration == "invite"
    assert state.party == RelyingParty(rp_id="localhost", origin="http://localhost:8000")
    assert state.kid == FOUNDER.key.kid
    assert state.heads == HEADS
    assert state.invitations == {SETUP.kid: Invitation("setup", "administrator", SETUP.jwk)}


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"registration": "open"},
        {"setup": FOUNDER.key.jwk},
        {"setup": link_key("another").jwk},
        {"heads": link_key("another").jwk},
    ],
    ids=str,
)
def test_a_founding_that_says_something_else_than_its_act_is_refused(
    change: dict[str, Any],
) -> None:
    with refused(RefusedError, "act_mismatch"):
        created(msgspec.structs.replace(UNSIGNED, **change))


def test_a_founding_under_another_name_is_refused() -> None:
    with refused(RefusedError, "ledger_mismatch"):
        created(msgspec.structs.replace(UNSIGNED, ledger="another.example/ledger"))


def test_a_founding_by_another_key_is_refused() -> None:
    with refused(RefusedError, "jws_kid_mismatch"):
        created(msgspec.structs.replace(UNSIGNED, key=ALICE.key.jwk))


def test_another_act_founds_nothing() -> None:
    act = FOUNDER.act("sign-in", jti="1")
    with refused(RefusedError, "act_mismatch"):
        charter.create(act, UNSIGNED, now_ms=NOW_MS)


def test_a_stale_founding_is_refused() -> None:
    with refused(RefusedError, "iat_stale"):
        charter.create(FOUNDER.act("create-ledger", **SAID), UNSIGNED, now_ms=NOW_MS + 400_000)


# --- joining -------------------------------------------------------------------------------------


def invited(**changes: Any) -> tuple[Charter, Invitation]:
    body = invite(**changes)
    state = charter.evolve(founded(), Event(charter.STREAM, 2, AT, body))
    return state, invitations.find(state.invitations, link_key("token").kid)


def test_an_invitation_is_found_by_its_key() -> None:
    state, invitation = invited()
    assert state.version == 2
    assert invitation == Invitation(
        INVITATION, "investor", link_key("token").jwk, "2026-12-01T00:00:00.000Z", CHANGE
    )
    assert invitations.find(state.invitations, SETUP.kid).role == "administrator"


@pytest.mark.parametrize("kid", ["", "token", link_key("another").kid, SETUP.jwk.x])
def test_an_unknown_key_finds_no_invitation(kid: str) -> None:
    with refused(ForbiddenError, "invitation_unknown"):
        invitations.find(invited()[0].invitations, kid)


def test_an_invited_person_is_admitted_under_the_invitations_id() -> None:
    state, invitation = invited()
    assert admission.admit(state, "investor", invitation, now_ms=NOW_MS) == AdmittedAs(
        INVITATION, "investor"
    )
    setup = invitations.find(state.invitations, SETUP.kid)
    assert admission.admit(state, "administrator", setup, now_ms=NOW_MS) == AdmittedAs(
        "setup", "administrator", policy_digest(FOUNDING)
    )


def test_while_governance_asks_for_two_an_invitation_gives_no_role() -> None:
    state, invitation = invited()
    two = msgspec.structs.replace(state, governance=Node(2, ("role:administrator",)))
    for asked in ("investor", None):
        found = admission.admit(two, asked, invitation, now_ms=NOW_MS)
        assert found == AdmittedAs(INVITATION, None)


@pytest.mark.parametrize(("threshold", "gives"), [(1, True), (2, False), (3, False)])
def test_a_raise_takes_open_invitations_their_roles_for_good(threshold: int, gives: bool) -> None:
    state, _ = invited()
    for rules in (Node(threshold, ("role:administrator",)), Node(1, ("role:board",))):
        body = GovernanceSet(CHANGE, rules)
        state = charter.evolve(state, Event(charter.STREAM, state.version + 1, AT, body))
    (invitation,) = [each for each in state.invitations.values() if each.id == INVITATION]
    expected = AdmittedAs(INVITATION, "investor" if gives else None)
    assert admission.admit(state, None, invitation, now_ms=NOW_MS) == expected


@pytest.mark.parametrize("role", ["creator", "administrator", "auditor", ""])
def test_an_invitation_admits_to_its_own_role_only(role: str) -> None:
    state, invitation = invited()
    with refused(ForbiddenError, "role_not_open"):
        admission.admit(state, role, invitation, now_ms=NOW_MS)


@pytest.mark.parametrize("late_ms", [0, 1, 10**12])
def test_an_expired_invitation_admits_nobody(late_ms: int) -> None:
    state, invitation = invited()
    end_ms = 1_796_083_200_000
    admission.admit(state, "investor", invitation, now_ms=end_ms - 1)
    with refused(ConflictError, "invitation_expired"):
        admission.admit(state, "investor", invitation, now_ms=end_ms + late_ms)


@pytest.mark.parametrize("role", ["creator", "investor"])
def test_an_open_ledger_admits_creators_and_investors(role: str) -> None:
    state = msgspec.structs.replace(founded(), values=values("open"))
    assert admission.admit(state, role, None, now_ms=NOW_MS) == AdmittedAs(None, role)


@pytest.mark.parametrize("role", ["administrator", "auditor", "nobody", ""])
def test_an_open_ledger_admits_nobody_else(role: str) -> None:
    state = msgspec.structs.replace(founded(), values=values("open"))
    with refused(ForbiddenError, "role_not_open"):
        admission.admit(state, role, None, now_ms=NOW_MS)


@pytest.mark.parametrize("role", ["creator", "administrator"])
def test_a_ledger_joined_by_invitation_admits_nobody_without(role: str) -> None:
    with refused(ForbiddenError, "invitation_required"):
        admission.admit(founded(), role, None, now_ms=NOW_MS)


def test_an_invitation_before_the_founding_is_impossible() -> None:
    body = invite()
    with pytest.raises(AssertionError):
        charter.evolve(None, Event(charter.STREAM, 1, AT, body))


def test_another_streams_event_is_impossible() -> None:
    body = StatementWithdrawn(signer="", kid="", act="")
    with pytest.raises(AssertionError):
        charter.evolve(founded(), Event(UUID(int=1), 2, AT, body))
