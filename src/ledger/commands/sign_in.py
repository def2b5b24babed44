"""Sign in: with a passkey, or, for a machine, with an attested key. Nothing is recorded."""

from ledger import clock
from ledger.commands.ceremonies import Begun, Ceremonies
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.writer import Writer
from ledger.domain import acts, challenges
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.passkey import AssertionEvidence, verify_assertion
from ledger.domain.person import Person
from ledger.domain.standing import require_standing
from ledger.errors import RefusedError
from ledger.store.async_state import AsyncState

SIGN_IN = "sign-in"


class SignInCommands:
    """How a person or a machine shows who it is."""

    def __init__(self, writer: Writer, state: AsyncState, ceremonies: Ceremonies) -> None:
        self._writer = writer
        self._state = state
        self._ceremonies = ceremonies

    async def begin(self) -> Begun:
        """Open a sign-in."""
        return await self._ceremonies.begin(SIGN_IN)

    async def with_passkey(self, ceremony_id: str, assertion: AssertionEvidence) -> str:
        """Return whose passkey signed the challenge.

        Raises RefusedError `ceremony_unknown`, `passkey_unknown`, `passkey_removed`,
        `passkey_assertion_refused`; ForbiddenError as `require_standing`.
        """
        begun = await self._ceremonies.take(ceremony_id, SIGN_IN)
        credential_id = assertion.credential_id

        def who(reading: Reading) -> tuple[Person, Charter]:
            return reading.holder(credential_id), reading.charter()

        holder, founding = await self._writer.ask(who, fresh=True)
        passkey = holder.active_passkey(credential_id, now_ms=self._writer.now_ms())
        verify_assertion(
            assertion,
            challenge=challenges.sign_in(ledger=founding.ledger, nonce=begun.nonce),
            public_key=passkey.public_key,
            party=founding.party,
        )
        await note_counts(self._state, self._writer.now_ms(), assertion)
        require_standing(holder)
        return holder.user

    async def require_active(self, credential_id: str) -> None:
        """Raise RefusedError `passkey_removed`, or ForbiddenError as `require_standing`, by now.

        Ask after the session is open: a removal ends only the sessions that it finds.
        """
        holder = await self._writer.ask(lambda reading: reading.holder(credential_id), fresh=True)
        holder.active_passkey(credential_id, now_ms=self._writer.now_ms())
        require_standing(holder)

    async def require_active_key(self, kid: str) -> None:
        """Raise RefusedError for a signing key that is not in force by now; ask as above."""
        signer = await self._writer.ask(lambda reading: reading.signer(kid), fresh=True)
        signer.active_key(kid, now_ms=self._writer.now_ms())

    async def with_key(self, act_text: str) -> tuple[str, str]:
        """Return whose attested key signed a `sign-in` act, and its kid; its jti is used once.

        Raises RefusedError as `verify_act` does, or `already_used`; ForbiddenError as
        `require_standing`.
        """
        jws = parse_act(act_text)

        def who(reading: Reading) -> tuple[Person, Charter]:
            return reading.signer(jws.header.kid), reading.charter()

        signer, founding = await self._writer.ask(who, fresh=True)
        now_ms = self._writer.now_ms()
        key = signer.active_key(jws.header.kid, now_ms=now_ms)
        act = verify_act(jws, key.jwk, acts.SignIn, ledger=founding.ledger, now_ms=now_ms)
        if not 1 <= len(act.jti) <= 128:
            raise RefusedError("act_mismatch", "a jti must have 1 to 128 characters")
        require_standing(signer)
        _require_after_restore(founding, act.iat)
        name = f"sign-in/{key.kid}/{act.jti}"
        await self._state.use_once(name, now_ms=now_ms, expires_ms=now_ms + 2 * clock.SKEW_MS)
        return signer.user, key.kid


def _require_after_restore(founding: Charter, iat: int) -> None:
    """Refuse acts that may have been used before a restore, which forgets used names."""
    if founding.restorations:
        restored_ms = clock.to_ms(founding.restorations[-1].at)
        if iat * 1000 <= restored_ms + clock.SKEW_MS:
            raise RefusedError("already_used", "this may have been used before the restore")
