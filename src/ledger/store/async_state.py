"""The operational state for an event loop: no request waits for a lock that another one needs.

Reads and writes have a thread each. A session that was found stays known for a second, because
every request of a member asks for it; ending a session ends it at once in this process, and within
that second in others.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from functools import partial
from typing import TypeVar

import msgspec

from ledger.errors import UnavailableError
from ledger.store import attempts
from ledger.store.batches import Batches
from ledger.store.ports.operations import (
    Access,
    DeviceLink,
    DeviceNote,
    LinkEnd,
    OpenSession,
    OperationalState,
    WrappedKey,
)
from ledger.store.session_tokens import SessionTokens

SESSION_MS = 30 * 24 * 60 * 60 * 1000
IDLE_MS = 7 * 24 * 60 * 60 * 1000  # a session that nobody uses for so long is over
SEEN_MS = 10 * 60 * 1000  # how exactly it is known when a session was used
FRESH_S = 1.0
MAX_FRESH = 10_000
MAX_LOOKS = 256  # for sessions, in one read
PATIENCE_S = 6.0  # longer than a storage engine waits for a lock

_DETAIL = "sessions and ceremonies cannot be read or written now; try again"

T = TypeVar("T")
# Of a person, and of what opened their session.
IsInForce = Callable[[str, str], Awaitable[bool]]


async def _always(_: str, __: str) -> bool:
    return True


class AsyncState:
    """The operational state, as the commands and the sessions of a running server use it."""

    def __init__(self, state: OperationalState) -> None:
        self._state = state
        self._reads = ThreadPoolExecutor(1, thread_name_prefix="state-read")
        self._writes = ThreadPoolExecutor(1, thread_name_prefix="state-write")
        # Looks for sessions share a read: event streams make one a second each.
        self._looks = Batches(self._reads, state.sessions, most=MAX_LOOKS)
        # By token: whose session it opens, when it ends in ms, and until when this is fresh.
        self._fresh: dict[str, tuple[str, int, float]] = {}
        self._ended = 0  # how many times sessions were ended
        self.ceremony_key = state.ceremony_key
        self._tokens = SessionTokens(state.ceremony_key)
        self.born_ms = state.born_ms

    def close(self) -> None:
        """Finish what is running."""
        self._reads.shutdown()
        self._writes.shutdown()

    # --- sessions -----------------------------------------------------------------------------

    async def open_session(
        self, user: str, *, opened_by: str, browser: str, now_ms: int, prefix: str = ""
    ) -> str:
        """Return the secret token of a new session of 30 days that a passkey or key opened.

        The token begins with the prefix, and is no token without it.
        """
        token = self._tokens.new(prefix)
        expires_ms = now_ms + SESSION_MS
        opening = partial(
            self._state.open_session, token, user, opened_by=opened_by, browser=browser
        )
        await self._in(self._writes, partial(opening, now_ms=now_ms, expires_ms=expires_ms))
        return token

    def fresh_session(self, token: str, *, now_ms: int) -> str | None:
        """Return whose session a token opens, if that was found less than a second ago."""
        found = self._fresh.get(token)
        if found is None:
            return None
        user, expires_ms, until_s = found
        if time.monotonic() > until_s or expires_ms <= now_ms:
            del self._fresh[token]
            return None
        return user

    def may_open(self, token: str) -> bool:
        """Tell whether this ledger made a token, and no look has found that it is over."""
        return self._tokens.may_open(token)

    async def session_user(
        self, token: str, *, now_ms: int, is_in_force: IsInForce = _always
    ) -> str | None:
        """Return whose session this token opens, if any; looked up anew.

        `is_in_force` is asked for the person and the passkey or key that opened the session. If it
        is not, the session is ended: a crash between its end and that of its sessions
        leaves them.
        """
        if not self._tokens.may_open(token):
            return None
        asked_s, ended = time.monotonic(), self._ended
        found = await _patiently(self._looks.do(token))
        if found is None or (ends_ms := min(found[2], found[3] + IDLE_MS)) <= now_ms:
            self._fresh.pop(token, None)
            self._tokens.note_over(token)
            return None
        user, opened_by, _, seen_ms = found
        if not await is_in_force(user, opened_by):
            with suppress(UnavailableError):  # the next look ends it
                await self.close_session(token)
            return None
        if seen_ms + SEEN_MS <= now_ms:
            # No request waits for this; the next one repeats what failed.
            self._writes.submit(partial(self._state.see_session, token, now_ms=now_ms))
        if len(self._fresh) >= MAX_FRESH:
            self._fresh.clear()
        if ended == self._ended:  # else this session may be one that ended meanwhile
            self._fresh[token] = (user, ends_ms, asked_s + FRESH_S)
        return user

    async def sessions_of(self, user: str, *, now_ms: int) -> list[OpenSession]:
        """Return a person's sessions that are not over, the newest first, each with its end."""
        found = await self._in(self._reads, partial(self._state.sessions_of, user))
        ends = {each.id: min(each.expires_ms, each.seen_ms + IDLE_MS) for each in found}
        return [
            msgspec.structs.replace(each, expires_ms=ends[each.id])
            for each in found
            if ends[each.id] > now_ms
        ]

    async def close_session_of(self, user: str, session_id: str) -> None:
        """End one of a person's sessions by its id."""
        self._ended += 1
        await self._in(self._writes, partial(self._state.close_session_of, user, session_id))
        self._ended += 1
        self._fresh.clear()  # it does not tell the id of a session; each is looked up anew

    async def close_session(self, token: str) -> None:
        """End a session."""
        self._ended += 1
        await self._in(self._writes, partial(self._state.close_session, token))
        self._ended += 1
        self._fresh.pop(token, None)

    async def close_sessions(self, user: str) -> None:
        """End all sessions of a person: they were suspended."""
        self._ended += 1
        await self._in(self._writes, partial(self._state.close_sessions, user))
        self._ended += 1
        self._fresh = {token: each for token, each in self._fresh.items() if each[0] != user}

    async def close_sessions_of(self, opened_by: str) -> None:
        """End all sessions that a passkey or key opened: it was ended."""
        self._ended += 1
        await self._in(self._writes, partial(self._state.close_sessions_of, opened_by))
        self._ended += 1
        self._fresh.clear()  # it does not tell what opened a session; each is looked up anew

    def look_up_anew(self) -> None:
        """Ask of every session at its next request whether it is still in force."""
        self._ended += 1
        self._fresh.clear()

    # --- wrapped keys ---------------------------------------------------------------------------

    async def keep_wrapped_key(self, user: str, key: WrappedKey) -> bool:
        """Keep a person's wrapped key; False if another of the same key and passkey is kept."""
        return await self._in(self._writes, partial(self._state.keep_wrapped_key, user, key))

    async def wrapped_keys(self, user: str) -> list[WrappedKey]:
        """Return a person's wrapped keys."""
        return await self._in(self._reads, partial(self._state.wrapped_keys, user))

    async def forget_wrapped_key(self, key: WrappedKey) -> None:
        """Delete one wrapped key."""
        await self._in(self._writes, partial(self._state.forget_wrapped_key, key))

    async def forget_wrapped_keys_of(self, name: str) -> None:
        """Delete what belongs to a kid, or to a credential id: it was ended."""
        await self._in(self._writes, partial(self._state.forget_wrapped_keys_of, name))

    # --- devices ----------------------------------------------------------------------------------

    async def note_browser(self, user: str, reference: str, browser: str) -> None:
        """Keep which browser added a person's key or passkey; what was kept first stays."""
        note = partial(self._state.note_browser, user, reference, browser)
        await self._in(self._writes, note)

    async def label(self, user: str, reference: str, label: str) -> None:
        """Keep what a person calls a key or passkey, in place of an older label."""
        await self._in(self._writes, partial(self._state.label, user, reference, label))

    async def device_notes(self, user: str) -> dict[str, DeviceNote]:
        """Return what is remembered of a person's keys and passkeys, by reference."""
        return await self._in(self._reads, partial(self._state.device_notes, user))

    def device_notes_from_thread(self, user: str) -> dict[str, DeviceNote]:
        """Return the same to a thread that is not the event loop's.

        Raises UnavailableError `state_unavailable`.
        """
        return self._reads.submit(self._state.device_notes, user).result(PATIENCE_S)

    async def open_device_link(self, link: DeviceLink) -> None:
        """Keep a person's link, in place of the one before."""
        await self._in(self._writes, partial(self._state.open_device_link, link))

    async def device_link(self, name: str | bytes) -> DeviceLink | None:
        """Return a person's newest link, or that with a secret of this digest; also if it ended."""
        return await self._in(self._reads, partial(self._state.device_link, name))

    async def offer_by_link(self, secret_sha256: bytes, offer: bytes) -> bytes | None:
        """Keep the first offer by a link that was not ended; return what is kept."""
        return await self._in(
            self._writes, partial(self._state.offer_by_link, secret_sha256, offer)
        )

    async def end_device_link(self, user: str, ended: LinkEnd) -> None:
        """End a person's link; why it ended first stays."""
        await self._in(self._writes, partial(self._state.end_device_link, user, ended))

    # --- the access record ------------------------------------------------------------------------

    def note_access_from_thread(self, access: Access) -> None:
        """Keep a line of the access record, from a thread that is not the event loop's.

        Raises UnavailableError `state_unavailable`.
        """
        kept = self._writes.submit(self._state.note_access, access)
        try:
            kept.result(PATIENCE_S)
        except FutureTimeoutError as error:
            raise UnavailableError("state_unavailable", _DETAIL) from error

    async def accesses(self, *, before: int | None, limit: int) -> list[tuple[int, Access]]:
        """Return lines of the access record with their numbers, the newest first."""
        return await self._in(
            self._reads, partial(self._state.accesses, before=before, limit=limit)
        )

    # --- counters and one-time names -------------------------------------------------------------

    async def note_sign_count(self, credential_id: str, count: int, *, now_ms: int) -> None:
        """Keep a verified assertion's count, and when one did not grow."""
        note = partial(self._state.note_sign_count, credential_id, count, now_ms=now_ms)
        await self._in(self._writes, note)

    async def fallen_counts(self) -> dict[str, int]:
        """Return the passkeys whose sign count did not grow, and when in ms since 1970."""
        return await self._in(self._reads, self._state.fallen_counts)

    async def last_seen(self, users: Sequence[str]) -> dict[str, int]:
        """Return when sessions of these people were last used, in ms, as far as it is known."""
        return await self._in(self._reads, partial(self._state.last_seen, users))

    async def last_uses(self, credential_ids: Sequence[str]) -> dict[str, int]:
        """Return when these passkeys were last used, in ms since 1970, as far as it is known."""
        return await self._in(self._reads, partial(self._state.last_uses, credential_ids))

    async def use_once(self, name: str, *, now_ms: int, expires_ms: int) -> None:
        """Take a name that may be used once; raise RefusedError `already_used`."""
        use = partial(self._state.use_once, name, now_ms=now_ms, expires_ms=expires_ms)
        await self._in(self._writes, use)

    async def _in(self, thread: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        if thread is self._writes:
            attempts.begin(attempts.current())
        return await _patiently(asyncio.get_running_loop().run_in_executor(thread, call))


async def _patiently(answer: Awaitable[T]) -> T:
    """Return an answer of the state; raise UnavailableError `state_unavailable` if it is late."""
    try:
        return await asyncio.wait_for(answer, PATIENCE_S)
    except TimeoutError as error:
        raise UnavailableError("state_unavailable", _DETAIL) from error
