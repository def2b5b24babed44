"""Sign counts: each verified assertion's count is noted; one that falls is a signal, no refusal."""

from contextlib import suppress

from ledger.domain.passkey import AssertionEvidence, sign_count
from ledger.errors import UnavailableError
from ledger.store.async_state import AsyncState


async def note_counts(
    state: AsyncState, now_ms: int, *assertions: AssertionEvidence | None
) -> None:
    """Note the counts of verified assertions; what they confirmed is recorded in any case."""
    with suppress(UnavailableError):
        for each in assertions:
            if each is not None:
                await state.note_sign_count(each.credential_id, sign_count(each), now_ms=now_ms)
