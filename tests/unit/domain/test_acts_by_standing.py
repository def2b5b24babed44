"""Every act and decision of a person, for every standing: who may still do it."""

from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from ledger import clock
from ledger.domain import (
    acceptance,
    acts,
    compromise,
    drafting,
    invitations,
    ledger_acts,
    operator_recovery,
    recoveries,
    recovery_codes,
    service_accounts,
    signing_keys,
)
from ledger.domain.act import Act
from ledger.domain.events import OperatorInvited
from ledger.domain.governance import FOUNDING
from ledger.domain.held_passkeys import add_passkey, first_passkey, remove_passkey
from ledger.domain.holdings import ServiceScope
from ledger.domain.ledger_acts import OperatorLink
from ledger.domain.person import Person
from ledger.domain.standing import suspend
from ledger.domain.vocabulary import PersonStanding
from ledger.errors import ForbiddenError, LedgerError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.changes import acceptance as acceptance_members
from tests.support.keys import ed25519_key
from tests.support.ledger_chronicle import RECOVERY
from tests.support.links import link_jwk, link_key
from tests.support.refusals import refused
from tests.support.scene import BOB, Scene
from tests.support.signers import CHARTER, LEDGER, NONCE, NOW_MS, PARTY, Signer

ME = Signer(1, "creator", "administrator")
SPARE = Signer(1)
MINE = msgspec.structs.replace(
    ME.person, passkeys=ME.person.passkeys | {SPARE.passkey.id: SPARE.known_passkey}
)
NEW_PASSKEY, NEW_KEY = Passkey(), ed25519_key(77)
EARLIER = "2026-11-20T00:00:00.000Z"


def _draft(me: Person, raw: bytes) -> object:
    return drafting.draft(raw, ME.draft_act(raw), me, charter=CHARTER, now_ms=NOW_MS)


def _add(me: Person) -> object:
    shown = first_passkey(ME.new_passkey(NEW_PASSKEY), nonce=NONCE, ledger=LEDGER, party=PARTY)
    return add_passkey(me, shown, *ME.addition(NEW_PASSKEY))


def _attest(me: Person) -> object:
    new = ME.submission(NEW_KEY)
    return signing_keys.attest_key(me, new, nonce=NONCE, ledger=LEDGER, party=PARTY, now_ms=NOW_MS)


def _confirmed(kind: str, **members: Any) -> Any:
    return ME.confirmed(ME.act(kind, **members))


def _own_end(me: Person) -> object:
    asked = _confirmed("revoke-key", kid=ME.key.kid)
    return signing_keys.revoke_key(me, ME.key.kid, asked._replace(assertion=None))


def _dated_end(me: Person) -> object:
    asked = _confirmed("revoke-key", kid=ME.key.kid, compromisedSince=EARLIER)
    return signing_keys.revoke_key(me, ME.key.kid, asked)


def _add_account(me: Person) -> object:
    new = ME.service(NEW_KEY)
    return service_accounts.add(me, new, nonce=NONCE, ledger=LEDGER, party=PARTY, now_ms=NOW_MS)


def _end_account(me: Person) -> object:
    scope = ServiceScope("deploy", ("draft",), (), untyped=True)
    key = msgspec.structs.replace(me.keys[ME.key.kid], kid=NEW_KEY.kid, service=scope)
    holder = msgspec.structs.replace(me, keys=me.keys | {NEW_KEY.kid: key})
    asked = _confirmed("end-service-account", user=ME.user, account=NEW_KEY.kid)
    return service_accounts.end(holder, holder, asked, CHARTER)


def _reaffirm(me: Person) -> object:
    keys = {kid: msgspec.structs.replace(each, unaffirmed=True) for kid, each in me.keys.items()}
    asked = _confirmed("reaffirm-key", kid=ME.key.kid, epoch=0)
    return signing_keys.reaffirm_key(msgspec.structs.replace(me, keys=keys), asked, CHARTER)


def _set_codes(me: Person) -> object:
    keys = [link_jwk(f"code {n}") for n in range(10)]
    return recovery_codes.set_codes(me, _confirmed("set-recovery-codes", keys=keys))


def _accept(me: Person) -> object:
    newcomer = msgspec.structs.replace(me, accepted={})
    act = _confirmed("accept-governance", **acceptance_members(FOUNDING))
    return acceptance.accept(newcomer, act, CHARTER, lambda _: None)


def _cancel(me: Person) -> object:
    later = clock.to_text(NOW_MS + 1)
    waiting = msgspec.structs.replace(SPARE.known_passkey, active_from=later)
    passkeys = BOB.person.passkeys | {SPARE.passkey.id: waiting}
    them = msgspec.structs.replace(BOB.person, passkeys=passkeys)
    named = {"recovery": f"passkey:{SPARE.passkey.id}", "user": BOB.user}
    return recoveries.cancel(them, me, _confirmed("cancel-recovery", **named), CHARTER)


def _cancel_operators(me: Person) -> object:
    link = OperatorLink(BOB.user, "administrator", link_key("operator").jwk)
    times = "2026-11-22T00:00:00.000Z", "2026-11-29T00:00:00.000Z"
    invited = OperatorInvited(RECOVERY, (), (link,), *times, "Both phones are lost.", "act")
    rules = msgspec.structs.replace(CHARTER, invitations=invitations.after({}, invited))
    return operator_recovery.cancel(
        me, _confirmed("cancel-operator-invitations", recovery=RECOVERY), rules
    )


def _suspend(me: Person) -> object:
    asked = _confirmed("suspend", user=BOB.user, reason="Left the company.")
    return suspend(BOB.person, me, asked, CHARTER)


def _sign_change(me: Person) -> object:
    raw = ME.change({"define-role": {"role": "legal"}})
    return _draft(me, raw)


def _retract(me: Person) -> object:
    scene = Scene()
    scene.sign(ME, person=MINE)
    return scene.retract(ME, person=me)


def _usable() -> Scene:
    mine = f"user:{ME.user}"
    scene = Scene({"threshold": 1, "of": [mine]}, usable={"by": [mine], "times": 1})
    scene.sign(ME, person=MINE)
    return scene


def _report(me: Person) -> object:
    scene = _usable()
    scene.use(ME, person=MINE)
    return scene.report(ME, person=me)


# By what is done: how, and with which act; None for what is no act.
DONE: dict[str, tuple[Callable[[Person], object], type[Act] | None]] = {
    "draft": (lambda me: _draft(me, ME.document()), acts.Draft),
    "draft a change": (_sign_change, acts.Draft),
    "approve": (lambda me: Scene().sign(ME, person=me), None),
    "reject": (lambda me: Scene().reject(ME, person=me), acts.Reject),
    "retract": (_retract, acts.Retract),
    "withdraw": (lambda me: Scene().withdraw(ME, person=me), acts.Withdraw),
    "use": (lambda me: _usable().use(ME, person=me), acts.UseStatement),
    "report an outcome": (_report, acts.ReportOutcome),
    "add a passkey": (_add, acts.AddPasskey),
    "attest a key": (_attest, None),
    "add a service account": (_add_account, None),
    "end a service account": (_end_account, acts.EndServiceAccount),
    "suspend somebody": (_suspend, acts.Suspend),
    "declare a compromise": (
        lambda me: compromise.declare(
            me, _confirmed("declare-compromise", kid=ME.key.kid, since=EARLIER)
        ),
        acts.DeclareCompromise,
    ),
    "reaffirm a key": (_reaffirm, acts.ReaffirmKey),
    "set recovery codes": (_set_codes, acts.SetRecoveryCodes),
    "accept governance": (_accept, acts.AcceptGovernance),
    "cancel a recovery": (_cancel, acts.CancelRecovery),
    "cancel the operator's invitations": (_cancel_operators, acts.CancelOperatorInvitations),
    "say since when a key was compromised": (_dated_end, acts.RevokeKey),
}
ENDED: dict[str, tuple[Callable[[Person], object], type[Act] | None]] = {
    "end the key that signs": (_own_end, acts.RevokeKey),
    "end a passkey": (
        lambda me: remove_passkey(
            me, SPARE.passkey.id, _confirmed("remove-passkey", credentialId=SPARE.passkey.id)
        ),
        acts.RemovePasskey,
    ),
}
# Acts of a link's key and of the ledger's own key, and the one that opens a session.
NOT_OF_PEOPLE = {
    acts.Redeem,
    acts.SignIn,
    ledger_acts.CreateLedger,
    ledger_acts.AnnounceLogKeys,
    ledger_acts.RetireLogKeys,
    ledger_acts.ReplaceHeadsKey,
    ledger_acts.RestoreLedger,
    ledger_acts.RecoverGovernance,
    ledger_acts.FreezeLedger,
    ledger_acts.Heads,
}
WITHOUT_A_PASSKEY = {"draft", "draft a change", "approve", "reject", "retract", "withdraw"} | {
    "end the key that signs",
    "use",
    "report an outcome",
}


def with_standing(value: PersonStanding) -> Person:
    return msgspec.structs.replace(MINE, standing=value)


def without_passkeys() -> Person:
    gone = {
        name: msgspec.structs.replace(each, removed=True) for name, each in MINE.passkeys.items()
    }
    return msgspec.structs.replace(MINE, passkeys=gone)


def test_every_act_of_a_person_is_here() -> None:
    here = {act for _, act in (DONE | ENDED).values() if act is not None}
    assert here | NOT_OF_PEOPLE == {*get_args(acts._ACTS)}


@pytest.mark.parametrize("do", DONE | ENDED)
def test_an_active_person_does_everything(do: str) -> None:
    decide, _ = (DONE | ENDED)[do]
    assert decide(MINE) is not None


@pytest.mark.parametrize("do", DONE)
def test_a_suspended_person_does_nothing_but_end_their_own_keys(do: str) -> None:
    decide, _ = DONE[do]
    with refused(ForbiddenError, "person_suspended"):
        decide(with_standing("suspended"))


@pytest.mark.parametrize("do", ENDED)
def test_a_suspended_person_ends_their_own_keys(do: str) -> None:
    decide, _ = ENDED[do]
    assert decide(with_standing("suspended")) is not None


@pytest.mark.parametrize("do", DONE | ENDED)
def test_a_deactivated_person_does_nothing(do: str) -> None:
    decide, _ = (DONE | ENDED)[do]
    with refused(ForbiddenError, "person_deactivated"):
        decide(with_standing("deactivated"))


@pytest.mark.parametrize("do", sorted((DONE | ENDED).keys() - WITHOUT_A_PASSKEY))
def test_without_a_live_passkey_nobody_does_what_asks_for_one(do: str) -> None:
    decide, _ = (DONE | ENDED)[do]
    with pytest.raises(LedgerError) as error:
        decide(without_passkeys())
    assert error.value.code == "passkey_removed"


@pytest.mark.parametrize("do", sorted(WITHOUT_A_PASSKEY))
def test_a_signing_key_is_enough_for_what_asks_for_no_passkey(do: str) -> None:
    decide, _ = (DONE | ENDED)[do]
    assert decide(without_passkeys()) is not None


def test_an_approval_of_a_change_asks_for_a_live_passkey() -> None:
    scene = Scene({"threshold": 1, "of": ["role:creator"], "assurance": "passkey"})
    jws = ME.shared(scene.raw)
    with refused(RefusedError, "passkey_removed"):
        scene.sign(ME, jws, person=without_passkeys(), assertion=ME.confirm(jws))
