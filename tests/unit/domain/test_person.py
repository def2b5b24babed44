"""A person: registration, passkeys, roles."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import person, signing_keys
from ledger.domain.events import (
    Event,
    KeyAttested,
    PasskeyAdded,
    PasskeyRemoved,
    RoleGranted,
    StatementWithdrawn,
    UserRegistered,
)
from ledger.domain.passkey import verify_registration
from ledger.domain.person import Person
from ledger.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.keys import es256_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, DAVE, ERIN
from tests.support.signers import LEDGER, NONCE, NOW_MS, PARTY, registration

HERE: dict[str, Any] = {"ledger": LEDGER, "now_ms": NOW_MS}
AT = "2026-11-21T03:04:05.678Z"
NEW = Passkey()


def fold(state: Person | None, *bodies: Any) -> Person:
    for body in bodies:
        version = 1 if state is None else state.version + 1
        state = person.evolve(state, Event(UUID(ALICE.user), version, AT, body))
    assert state is not None
    return state


def shown(passkey: Passkey = NEW, **overrides: Any) -> PasskeyAdded:
    evidence = registration(passkey.create("Y2hhbGxlbmdl", **overrides))
    return person.first_passkey(
        evidence, passkey.id, challenge=b"challenge", party=PARTY, transports=("usb",)
    )


# --- registration --------------------------------------------------------------------------------


def test_a_registration_a_passkey_and_a_key_make_a_person() -> None:
    registered = person.register(ALICE.user, "Alice", "creator", "i")
    assert registered == UserRegistered(ALICE.user, "Alice", "creator", "i")
    added = shown(ALICE.passkey)
    assert (added.credential_id, added.algorithm, added.kid, added.act) == (
        ALICE.passkey.id,
        -7,
        None,
        None,
    )
    assert added.challenge == "Y2hhbGxlbmdl"
    newcomer = fold(None, registered, added)
    attested = signing_keys.attest_key(
        newcomer, ALICE.submission(ALICE.key), nonce=NONCE, party=PARTY, **HERE
    )
    alice = fold(newcomer, attested)
    assert (alice.user, alice.name, alice.version) == (ALICE.user, "Alice", 3)
    assert alice.roles == {"creator"}
    assert list(alice.keys) == [ALICE.key.kid]
    assert alice.passkeys[ALICE.passkey.id].sign_count == attested.sign_count


def test_a_passkey_is_recorded_with_all_that_its_registration_shows() -> None:
    evidence = registration(NEW.create("Y2hhbGxlbmdl"))
    verified = verify_registration(evidence, NEW.id, challenge=b"challenge", party=PARTY)
    added = person.first_passkey(
        evidence, NEW.id, challenge=b"challenge", party=PARTY, transports=("usb",)
    )
    assert added == PasskeyAdded(
        credential_id=NEW.id,
        public_key=verified.public_key,
        algorithm=-7,
        sign_count=verified.sign_count,
        aaguid="00000000-0000-0000-0000-000000000000",
        backed_up=False,
        transports=("usb",),
        challenge="Y2hhbGxlbmdl",
        registration=evidence,
    )


@pytest.mark.parametrize("name", ["A", "Ångström, Å.", "李", "x" * 100])
def test_a_person_has_a_name_in_its_one_form(name: str) -> None:
    assert person.register("u", name, "creator", None).name == name


@pytest.mark.parametrize(
    ("name", "code"), [(" a ", "name_invalid"), ("a\u202eb", "text_refused")], ids=ascii
)
def test_any_other_name_is_refused(name: str, code: str) -> None:
    with refused(MalformedError, code):
        person.register("u", name, "creator", None)


def test_a_registration_that_does_not_verify_gives_no_passkey() -> None:
    with refused(RefusedError, "passkey_registration_refused"):
        shown(origin="https://evil.example")


# --- further passkeys ----------------------------------------------------------------------------


def add(act: str, state: Person = ALICE.person) -> PasskeyAdded:
    return person.add_passkey(state, shown(), act, **HERE)


def test_a_further_passkey_is_signed_for() -> None:
    act = ALICE.act("add-passkey", credentialId=NEW.id)
    added = add(act)
    assert (added.credential_id, added.kid, added.act) == (NEW.id, ALICE.key.kid, act)
    assert list(fold(ALICE.person, added).passkeys) == [ALICE.passkey.id, NEW.id]


def test_an_act_for_another_passkey_adds_none() -> None:
    with refused(RefusedError, "act_mismatch"):
        add(ALICE.act("add-passkey", credentialId=ALICE.passkey.id))


def test_an_act_that_removes_adds_none() -> None:
    with refused(RefusedError, "act_mismatch"):
        add(ALICE.act("remove-passkey", credentialId=NEW.id))


def test_somebody_else_adds_no_passkey() -> None:
    with refused(RefusedError, "key_unknown"):
        add(DAVE.act("add-passkey", credentialId=NEW.id))


def test_a_revoked_key_adds_no_passkey() -> None:
    state = ALICE.person_with(ALICE.key, revoked=(ALICE.key.kid,))
    with refused(RefusedError, "key_revoked"):
        add(ALICE.act("add-passkey", credentialId=NEW.id), state)


# --- removing passkeys ---------------------------------------------------------------------------

TWO = fold(ALICE.person, add(ALICE.act("add-passkey", credentialId=NEW.id)))


def remove(act: str, actor: Person, name: str = NEW.id, owner: Person = TWO) -> PasskeyRemoved:
    return person.remove_passkey(owner, actor, name, act, **HERE)


def test_an_owner_removes_a_passkey() -> None:
    act = ALICE.act("remove-passkey", credentialId=NEW.id)
    body = remove(act, TWO)
    assert body == PasskeyRemoved(NEW.id, by=ALICE.user, kid=ALICE.key.kid, act=act)
    state = fold(TWO, body)
    assert state.passkeys[NEW.id].removed is True
    assert state.active_passkey(ALICE.passkey.id).removed is False
    with refused(RefusedError, "passkey_removed"):
        state.active_passkey(NEW.id)


def test_an_owner_keeps_one_passkey() -> None:
    act = ALICE.act("remove-passkey", credentialId=ALICE.passkey.id)
    with refused(ConflictError, "passkey_last"):
        remove(act, ALICE.person, ALICE.passkey.id, ALICE.person)


def test_an_owner_keeps_the_last_that_is_not_removed() -> None:
    state = fold(TWO, remove(ALICE.act("remove-passkey", credentialId=NEW.id), TWO))
    with refused(ConflictError, "passkey_last"):
        remove(
            ALICE.act("remove-passkey", credentialId=ALICE.passkey.id),
            state,
            ALICE.passkey.id,
            state,
        )


def test_an_administrator_removes_even_the_last() -> None:
    act = DAVE.act("remove-passkey", credentialId=ALICE.passkey.id)
    body = remove(act, DAVE.person, ALICE.passkey.id, ALICE.person)
    assert (body.by, body.kid) == (DAVE.user, DAVE.key.kid)


def test_nobody_else_removes_a_passkey() -> None:
    with refused(ForbiddenError, "administrator_only"):
        remove(BOB.act("remove-passkey", credentialId=NEW.id), BOB.person)


def test_an_unknown_passkey_is_not_removed() -> None:
    with refused(NotFoundError, "passkey_unknown"):
        remove(ALICE.act("remove-passkey", credentialId="x"), TWO, "x")


def test_a_passkey_is_removed_once() -> None:
    act = ALICE.act("remove-passkey", credentialId=NEW.id)
    with refused(ConflictError, "passkey_removed"):
        remove(act, TWO, owner=fold(TWO, remove(act, TWO)))


@pytest.mark.parametrize("actor", [ALICE, DAVE], ids=["owner", "administrator"])
def test_an_act_for_another_passkey_removes_none(actor: Any) -> None:
    with refused(RefusedError, "act_mismatch"):
        remove(
            actor.act("remove-passkey", credentialId="x"), TWO if actor is ALICE else actor.person
        )


# --- roles ---------------------------------------------------------------------------------------


def grant(act: str, actor: Person = DAVE.person, owner: Person = BOB.person) -> RoleGranted:
    return person.grant_role(owner, actor, act, **HERE)


@pytest.mark.parametrize("role", ["creator", "administrator", "auditor"])
def test_an_administrator_grants_a_role(role: str) -> None:
    act = DAVE.act("grant-role", user=BOB.user, role=role)
    body = grant(act)
    assert body == RoleGranted(BOB.user, role, by=DAVE.user, kid=DAVE.key.kid, act=act)
    assert fold(BOB.person, body).roles == {"investor", role}


def test_only_an_administrator_grants_roles() -> None:
    with refused(ForbiddenError, "administrator_only"):
        grant(ALICE.act("grant-role", user=BOB.user, role="creator"), ALICE.person)


def test_nobody_grants_themselves_a_role() -> None:
    with refused(ForbiddenError, "administrator_only"):
        grant(BOB.act("grant-role", user=BOB.user, role="administrator"), BOB.person)


def test_a_grant_to_another_person_is_refused() -> None:
    with refused(RefusedError, "act_mismatch"):
        grant(DAVE.act("grant-role", user=ALICE.user, role="creator"))


def test_a_role_that_is_none_is_not_granted() -> None:
    with refused(MalformedError, "role_invalid"):
        grant(DAVE.act("grant-role", user=BOB.user, role="owner"))


def test_a_role_that_is_held_is_not_granted_again() -> None:
    with refused(ConflictError, "role_held"):
        grant(DAVE.act("grant-role", user=BOB.user, role="investor"))


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
        fold(None, RoleGranted("u", "auditor", "d", "k", "a"))


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
