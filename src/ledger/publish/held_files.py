"""Files of a bundle, in memory as far as there is room."""

from collections.abc import Callable

from ledger.verify import container
from ledger.verify.container import MeasuredFile


class HeldFiles:
    """Keeps files in memory while there is room; another one is read again when it is written."""

    def __init__(self, room_bytes: int) -> None:
        self._left = room_bytes

    def file(self, content: bytes, again: Callable[[], bytes]) -> MeasuredFile:
        """Return a file with this content, which `again` reads from the log again."""
        file = container.held(content)
        if len(content) <= self._left:
            self._left -= len(content)
            return file
        return file._replace(read=lambda: iter((again(),)))
