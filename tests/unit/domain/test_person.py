"""A person: registration and roles."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import admission, held_passkeys, person, signing_keys
from ledger.domain.events import (
    Event,
    KeyAttested,
    RoleGranted,
    StatementWithdrawn,
    UserRegistered,
)
from ledger.domain.invitations import AdmittedAs
from ledger.domain.person import Person
from ledger.domain.skeletons import Skeletons
from ledger.errors import MalformedError
from tests.support.keys import es256_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, ERIN
from tests.support.signers import LEDGER, NONCE, NOW_MS, PARTY

HERE: dict[str, Any] = {"ledger": LEDGER, "now_ms": NOW_MS}
AT = "2026-11-21T03:04:05.678Z"


def fold(state: Person | None, *bodies: Any) -> Person:
    for body in bodies:
        version = 1 if state is None else state.version + 1
        state = person.evolve(state, Event(UUID(ALICE.user), version, AT, body))
    assert state is not None
    return state


LOOKS = Skeletons("17.0.0", ("0" * 64,))


# --- registration --------------------------------------------------------------------------------


def test_a_registration_a_passkey_and_a_key_make_a_person() -> None:
    registered = admission.register(ALICE.user, AdmittedAs("i", "creator"))
    assert registered == UserRegistered(ALICE.user, "creator", "i")
    added = held_passkeys.first_passkey(
        ALICE.new_passkey(ALICE.passkey), nonce=NONCE, ledger=LEDGER, party=PARTY
    )
    newcomer = fold(None, registered, added)
    attested = signing_keys.attest_key(
        newcomer, ALICE.submission(ALICE.key), nonce=NONCE, party=PARTY, **HERE
    )
    unnamed = fold(newcomer, attested)
    alice = fold(unnamed, admission.call("Alice", LOOKS))
    assert unnamed.name == f"Erased name ({ALICE.user[:8]})"
    assert (alice.user, alice.name, alice.version) == (ALICE.user, "Alice", 4)
    assert alice.roles == {"creator"}
    assert list(alice.keys) == [ALICE.key.kid]
    assert list(alice.passkeys) == [ALICE.passkey.id]


@pytest.mark.parametrize("name", ["A", "Ångström, Å.", "李", "x" * 100])
def test_a_person_has_a_name_in_its_one_form(name: str) -> None:
    assert admission.call(name, LOOKS).name == name


@pytest.mark.parametrize(
    ("name", "code"), [(" a ", "name_invalid"), ("a\u202eb", "text_refused")], ids=ascii
)
def test_any_other_name_is_refused(name: str, code: str) -> None:
    with refused(MalformedError, code):
        admission.call(name, LOOKS)


def test_a_registration_without_skeletons_of_its_name_is_refused() -> None:
    with refused(MalformedError, "name_skeletons_invalid"):
        admission.call("Alice", Skeletons("17.0.0", ()))


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        ({"creator"}, True),
        ({"investor"}, True),
        ({"administrator"}, True),
        ({"auditor"}, False),
        ({"auditor", "investor"}, True),
        (set(), False),
    ],
)
def test_an_auditor_signs_nothing(roles: set[str], *, may: bool) -> None:
    someone = msgspec.structs.replace(ERIN.person, roles=frozenset(roles))
    assert person.may_sign(someone) is may


# --- folding -------------------------------------------------------------------------------------


def test_a_stream_that_begins_otherwise_is_impossible() -> None:
    with pytest.raises(AssertionError):
        fold(None, RoleGranted("change", "auditor"))


def test_another_streams_event_is_impossible() -> None:
    with pytest.raises(AssertionError):
        fold(ALICE.person, StatementWithdrawn(signer="", kid="", act=""))


def test_folding_leaves_the_earlier_state_as_it_was() -> None:
    before = msgspec.structs.replace(ALICE.person)
    key = es256_key(8)
    attested = signing_keys.attest_key(
        ALICE.person, ALICE.submission(key), nonce=NONCE, party=PARTY, **HERE
    )
    assert isinstance(attested, KeyAttested)
    assert key.kid in fold(ALICE.person, attested).keys
    assert before == ALICE.person
