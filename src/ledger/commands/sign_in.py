"""Sign in: with a passkey, or, for a machine, with an attested key. Nothing is recorded."""

from uuid import UUID

from ledger import clock
from ledger.commands.ceremonies import Begun, Ceremonies
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.writer import Writer
from ledger.domain import acts, challenges
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.holdings import AttestedKey
from ledger.domain.passkey import AssertionEvidence, verify_assertion
from ledger.domain.person import Person
from ledger.domain.standing import require_standing
from ledger.errors import ForbiddenError, NotFoundError, RefusedError, UnavailableError
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

    async def is_in_force(self, user: str, opened_by: str) -> bool:
        """Tell whether a person may act, and whether what opened their session is in force.

        It is a passkey or a signing key. While the log cannot be read, answers from what this
        process knows; raises UnavailableError `storage_failed` if it knows nothing.
        """
        now_ms = self._writer.steady_ms()

        def look(reading: Reading) -> None:
            reading.require_admitted(UUID(user))
            person = reading.person(UUID(user))
            require_standing(person)
            if opened_by in person.passkeys:
                person.active_passkey(opened_by, now_ms=now_ms)
            else:
                person.active_key(opened_by, now_ms=now_ms, act="sign-in")

        try:
            try:
                await self._writer.ask(look, fresh=True)
            except UnavailableError:
                await self._writer.ask(look)
        except (ForbiddenError, NotFoundError, RefusedError):
            return False
        return True

    async def require_active(self, credential_id: str) -> None:
        """Raise RefusedError `passkey_removed`, or ForbiddenError as `require_standing`, by now.

        Ask after the session is open: a removal ends only the sessions that it finds.
        """
        holder = await self._writer.ask(lambda reading: reading.holder(credential_id), fresh=True)
        holder.active_passkey(credential_id, now_ms=self._writer.now_ms())
        require_standing(holder)

    async def require_active_key(self, kid: str) -> None:
        """Raise RefusedError for a key that is not in force by now, or as above; ask as above."""
        signer = await self._writer.ask(lambda reading: reading.signer(kid), fresh=True)
        signer.active_key(kid, now_ms=self._writer.now_ms(), act="sign-in")
        require_standing(signer)

    async def with_key(self, act_text: str) -> tuple[str, AttestedKey]:
        """Return whose attested key signed a `sign-in` act, and that key; its jti is used once.

        Raises RefusedError as `verify_act` does, or `already_used`; ForbiddenError as
        `require_standing`.
        """
        jws = parse_act(act_text)

        def who(reading: Reading) -> tuple[Person, Charter]:
            return reading.signer(jws.header.kid), reading.charter()

        signer, founding = await self._writer.ask(who, fresh=True)
        now_ms = self._writer.now_ms()
        key = signer.active_key(jws.header.kid, now_ms=now_ms, act="sign-in")
        act = verify_act(jws, key.jwk, acts.SignIn, ledger=founding.ledger, now_ms=now_ms)
        if not 1 <= len(act.jti) <= 128:
            raise RefusedError("act_mismatch", "a jti must have 1 to 128 characters")
        require_standing(signer)
        self._require_known_names(act.iat)
        name = f"sign-in/{key.kid}/{act.jti}"
        # The act's own time says until when its name is known: the same however the clock was set.
        now_ms, ends_ms = self._writer.steady_ms(), clock.stale_ms(act.iat * 1000)
        await self._state.use_once(name, now_ms=now_ms, expires_ms=ends_ms)
        return signer.user, key

    def _require_known_names(self, iat: int) -> None:
        """Refuse acts that may have been used before the operational state was lost or dropped."""
        born_ms = self._state.born_ms
        if born_ms and iat * 1000 <= born_ms + clock.SKEW_MS:
            detail = "this may have been used before the server lost its state; sign in again later"
            raise RefusedError("already_used", detail)
