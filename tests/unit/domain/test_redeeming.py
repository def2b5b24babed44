"""An invitation's key signs for the passkey that the invitation admits."""

import msgspec
import pytest

from ledger.domain import redeeming
from ledger.domain.events import PasskeyAdded
from ledger.domain.held_passkeys import first_passkey
from ledger.domain.invitations import Invitation
from ledger.domain.person import Person
from ledger.errors import ForbiddenError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.links import link_key
from tests.support.refusals import refused
from tests.support.signers import CHARTER, LEDGER, NONCE, NOW_MS, PARTY, Signer

EVE = Signer(5, "investor")
LINK = link_key("for Eve")
INVITATION = Invitation("the invitation", "investor", LINK.jwk)
KNOWN = msgspec.structs.replace(CHARTER, invitations={LINK.kid: INVITATION})
INVITED = Person(EVE.user, 1, "Eve", frozenset({"investor"}), {}, {}, invitation="the invitation")
ADDED = first_passkey(EVE.new_passkey(EVE.passkey), nonce=NONCE, ledger=LEDGER, party=PARTY)


def redeem(text: str | None, newcomer: Person = INVITED, now_ms: int = NOW_MS) -> PasskeyAdded:
    return redeeming.redeem_invitation(newcomer, ADDED, text, KNOWN, now_ms=now_ms)


def test_the_invitations_key_admits_a_passkey() -> None:
    text = EVE.redeem(LINK)
    assert redeem(text) == msgspec.structs.replace(ADDED, redeem=text)


def test_an_invitation_is_not_used_without_its_key() -> None:
    with refused(RefusedError, "redeem_required"):
        redeem(None)


def test_a_registration_without_an_invitation_redeems_none() -> None:
    alone = msgspec.structs.replace(INVITED, invitation=None)
    assert redeem(None, alone) == ADDED
    with refused(RefusedError, "redeem_unexpected"):
        redeem(EVE.redeem(LINK), alone)


def test_an_unknown_invitation_is_not_used() -> None:
    with refused(ForbiddenError, "invitation_unknown"):
        redeem(EVE.redeem(LINK), msgspec.structs.replace(INVITED, invitation="another"))


def test_another_key_uses_nobodys_invitation() -> None:
    with refused(RefusedError, "jws_kid_mismatch"):
        redeem(EVE.redeem(link_key("another")))


@pytest.mark.parametrize(
    "members",
    [{"cose": Passkey().cose_sha256}, {"user": Signer(6).user}, {"purpose": "sign-in"}],
    ids=["passkey", "person", "purpose"],
)
def test_a_jws_for_something_else_uses_no_invitation(members: dict[str, str]) -> None:
    with refused(RefusedError, "act_mismatch"):
        redeem(EVE.redeem(LINK, **members))


def test_an_act_uses_no_invitation() -> None:
    with refused(RefusedError, "jws_typ_mismatch"):
        redeem(EVE.redeem(LINK, typ="act+jwt"))


def test_an_invitation_of_another_ledger_is_not_used() -> None:
    with refused(RefusedError, "ledger_mismatch"):
        redeem(EVE.redeem(LINK, ledger="another.example/ledger"))


@pytest.mark.parametrize("away_ms", [-301_000, 301_000])
def test_a_jws_of_another_time_uses_no_invitation(away_ms: int) -> None:
    with refused(RefusedError, "iat_stale"):
        redeem(EVE.redeem(LINK), now_ms=NOW_MS + away_ms)
