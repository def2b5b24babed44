"""Sign in: with a passkey, or, for a machine, with an attested key. Nothing is recorded."""

from ledger import clock
from ledger.commands.ceremonies import Begun, Ceremonies
from ledger.commands.writer import Writer
from ledger.domain import acts
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.passkey import AssertionEvidence, verify_assertion
from ledger.encoding import b64u_decode
from ledger.errors import RefusedError
from ledger.store.sqlite.sessions import OperationalState

SIGN_IN = "sign-in"


class SignInCommands:
    """How a person or a machine shows who it is."""

    def __init__(self, writer: Writer, state: OperationalState, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._state = state
        self._ceremonies = ceremonies

    def begin(self) -> Begun:
        """Open a sign-in; its challenge is random, so no attestation can be replayed as one."""
        return self._ceremonies.begin(SIGN_IN)

    def with_passkey(self, ceremony_id: str, assertion: AssertionEvidence) -> str:
        """Return whose passkey signed the challenge.

        Raises RefusedError `ceremony_unknown`, `passkey_unknown`, `passkey_removed`,
        `passkey_assertion_refused`.
        """
        begun = self._ceremonies.take(ceremony_id, SIGN_IN)
        reading = self._writer.reading(fresh=True)
        holder = reading.holder(assertion.credential_id)
        passkey = holder.active_passkey(assertion.credential_id)
        known = max(passkey.sign_count, self._state.sign_count(assertion.credential_id))
        count = verify_assertion(
            assertion,
            challenge=b64u_decode(begun.challenge),
            public_key=passkey.public_key,
            sign_count=known,
            party=reading.charter().party,
        )
        self._state.advance_sign_count(assertion.credential_id, count)
        return holder.user

    def with_key(self, act_text: str) -> str:
        """Return whose attested key signed a `sign-in` act; its jti is used once.

        Raises RefusedError as `verify_act` does, or `already_used`.
        """
        jws = parse_act(act_text)
        reading = self._writer.reading(fresh=True)
        signer = reading.signer(jws.header.kid)
        key = signer.active_key(jws.header.kid, now_ms=reading.now_ms)
        ledger = reading.charter().ledger
        act = verify_act(jws, key.jwk, acts.SignIn, ledger=ledger, now_ms=reading.now_ms)
        if not 1 <= len(act.jti) <= 128:
            raise RefusedError("act_mismatch", "a jti must have 1 to 128 characters")
        name = f"sign-in/{key.kid}/{act.jti}"
        expires = reading.now_ms + 2 * clock.SKEW_MS
        self._state.use_once(name, now_ms=reading.now_ms, expires_ms=expires)
        return signer.user
