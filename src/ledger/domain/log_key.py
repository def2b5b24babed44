"""A log key of the ledger, and the sizes of the checkpoints that it signs. Pure."""

from collections.abc import Sequence

import msgspec


class LogKey(msgspec.Struct, frozen=True):
    """A key for checkpoints of `first_size` to `last_size` entries; `last_size` None: open end."""

    vkey: str
    first_size: int
    last_size: int | None = None

    def signs(self, size: int) -> bool:
        """Tell whether this key signs checkpoints of this size."""
        return self.first_size <= size and (self.last_size is None or size <= self.last_size)

    def end(self, last_size: int, only: Sequence[str] | None = None) -> "LogKey":
        """Return it as it ends with a size, itself if it ended before or is not one of `only`."""
        if self.last_size is not None or (only is not None and self.vkey not in only):
            return self
        return msgspec.structs.replace(self, last_size=last_size)


def key_of(vkey: str) -> str:
    """Return the part of a vkey that has the key itself, after its name and id."""
    return vkey.split("+", 2)[-1]
