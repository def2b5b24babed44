"""Step-up: given an act, a live passkey of its actor confirms it, or it is refused."""

import msgspec
import pytest

from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.passkey import AssertionEvidence, RelyingParty
from ledger.domain.person import Person
from ledger.errors import RefusedError
from tests.support.signers import LEDGER, PARTY, Signer

ALICE, BOB = Signer(1, "creator"), Signer(2, "investor")
ACT = ALICE.act("revoke-key", kid="k")


def confirm(
    assertion: AssertionEvidence | None,
    *,
    person: Person = ALICE.person,
    act: str = ACT,
    ledger: str = LEDGER,
    party: RelyingParty = PARTY,
) -> int:
    asked = ConfirmedAct(act, assertion, ledger, party, ALICE.time.ms)
    _, sign_count = asked.confirmed_by(person)
    return sign_count


def refused(assertion: AssertionEvidence | None, **changes: object) -> str:
    with pytest.raises(RefusedError) as error:
        confirm(assertion, **changes)  # type: ignore[arg-type]  # each test names its one change
    return error.value.code


def test_a_passkey_of_the_actor_confirms_an_act_and_its_sign_count_is_returned() -> None:
    assertion = ALICE.confirm(ACT)
    assert confirm(assertion) == ALICE.passkey.sign_count


def test_an_act_that_no_passkey_confirms_is_refused() -> None:
    assert refused(None) == "assertion_required"


def test_a_confirmation_of_one_act_confirms_no_other() -> None:
    assertion = ALICE.confirm(ACT)
    assert refused(assertion, act=ALICE.act("revoke-key", kid="l")) == "passkey_assertion_refused"


def test_another_persons_passkey_confirms_nothing() -> None:
    assert refused(BOB.confirm(ACT)) == "passkey_unknown"


def test_a_removed_passkey_confirms_nothing() -> None:
    removed = msgspec.structs.replace(ALICE.known_passkey, removed=True)
    person = msgspec.structs.replace(ALICE.person, passkeys={ALICE.passkey.id: removed})
    assert refused(ALICE.confirm(ACT), person=person) == "passkey_removed"


def test_a_confirmation_for_another_ledger_or_party_is_refused() -> None:
    assert refused(ALICE.confirm(ACT), ledger="another") == "passkey_assertion_refused"
    elsewhere = RelyingParty(rp_id="example.com", origin=PARTY.origin)
    assert refused(ALICE.confirm(ACT), party=elsewhere) == "passkey_assertion_refused"
