"""A company in which Ivy comes back by a re-enrolment, and what she and others send meanwhile."""

from typing import Any

import msgspec

from ledger.domain.events import (
    CompromiseDeclared,
    KeyAttested,
    PasskeyAdded,
    RecoveryCancelled,
    RecoveryCodesSet,
)
from tests.support.authenticator import Passkey
from tests.support.comebacks import COMEBACK, admit, re_enrol
from tests.support.fixed_keys import fixed_passkey
from tests.support.keys import ed25519_key
from tests.vectors.changes.company import TWO, Item, grant
from tests.vectors.recovery_codes.lost import Lost

OTHERS = [f"a later code {n}" for n in range(10)]
OTHER_LINK = "another comeback"
LATER = fixed_passkey(52)
DAY_MS = 86_400_000


class Returning(Lost):
    """The company, in which Ivy comes back with a new passkey."""

    def __init__(self) -> None:
        super().__init__()
        self.changes = 20  # the number of the last change

    def ask(self, *items: Item, two: bool = False) -> None:
        """Record a change of these items; `two` for the policy that asks for two people."""
        self.changes += 1
        rules = {"governance": TWO} if two else {}
        raw = self.change(self.ada, self.changes, *items, **rules)
        if two:
            self.approve_change(self.ben, raw)

    def open(self, link: str = COMEBACK, *, two: bool = False) -> None:
        self.ask(re_enrol(self.ivy, link), two=two)

    def redemption(
        self,
        passkey: Passkey | None = None,
        link: str = COMEBACK,
        *,
        admission: bool = False,
        **said: Any,
    ) -> PasskeyAdded:
        """Return the passkey that Ivy's link adds; `said` is what the link's key signs."""
        body = self.recovery(link, passkey, **({"purpose": "re-enrolment"} | said))
        return msgspec.structs.replace(body, re_enrols=True, needs_admission=admission)

    def redeem(self, *, admission: bool = False) -> None:
        self.tell(self.ivy.user, self.redemption(admission=admission))

    def come_back(self) -> None:
        """Complete a re-enrolment of Ivy."""
        self.open()
        self.redeem()
        self.wait()

    def wait_for_admission(self) -> None:
        """Let Ivy's new passkey wait for two people to admit it."""
        self.govern_by_two()
        self.open(two=True)
        self.redeem(admission=True)

    def admit(self) -> None:
        self.ask(admit(self.ivy, self.new), two=True)

    def attests(self, passkey: Passkey) -> KeyAttested:
        """Return a key that a passkey of Ivy's attests."""
        own, self.new = self.new, passkey
        found = self.attestation()
        self.new = own
        return found

    def add_meanwhile(self) -> None:
        """Let Ivy add a passkey with her old one."""
        self.add_passkey(self.ivy, LATER)
        self.ivy.passkey = self.old

    def sign_anew(self) -> None:
        """Let Ivy attest a key with her new passkey, and use both from now on."""
        self.tell(self.ivy.user, self.attestation())
        self.ivy.key, self.ivy.passkey = ed25519_key(77), self.new

    def codes_anew(self) -> RecoveryCodesSet:
        """Return new codes, by the key and passkey in use."""
        body = self.codes(OTHERS)
        return msgspec.structs.replace(body, sign_count=self.ivy.passkey.sign_count)

    def cancelled_by_new(self) -> RecoveryCancelled:
        """Return a cancellation that the passkey that waits confirms."""
        self.ivy.passkey = self.new
        body = self.cancellation()
        self.ivy.passkey = self.old
        return body

    def declaration(self, credential_id: str) -> CompromiseDeclared:
        """Return Ivy's declaration that a passkey was stolen a moment ago."""
        since = str(self.time)
        act = self.ivy.act("declare-compromise", passkey=credential_id, since=since, also=[])
        shown, count = self.ivy.confirm(act), self.ivy.passkey.sign_count
        name = f"passkey:{credential_id}"
        return CompromiseDeclared(name, since, (), self.ivy.key.kid, act, shown, count)

    def grant_by(self, passkey: Passkey) -> Item:
        """Return the item that makes Ivy an administrator and states a passkey."""
        item = grant(self.ivy, "administrator")
        item["grant-role"]["cose"] = passkey.cose_sha256
        return item

    def complete(self, *items: Item, two: bool = False, **members: Any) -> None:
        """Record a change; its effect comes last and says something else."""
        raw = self.begin(self.ada, *items, **({"governance": TWO} if two else {}))
        stream = msgspec.json.decode(raw)["statementId"]
        for each in [self.ada, self.ben] if two else [self.ada]:
            self.tell(stream, self.approval_of(each, raw))
        (effect,) = self.auditor.due
        self.add(effect.stream, msgspec.structs.replace(effect.body, **members))
