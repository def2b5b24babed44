"""Searches for cycles: rare inside the block, as before after it."""

import gc
from contextlib import suppress

from ledger.system.garbage import COLLECT_EVERY, collected_rarely


def test_garbage_is_collected_rarely_inside_the_block_only() -> None:
    usual = gc.get_threshold()
    inside = usual
    with suppress(KeyError), collected_rarely():
        inside = gc.get_threshold()
        raise KeyError
    assert inside == (COLLECT_EVERY, *usual[1:])
    assert gc.get_threshold() == usual
