"""The port of the turn to publish: one of the servers of a log has it, and the others follow.

It saves work and is no lock: what is published is ordered by the signer's memory. A server that is
stopped keeps its turn for a while, so the others stand in when a checkpoint is late.
"""

from typing import Protocol


class PublishingTurn(Protocol):
    """One server's claim to the turn; for one thread."""

    def take(self) -> bool:
        """Tell whether this server has the turn, after taking it if nobody has it.

        Raises UnavailableError `storage_failed`.
        """
        ...

    def close(self) -> None:
        """Give the turn back. The end of the process does so too."""
        ...


class OwnTurn:
    """The turn of the only server of a log."""

    def take(self) -> bool:
        """Tell that it is this server's turn."""
        return True

    def close(self) -> None:
        """Do nothing."""
