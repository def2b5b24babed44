"""What the organisation's sign-in is to a running server, and what a session needs of it.

Without a provider nothing is asked. Where the operator requires it, a session that a passkey opens
needs a proof that its browser was at the provider within ten minutes; the first one links the
person's account. A session that a program's key opens needs a person who is linked.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, TypeVar

from ledger.errors import ConflictError, ForbiddenError, NotFoundError
from ledger.http.admission import address_of, site_of
from ledger.http.lanes import Lane, without_turn
from ledger.http.organisation_cookies import PROOF_S, OrganisationCookies, Proof
from ledger.http.requests import AnyRequest
from ledger.organisation.blocks import BlockList, KnownBlocks
from ledger.organisation.people import OrganisationPeople
from ledger.organisation.provider import MOST_AT_ONCE, Flow, Provider
from ledger.organisation.scim_service import ScimService
from ledger.store.async_state import AsyncState
from ledger.system.organisation_settings import OrganisationSettings

_KEEP_MS = 2 * PROOF_S * 1000
# Browsers that go to the provider or come back wait for it, those of each address in turn.
MOST_OF_ONE = 3
MOST_WAITING = 64
WAIT_S = 10.0

T = TypeVar("T")


class Organisation:
    """The organisation's sign-in of one ledger that has a provider."""

    def __init__(
        self,
        settings: OrganisationSettings,
        provider: Provider,
        people: OrganisationPeople,
        blocks: KnownBlocks,
        cookies: OrganisationCookies,
        state: AsyncState,
        now_ms: Callable[[], int],
        scim: ScimService | None,
    ) -> None:
        """`scim` serves the provider's directory, None where the operator set no token."""
        self.settings = settings
        self.provider = provider
        self.people = people
        self.blocks = blocks
        self.cookies = cookies
        self.scim = scim
        self._state = state
        self._now_ms = now_ms
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="provider")
        self._lane = Lane(
            None, at_once=MOST_AT_ONCE, each=MOST_OF_ONE, waiting=MOST_WAITING, wait_s=WAIT_S
        )

    @property
    def now_ms(self) -> int:
        """The time in milliseconds, which no step of the clock takes back."""
        return self._now_ms()

    @property
    def now_s(self) -> int:
        """The time in seconds."""
        return self._now_ms() // 1000

    def warnings(self) -> list[str]:
        """Return what administrators should know."""
        trouble = self.blocks.trouble
        return [] if trouble is None else [f"the organisation's directory is not read: {trouble}"]

    @property
    def block_news(self) -> BlockList | None:
        """Of whose blocks administrators are told; None where the directory blocks nobody."""
        return None if self.scim is None else self.people.blocks

    def is_blocked(self, person: str) -> bool:
        """Tell whether the directory blocks a person, as this process knows it."""
        return self.scim is not None and person in self.blocks.known

    def is_shown(self, request: AnyRequest) -> bool:
        """Tell whether a browser shows that its person was at the provider."""
        return self.cookies.proof_of(request, now_s=self.now_s) is not None

    async def begin(self, request: AnyRequest, onward: str) -> tuple[str, Flow]:
        """Return where to send a browser, and what its cookie keeps; raise as `Provider.begin`."""
        return await self._asked(request, partial(self.provider.begin, onward, now_s=self.now_s))

    async def returned(
        self, request: AnyRequest, flow: Flow, code: str, issuer: str | None
    ) -> Proof:
        """Return the proof of a browser that comes back with a code, which counts once.

        Raises RefusedError `already_used` and as `Provider.finish`.
        """
        await self._once(f"organisation-flow/{flow.state}")
        finish = partial(self.provider.finish, flow, code, issuer=issuer, now_s=self.now_s)
        who = await self._asked(request, finish)
        return Proof(secrets.token_urlsafe(16), who, self.now_s + PROOF_S)

    async def link(self, request: AnyRequest, person: str) -> None:
        """Link a person who has just used a passkey to the account that their browser shows.

        Raises ForbiddenError `organisation_required`, ConflictError `organisation_other`,
        RefusedError `already_used`.
        """
        proof = self.cookies.proof_of(request, now_s=self.now_s)
        if proof is None:
            raise required()
        await self._once(f"organisation-proof/{proof.id}")
        await asyncio.to_thread(self._link, person, proof)

    async def admit(self, request: AnyRequest, person: str, *, by_passkey: bool) -> None:
        """Let a person have a session; called for each that is opened.

        Raises as `link`, and ForbiddenError `person_blocked`.
        """
        if not self.settings.is_required:
            return
        if by_passkey:
            try:
                await self.link(request, person)
            except ConflictError as error:
                raise ForbiddenError(error.code, error.detail) from error
        elif await asyncio.to_thread(self.people.link_of, person) is None:
            raise required()

    def close(self) -> None:
        """End the threads that ask the provider; a request to it may run on for a moment."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _asked(self, request: AnyRequest, call: Callable[[], T]) -> T:
        """Ask the provider. While it hangs, no thread and no turn of other requests is held.

        Raises UnavailableError `provider_unavailable`, `server_busy`.
        """
        site = site_of(address_of(request.scope.get("client")))
        async with without_turn():
            await self._lane.take(site)
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, call)
            finally:
                self._lane.give_back(site)

    def unlink(self, person: str) -> None:
        """Forget a person's link and block; raise NotFoundError `organisation_unlinked`."""
        if not self.people.unlink(person):
            raise NotFoundError("organisation_unlinked", "this person is not linked")
        self.blocks.refresh()

    def _link(self, person: str, proof: Proof) -> None:
        self.people.link(person, proof.who, now_ms=self._now_ms())
        self.blocks.refresh()

    async def _once(self, name: str) -> None:
        now_ms = self._now_ms()
        await self._state.use_once(name, now_ms=now_ms, expires_ms=now_ms + _KEEP_MS)


def required() -> ForbiddenError:
    """Return the refusal of a session without the organisation's sign-in."""
    detail = "sign in at your organisation first, then here"
    return ForbiddenError("organisation_required", detail)


SignInState = Literal["off", "needed", "shown"]


def state_of(organisation: Organisation | None, request: AnyRequest) -> SignInState:
    """Return what a browser's sign-in needs of the organisation's provider."""
    if organisation is None or not organisation.settings.is_required:
        return "off"
    return "shown" if organisation.is_shown(request) else "needed"
