"""Buckets that the workers of one socket share, so that a client has one quota and not one of each.

They are in memory that the parent maps before it starts the workers. A bucket is two numbers of
eight bytes: what its key hashes to, and when it is full again. The table has sets of eight places;
a new key takes the place of its set's fullest bucket. The hash has a secret key, so nobody aims at
the set of another.

There is no lock, because a worker that is stopped with it would stop all others. Two workers that
take from one bucket at the same moment may count one request for two.
"""

import hashlib
import mmap
import secrets
import time
from collections.abc import Callable, Hashable

from ledger.http.quotas import MAX_BUCKETS, ROUNDING_S, Quota

WAYS = 8
_NUMBER_BYTES = 8


class SharedBuckets:
    """A table of buckets in memory that processes share; it has the methods of `Buckets`."""

    def __init__(
        self, most: int = MAX_BUCKETS, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Map a table for at most so many buckets; `now_s` is the same clock in every process."""
        self._sets = most // WAYS
        self._now_s = now_s
        self._secret = secrets.token_bytes(32)
        places = self._sets * WAYS
        self._memory = mmap.mmap(-1, 2 * places * _NUMBER_BYTES)
        numbers = memoryview(self._memory)
        self._keys = numbers[: places * _NUMBER_BYTES].cast("Q")
        self._full_at = numbers[places * _NUMBER_BYTES :].cast("d")

    def __len__(self) -> int:
        """Return how many places are taken."""
        return sum(1 for key in self._keys if key)

    def wait_s(self, key: Hashable, quota: Quota) -> float:
        """Return the seconds until the bucket holds a request, 0 if it holds one now."""
        place = self._place(self._number(key))
        if place is None:
            return 0.0
        wait_s = self._full_at[place] - self._now_s() - (quota.burst - 1) / quota.per_s
        return wait_s if wait_s > ROUNDING_S else 0.0

    def take(self, key: Hashable, quota: Quota) -> None:
        """Take one request out of the bucket; at most one more than it holds."""
        number, now_s = self._number(key), self._now_s()
        place = self._place(number)
        if place is None:
            place, full_at = self._fullest(number), now_s
            self._keys[place] = number
        else:
            full_at = max(self._full_at[place], now_s)
        self._full_at[place] = min(full_at + 1 / quota.per_s, now_s + quota.burst / quota.per_s)

    def _number(self, key: Hashable) -> int:
        digest = hashlib.blake2b(repr(key).encode(), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest) or 1  # 0 is an empty place

    def _set(self, number: int) -> range:
        first = number % self._sets * WAYS
        return range(first, first + WAYS)

    def _place(self, number: int) -> int | None:
        return next((place for place in self._set(number) if self._keys[place] == number), None)

    def _fullest(self, number: int) -> int:
        return min(self._set(number), key=lambda place: self._full_at[place])
