"""The passkeys that a person holds: the first, further ones, and their removal."""

import hashlib
from typing import Any
from uuid import UUID

import pytest

from ledger.domain import challenges, held_passkeys, person
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import Event, PasskeyAdded, PasskeyRemoved
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.errors import ConflictError, NotFoundError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, DAVE
from tests.support.signers import LEDGER, NONCE, NOW_MS, PARTY, Signer, assertion, registration

AT = "2026-11-21T03:04:05.678Z"
NEW = Passkey()


def fold(state: Person, body: Any) -> Person:
    return person.evolve(state, Event(UUID(state.user), state.version + 1, AT, body))


def shown(passkey: Passkey = NEW, **overrides: Any) -> PasskeyAdded:
    """Return the passkey of a registration response; `overrides` change its client data."""
    challenge = challenges.register(ledger=LEDGER, nonce=NONCE)
    evidence = registration(passkey.create(challenge, **overrides))
    submission = PasskeySubmission(passkey.id, evidence, ("usb",))
    return held_passkeys.first_passkey(submission, nonce=NONCE, ledger=LEDGER, party=PARTY)


def unconfirmed(act: str) -> ConfirmedAct:
    return ALICE.confirmed(act)._replace(assertion=None)


# --- the first -----------------------------------------------------------------------------------


def test_a_passkey_is_recorded_with_all_that_its_registration_shows() -> None:
    submission = ALICE.new_passkey(NEW)
    added = held_passkeys.first_passkey(submission, nonce=NONCE, ledger=LEDGER, party=PARTY)
    assert added == PasskeyAdded(
        credential_id=NEW.id,
        public_key=added.public_key,
        algorithm=-7,
        sign_count=NEW.sign_count,
        aaguid="00000000-0000-0000-0000-000000000000",
        backed_up=False,
        transports=("internal",),
        nonce=NONCE,
        registration=submission.registration,
    )


@pytest.mark.parametrize("changed", [{"nonce": "b3RoZXI"}, {"ledger": "another"}])
def test_a_registration_over_another_nonce_or_ledger_gives_no_passkey(
    changed: dict[str, str],
) -> None:
    expected = {"nonce": NONCE, "ledger": LEDGER} | changed
    with refused(RefusedError, "passkey_registration_refused"):
        held_passkeys.first_passkey(ALICE.new_passkey(NEW), party=PARTY, **expected)


def test_a_registration_of_another_origin_gives_no_passkey() -> None:
    with refused(RefusedError, "passkey_registration_refused"):
        shown(origin="https://evil.example")


# --- further passkeys ----------------------------------------------------------------------------

Addition = tuple[ConfirmedAct, AssertionEvidence]


def add(addition: Addition, state: Person = ALICE.person, new: Passkey = NEW) -> PasskeyAdded:
    return held_passkeys.add_passkey(state, shown(new), *addition)


def with_act(act: str) -> Addition:
    """Return a right addition but for its act, which is confirmed."""
    return ALICE.confirmed(act), ALICE.addition(NEW)[1]


def test_a_further_passkey_is_signed_for_shown_and_confirmed() -> None:
    act, own = ALICE.addition(NEW)
    added = add((act, own))
    assert (added.credential_id, added.kid, added.act) == (NEW.id, ALICE.key.kid, act.text)
    assert (added.assertion, added.confirmation) == (own, act.assertion)
    assert added.confirmation_sign_count == ALICE.passkey.sign_count
    assert list(fold(ALICE.person, added).passkeys) == [ALICE.passkey.id, NEW.id]


def test_a_carrier_of_the_request_cannot_exchange_the_key() -> None:
    thief = Passkey(credential_id=NEW.credential_id)
    addition = ALICE.addition(NEW)
    with refused(RefusedError, "act_mismatch"):
        add(addition, new=thief)
    own = ALICE.addition(thief)[1]
    with refused(RefusedError, "act_mismatch"):
        add((addition[0], own), new=thief)


def test_an_act_for_another_person_adds_none() -> None:
    with refused(RefusedError, "act_mismatch"):
        add(ALICE.addition(NEW, user=BOB.user))


def test_an_act_that_removes_adds_none() -> None:
    with refused(RefusedError, "act_mismatch"):
        add(with_act(ALICE.act("remove-passkey", credentialId=NEW.id)))


def test_an_act_that_names_a_credential_id_adds_none() -> None:
    with refused(RefusedError, "act_mismatch"):
        add(with_act(ALICE.act("add-passkey", credentialId=NEW.id)))


def test_somebody_else_adds_no_passkey() -> None:
    with refused(RefusedError, "key_unknown"):
        add(DAVE.addition(NEW))


def test_a_signing_key_alone_adds_no_passkey() -> None:
    act, own = ALICE.addition(NEW)
    with refused(RefusedError, "assertion_required"):
        add((unconfirmed(act.text), own))


def test_the_new_passkey_does_not_confirm_its_own_addition() -> None:
    act, own = ALICE.addition(NEW)
    challenge = challenges.confirm(jws=act.text, ledger=LEDGER, user=ALICE.user)
    with refused(RefusedError, "passkey_unknown"):
        add((act._replace(assertion=assertion(NEW.get(challenge))), own))


def test_a_confirmation_of_another_addition_adds_none() -> None:
    act, own = ALICE.addition(NEW)
    other = ALICE.addition(Passkey())[0]
    with refused(RefusedError, "passkey_assertion_refused"):
        add((act._replace(assertion=other.assertion), own))


def test_a_new_passkey_that_does_not_show_that_it_works_is_not_added() -> None:
    act, _ = ALICE.addition(NEW)
    with refused(RefusedError, "assertion_required"):
        held_passkeys.add_passkey(ALICE.person, shown(), act, None)
    with refused(RefusedError, "assertion_required"):
        add((act, ALICE.confirm(act.text)))


@pytest.mark.parametrize(
    "changed",
    [{"user": BOB.user}, {"ledger": "another"}, {"nonce": "b3RoZXI"}, {"cose_sha256": "0" * 64}],
)
def test_a_new_passkey_asserts_over_its_key_its_person_the_ledger_and_the_nonce(
    changed: dict[str, str],
) -> None:
    said = {
        "cose_sha256": hashlib.sha256(NEW.cose).hexdigest(),
        "ledger": LEDGER,
        "nonce": NONCE,
        "user": ALICE.user,
    }
    act, _ = ALICE.addition(NEW)
    challenge = challenges.add_passkey(**(said | changed))
    with refused(RefusedError, "passkey_assertion_refused"):
        add((act, assertion(NEW.get(challenge))))


def test_a_revoked_key_adds_no_passkey() -> None:
    state = ALICE.person_with(ALICE.key, revoked=(ALICE.key.kid,))
    with refused(RefusedError, "key_revoked"):
        add(ALICE.addition(NEW), state)


# --- removing passkeys ---------------------------------------------------------------------------

TWO = fold(ALICE.person, add(ALICE.addition(NEW)))


def removal(by: Signer = ALICE, name: str = NEW.id) -> ConfirmedAct:
    return by.confirmed(by.act("remove-passkey", credentialId=name))


def remove(act: ConfirmedAct, name: str = NEW.id, owner: Person = TWO) -> PasskeyRemoved:
    return held_passkeys.remove_passkey(owner, name, act)


def test_an_owner_removes_a_passkey() -> None:
    act = removal()
    assert act.assertion is not None
    body = remove(act)
    assert body == PasskeyRemoved(
        NEW.id,
        kid=ALICE.key.kid,
        act=act.text,
        assertion=act.assertion,
        sign_count=ALICE.passkey.sign_count,
    )
    state = fold(TWO, body)
    assert state.passkeys[NEW.id].removed is True
    assert state.active_passkey(ALICE.passkey.id, now_ms=NOW_MS).removed is False
    with refused(RefusedError, "passkey_removed"):
        state.active_passkey(NEW.id, now_ms=NOW_MS)


def test_a_signing_key_alone_removes_no_passkey() -> None:
    with refused(RefusedError, "assertion_required"):
        remove(unconfirmed(removal().text))


def test_a_confirmation_of_another_removal_removes_none() -> None:
    other = removal(name=ALICE.passkey.id)
    with refused(RefusedError, "passkey_assertion_refused"):
        remove(removal()._replace(assertion=other.assertion))


def test_an_owner_keeps_one_passkey() -> None:
    name = ALICE.passkey.id
    with refused(ConflictError, "passkey_last"):
        remove(removal(name=name), name, ALICE.person)


def test_an_owner_keeps_the_last_that_is_not_removed() -> None:
    state, name = fold(TWO, remove(removal())), ALICE.passkey.id
    with refused(ConflictError, "passkey_last"):
        remove(removal(name=name), name, state)


@pytest.mark.parametrize("other", [BOB, DAVE], ids=["an investor", "an administrator"])
def test_nobody_but_its_owner_removes_a_passkey(other: Signer) -> None:
    with refused(RefusedError, "key_unknown"):
        remove(removal(other))


def test_an_unknown_passkey_is_not_removed() -> None:
    with refused(NotFoundError, "passkey_unknown"):
        remove(removal(name="x"), "x")


def test_a_passkey_is_removed_once() -> None:
    with refused(ConflictError, "passkey_removed"):
        remove(removal(), owner=fold(TWO, remove(removal())))


def test_an_act_for_another_passkey_removes_none() -> None:
    with refused(RefusedError, "act_mismatch"):
        remove(removal(name=ALICE.passkey.id))


def test_a_removed_passkey_confirms_no_removal() -> None:
    third = Passkey()
    three = fold(TWO, add(ALICE.addition(third), TWO, third))
    gone = fold(three, remove(removal(name=ALICE.passkey.id), ALICE.passkey.id, three))
    with refused(RefusedError, "passkey_removed"):
        remove(removal(), owner=gone)
