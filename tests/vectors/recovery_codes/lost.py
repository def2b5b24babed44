"""A company in which somebody may lose every device, and what they send to come back."""

from typing import Any

import msgspec

from ledger import clock
from ledger.domain import challenges
from ledger.domain.charter_values import LEAST_WAIT_MS as WAIT_MS
from ledger.domain.events import (
    KeyAttested,
    PasskeyAdded,
    PasskeyRemoved,
    RecoveryCancelled,
    RecoveryCodesSet,
)
from tests.support.authenticator import Passkey
from tests.support.fixed_keys import fixed_passkey
from tests.support.keys import ed25519_key
from tests.support.links import link_jwk, link_key
from tests.support.signers import LEDGER, NONCE, Signer, assertion
from tests.vectors.changes.company import Company

NAMES = [f"code {n}" for n in range(10)]


class Lost(Company):
    """The company, in which Ivy may lose her devices."""

    def __init__(self) -> None:
        super().__init__()
        self.old, self.new = self.ivy.passkey, fixed_passkey(50)

    def codes(self, names: list[str] = NAMES, who: Signer | None = None) -> RecoveryCodesSet:
        """Return the event that sets codes."""
        who = who or self.ivy
        act = who.act("set-recovery-codes", keys=[link_jwk(each) for each in names])
        confirmed = who.confirm(act)
        keys = tuple(link_key(each).jwk for each in names)
        return RecoveryCodesSet(keys, who.key.kid, act, confirmed, self.old.sign_count)

    def set(self, names: list[str] = NAMES) -> None:
        self.tell(self.ivy.user, self.codes(names))

    def recovery(
        self, name: str = NAMES[0], passkey: Passkey | None = None, **said: Any
    ) -> PasskeyAdded:
        """Return the passkey that a code adds."""
        passkey = passkey or self.new
        about = {"purpose": "recovery", "cose": passkey.cose_sha256}
        challenge = challenges.redeem(
            cose_sha256=passkey.cose_sha256, ledger=LEDGER, nonce=NONCE, user=self.ivy.user
        )
        return msgspec.structs.replace(
            self.shown(self.ivy, passkey),
            redeem=self.ivy.redeem(link_key(name), **(about | said)),
            assertion=assertion(passkey.get(challenge)),
            active_from=self.later(WAIT_MS),
        )

    def later(self, ms: int) -> str:
        return clock.to_text(self.time.ms + ms)

    def use(self, name: str = NAMES[0], passkey: Passkey | None = None) -> None:
        self.tell(self.ivy.user, self.recovery(name, passkey))

    def wait(self, ms: int = WAIT_MS) -> None:
        self.time.ms += ms

    def removal(
        self, by: Signer, credential_id: str, passkey: Passkey | None = None
    ) -> PasskeyRemoved:
        """Return the end of a passkey of Ivy's, confirmed by a passkey."""
        own, by.passkey = by.passkey, passkey or by.passkey
        act = by.act("remove-passkey", credentialId=credential_id)
        confirmed = by.confirm(act)
        count, by.passkey = by.passkey.sign_count, own
        return PasskeyRemoved(credential_id, by.key.kid, act, confirmed, count)

    def cancellation(
        self, by: Signer | None = None, recovery: str | None = None, **members: Any
    ) -> RecoveryCancelled:
        """Return the end of Ivy's recovery."""
        by, recovery = by or self.ivy, recovery or f"passkey:{self.new.id}"
        act = by.act("cancel-recovery", **({"recovery": recovery, "user": self.ivy.user} | members))
        confirmed = by.confirm(act)
        count = by.passkey.sign_count
        return RecoveryCancelled(
            self.ivy.user, recovery, by.user, by.key.kid, act, confirmed, count
        )

    def attestation(self) -> KeyAttested:
        """Return a key that Ivy's new passkey attests."""
        key, self.ivy.passkey = ed25519_key(77), self.new
        said = self.ivy.submission(key)
        self.ivy.passkey = self.old
        return KeyAttested(
            key.kid, key.jwk, NONCE, "device", said.assertion, self.new.sign_count, said.possession
        )

    def last(self, body: Any) -> None:
        self.add(self.ivy.user, body)
