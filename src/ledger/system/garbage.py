"""How often Python searches for cycles while a whole log is read."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

COLLECT_EVERY = 100_000  # net new objects between searches


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Search for cycles rarely inside the block.

    What is read from a log has many objects and no cycles, so a search finds nothing to free.
    """
    usual = gc.get_threshold()
    gc.set_threshold(COLLECT_EVERY, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
