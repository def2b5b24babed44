"""What a program hands to the program that replaces it in the same process."""

import os

import msgspec

HANDOVER = "LEDGER_HANDOVER"  # in the environment of a program that goes on with a socket


class Handover(msgspec.Struct, frozen=True):
    """What a program that is started anew takes over: descriptors, and the workers that serve.

    `version` is that of these workers.
    """

    version: str
    listening: int
    locks: tuple[int, ...]
    workers: tuple[int, ...]


def handed_over() -> Handover | None:
    """Return what an earlier program of this process left, None at an ordinary start."""
    text = os.environ.pop(HANDOVER, None)
    return None if text is None else msgspec.json.decode(text, type=Handover)
