"""What the workers of one socket hold together: bytes of bodies, and open event streams.

It is in memory that the parent maps before it starts the workers. Each worker has a row, which it
alone writes, and a bound holds for the sum of all rows. So there is no lock, which a worker that is
stopped would keep; two workers that look at the same moment may go beyond a bound by one each. The
parent clears the row of a worker that died, before the next one of its number starts.
"""

import hashlib
import mmap

MAX_STREAMS = 256  # in all, so of one worker too
_NUMBER_BYTES = 8
_ROW = 1 + MAX_STREAMS  # the bytes of bodies, then whose each open stream is


class Holdings:
    """The rows of all workers of one socket; a server without workers is one."""

    def __init__(self, workers: int = 1) -> None:
        """Map the memory."""
        self._workers = workers
        self._rows = memoryview(mmap.mmap(-1, workers * _ROW * _NUMBER_BYTES)).cast("Q")

    def row(self, worker: int) -> "Holding":
        """Return the row of a worker, empty."""
        self.forget(worker)
        first = worker * _ROW
        return Holding(self, self._rows[first : first + _ROW])

    def forget(self, worker: int) -> None:
        """Forget what a worker held that is not there any more."""
        first = worker * _ROW
        for place in range(first, first + _ROW):
            self._rows[place] = 0

    def bodies_bytes(self) -> int:
        """Return the bytes of bodies that all workers hold."""
        return sum(self._rows[::_ROW])

    def streams(self, member: str) -> tuple[int, int]:
        """Return how many streams are open, and how many of them are a member's."""
        open_, own = 0, 0
        number = _number(member)
        for first in range(0, len(self._rows), _ROW):
            row = self._rows[first + 1 : first + _ROW].tolist()
            open_ += len(row) - row.count(0)
            own += row.count(number)
        return open_, own


class Holding:
    """What one worker holds, and through `all` what all of them do."""

    def __init__(self, holdings: Holdings, row: memoryview) -> None:
        self.all = holdings
        self._row = row

    @property
    def bodies_bytes(self) -> int:
        """The bytes of bodies that this worker holds."""
        return int(self._row[0])

    def hold_bytes(self, count: int) -> None:
        """Count so many bytes more, or fewer if it is negative."""
        self._row[0] += count

    def open_stream(self, member: str) -> int:
        """Count a stream of a member; return its place, for `close_stream`."""
        place = self._row.tolist().index(0, 1)
        self._row[place] = _number(member)
        return place

    def close_stream(self, place: int) -> None:
        """Forget a stream."""
        self._row[place] = 0


def _number(member: str) -> int:
    return int.from_bytes(hashlib.sha256(member.encode()).digest()[:_NUMBER_BYTES]) or 1
