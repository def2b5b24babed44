"""Found a ledger at its first start, and open its operational state."""

import logging
from collections.abc import Callable
from contextlib import ExitStack, closing

from ledger.commands.founding import found
from ledger.settings import Settings
from ledger.store.async_state import AsyncState
from ledger.store.engines import open_operations
from ledger.store.log import Log

_FIRST = "first administrator, register once at %s"
_log = logging.getLogger("ledger")


def founded_state(
    settings: Settings, log: Log, now_ms: Callable[[], int], opened: ExitStack, *, tells: bool
) -> AsyncState:
    """Return the operational state of a ledger, which is founded at its first start.

    With `tells`, the log of the server says how the first administrator registers.
    """
    born_ms = now_ms() if log.head() else 0
    if (secret := found(log, settings, now_ms=now_ms())) and tells:
        _log.warning(_FIRST, f"{settings.origin}/register#invitation={secret}")
    # After the founding, so that it knows which ledger it belongs to.
    operations = open_operations(settings.log_address, settings.data, born_ms=born_ms)
    return opened.enter_context(closing(AsyncState(opened.enter_context(closing(operations)))))
