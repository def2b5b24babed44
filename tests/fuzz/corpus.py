"""The inputs that fuzzing kept: a few for each target, in `tests/vectors/fuzz`, base64.

An input is kept if it takes a step between two lines of the ledger's code that no shorter input
takes.
"""

import base64
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import ledger
from tests.fuzz.targets import run, seeds

DIRECTORY = Path(__file__).parents[1] / "vectors" / "fuzz"
MAX_BYTES = 4_096
_CODE = str(Path(ledger.__file__).parent)

Step = tuple[str, int, int]


def kept(name: str) -> list[bytes]:
    """Return the inputs of a target that fuzzing kept."""
    path = DIRECTORY / f"{name}.json"
    return (
        [base64.b64decode(each) for each in json.loads(path.read_text())] if path.exists() else []
    )


def keep(name: str, found: Iterable[bytes]) -> int:
    """Write the shortest inputs that reach all that these reach; return how many they are."""
    known: set[Step] = set()
    for raw in seeds(name):
        known |= steps(name, raw)
    chosen = []
    for raw in sorted({*found, *kept(name)}, key=lambda each: (len(each), each)):
        if len(raw) > MAX_BYTES:
            break
        reached = steps(name, raw)
        if not reached <= known:
            known |= reached
            chosen.append(base64.b64encode(raw).decode())
    DIRECTORY.mkdir(exist_ok=True)
    (DIRECTORY / f"{name}.json").write_text(json.dumps(chosen, indent=0) + "\n")
    return len(chosen)


def steps(name: str, raw: bytes) -> set[Step]:
    """Return the pairs of lines of the ledger's code that follow each other for an input."""
    found: set[Step] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        path = frame.f_code.co_filename
        if event != "call" or not path.startswith(_CODE):
            return None
        last = 0

        def follow(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal last
            if event == "line":
                found.add((path, last, frame.f_lineno))
                last = frame.f_lineno
            return follow

        return follow

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run(name, raw)
    finally:
        sys.settrace(before)
    return found
