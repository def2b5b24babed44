"""Write the sample bundles: `python -m tests.vectors.evidence.make`."""

from functools import cache
from pathlib import Path
from typing import get_args

from ledger.bundle import Mode
from tests.support.dossier import APPROVED, bundle_of, short_story

DIRECTORY = Path(__file__).parent


@cache
def states() -> tuple[bytes, ...]:
    return tuple(short_story().states)


def bundles() -> dict[str, bytes]:
    """Return the good bundles by file name."""
    return {f"{mode}.zip": bundle_of(states(), mode, APPROVED) for mode in get_args(Mode)}


if __name__ == "__main__":
    for name, raw in bundles().items():
        (DIRECTORY / name).write_bytes(raw)
