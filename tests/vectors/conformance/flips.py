"""Bundles with one flipped bit, and a manifest that fits: which of them a verifier accepts.

    python -m tests.vectors.conformance.flips STEP [--page]

flips a bit of every STEP-th byte of each file, in bundles of each mode; 1 flips every byte once,
which takes ten minutes. It also removes, doubles and swaps each file. It prints the files in which
a change was accepted. With `--page`, the
modules of the offline page judge each bundle too, in Node.js, and the two verdicts are compared.
"""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, get_args

from ledger.verify import container
from ledger.verify.container import MANIFEST, Files, Mode
from tests.support.dossier import bundle_of, rebundled
from tests.vectors.evidence.cases import ASKED, states
from tests.vectors.evidence.make import KEYS, reported

BESIDE = {"policy": b"log A\n", "checkpoint.tsr": b"\x30\x00", "keys/tsa-chain.pem": b"-----\n"}


class Flip(NamedTuple):
    """One bit of one file."""

    name: str
    place: int
    bit: int

    def of(self, files: Files) -> bytes:
        """Return the file with this bit flipped."""
        raw = bytearray(files[self.name])
        raw[self.place] ^= 1 << self.bit
        return bytes(raw)


@cache
def whole(mode: Mode) -> bytes:
    """Return a genuine bundle with every file that can stand beside the evidence."""
    page = b"<!doctype html><title>Verify</title>"
    return bundle_of(states(), mode, *ASKED, page=page, companions=BESIDE)


def sampled(mode: Mode, per_file: int, seed: int = 1) -> list[Flip]:
    """Return some flips of each file, but of the manifest, which is written anew."""
    chance = random.Random(seed)
    return [
        Flip(name, chance.randrange(len(raw)), chance.randrange(8))
        for name, raw in container.parse(whole(mode)).items()
        if name != MANIFEST
        for _ in range(per_file)
    ]


def every(mode: Mode, step: int) -> Iterator[Flip]:
    """Yield a flip of every so many bytes of each file."""
    for name, raw in container.parse(whole(mode)).items():
        if name != MANIFEST:
            yield from (Flip(name, place, place % 8) for place in range(0, len(raw), step))


def verdict(mode: Mode, flip: Flip) -> str:
    """Return the verdict on the bundle with this flip, and a manifest that fits."""
    files = container.parse(whole(mode))
    return reported(rebundled(whole(mode), {flip.name: flip.of(files)}), "given").verdict


def rearranged(mode: Mode) -> Iterator[tuple[str, str, bytes]]:
    """Yield bundles with a member removed, doubled or swapped: its name, what was done, the bytes.

    A doubled member has its content twice; a swapped one has that of the next file, which has its.
    """
    raw = whole(mode)
    files = {name: each for name, each in container.parse(raw).items() if name != MANIFEST}
    names = [*files]
    for name, following in zip(names, [*names[1:], names[0]], strict=True):
        yield name, "removed", rebundled(raw, {name: None})
        yield name, "doubled", rebundled(raw, {name: files[name] * 2})
        if files[name] != files[following]:
            swapped = {name: files[following], following: files[name]}
            yield name, "swapped", rebundled(raw, swapped)


class Page:
    """The modules of the offline page, in one process of Node.js."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("verdicts.mjs")
        (key,) = KEYS["given"]
        command = ["node", str(program), key.vkey]
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def verdict(self, raw: bytes) -> str:
        """Return the verdict on a bundle."""
        if self._node.stdin is None or self._node.stdout is None:
            raise AssertionError("started, with both pipes")
        self._node.stdin.write(len(raw).to_bytes(4, "big") + raw)
        self._node.stdin.flush()
        return self._node.stdout.readline().decode().strip()


def changes(mode: Mode, step: int) -> Iterator[tuple[str, str, bytes]]:
    """Yield every changed bundle of a mode, with the file that was changed, and how."""
    files = container.parse(whole(mode))
    for flip in every(mode, step):
        yield flip.name, "flipped", rebundled(whole(mode), {flip.name: flip.of(files)})
    yield from rearranged(mode)


def main(step: int, page: Page | None) -> int:
    """Print the changes of each mode that were accepted, and where the page says otherwise."""
    differ = 0
    for mode in get_args(Mode):
        accepted: Counter[tuple[str, str]] = Counter()
        said: Counter[tuple[str, str]] = Counter()
        for name, how, raw in changes(mode, step):
            found = reported(raw, "given").verdict
            said[how, found] += 1
            accepted[name, how] += found == "verified"
            if page is not None and (other := page.verdict(raw)) != found:
                print(f"{mode}: {name} {how} is {found}, and {other} on the page")
                differ += 1
        told = {" ".join(each): count for each, count in accepted.items() if count}
        print(f"{mode}: {dict(said)}, accepted: {told}", flush=True)
    return min(differ, 1)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), Page() if "--page" in sys.argv[2:] else None))
