"""What people call their keys and passkeys, and which browser added each. No part of the log.

A label is its owner's own word: it proves nothing, changes often, and can say more of a person than
a log may keep for ever.
"""

from uuid import UUID

from ledger.commands.writer import Writer
from ledger.domain.text import require_text
from ledger.store.async_state import AsyncState
from ledger.store.ports.operations import DeviceNote


class DeviceCommands:
    """What people may ask of the notes on their keys and passkeys."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state

    async def note_browser(self, user: str, reference: str, browser: str) -> None:
        """Keep which browser added a key or passkey, `kid:…` or `passkey:…`."""
        await self._state.note_browser(user, reference, browser)

    async def label(self, user: str, reference: str, label: str) -> None:
        """Keep what the person who is signed in calls a key or passkey of theirs.

        Raises MalformedError `text_refused`; NotFoundError `key_unknown`, `passkey_unknown`.
        """
        require_text(label, "label")
        owner = await self._writer.ask(lambda reading: reading.person(UUID(user)), fresh=True)
        owner.find(reference)
        await self._state.label(user, reference, label)

    async def notes(self, user: str) -> dict[str, DeviceNote]:
        """Return what is remembered of a person's keys and passkeys, by reference."""
        return await self._state.device_notes(user)

    def notes_from_thread(self, user: str) -> dict[str, DeviceNote]:
        """Return the same to a thread that is not the event loop's."""
        return self._state.device_notes_from_thread(user)
