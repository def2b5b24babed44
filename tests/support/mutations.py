"""Random changes of a parser's input, with a fixed seed."""

import random

# The first bytes of items that a CBOR parser refuses, and the ends of ranges.
_BYTES = (0x00, 0x17, 0x18, 0x1B, 0x3B, 0x5F, 0x7F, 0x80, 0x9F, 0xA1, 0xBF, 0xC2, 0xD8, 0xFB, 0xFF)


def mutated(whole: bytes, chosen: random.Random) -> bytes:
    """Return the input with one to three changes: bytes flipped, added, dropped, copied or cut."""
    raw = bytearray(whole)
    for _ in range(chosen.randint(1, 3)):
        at = chosen.randrange(len(raw) + 1)
        kind = chosen.randrange(6)
        if kind == 0 and at < len(raw):
            raw[at] ^= 1 << chosen.randrange(8)
        elif kind == 1 and at < len(raw):
            raw[at] = chosen.choice(_BYTES)
        elif kind == 2:
            raw.insert(at, chosen.choice(_BYTES))
        elif kind == 3:
            del raw[at : at + chosen.randint(1, 4)]
        elif kind == 4:
            raw[at:at] = raw[chosen.randrange(len(raw) + 1) :][: chosen.randint(1, 40)]
        elif kind == 5 and chosen.random() < 0.2:
            del raw[at:]
    return bytes(raw)
