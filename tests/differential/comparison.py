"""Compare the verdicts on inputs of one kind, and make an input on which they differ smaller."""

import base64
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.differential.engines import Engine
from tests.differential.kinds import KINDS
from tests.differential.verdict import Input

# An engine that lacks an algorithm gives no verdict.
NO_VERDICT = "algorithm_unknown"
BATCH = 40


@dataclass(frozen=True)
class Disagreement:
    """An input, and what each side says of it."""

    kind: str
    number: int
    given: Input
    python: str
    javascript: str


@dataclass
class Comparison:
    """What the inputs of one kind came to."""

    inputs: int = 0
    accepted: int = 0
    unknown: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)


def made(kind: str, seed: str, number: int) -> Input:
    """Return one input; the same for the same seed and number."""
    return KINDS[kind].make(random.Random(f"{seed} {kind} {number}"))


def compare(engine: Engine, kind: str, seed: str, numbers: range) -> Comparison:
    """Compare the verdicts on inputs of a kind."""
    found = Comparison()
    for start in range(0, len(numbers), BATCH):
        batch = [made(kind, seed, number) for number in numbers[start : start + BATCH]]
        expected = list(map(KINDS[kind].python, batch))
        for at, (ours, theirs) in enumerate(zip(expected, engine(kind, batch), strict=True)):
            found.inputs += 1
            found.accepted += ours.startswith("ok ")
            found.codes[ours.split(" ")[0]] += 1
            if theirs == NO_VERDICT:
                found.unknown += 1
            elif ours != theirs:
                number = numbers[start + at]
                found.disagreements.append(Disagreement(kind, number, batch[at], ours, theirs))
    return found


def differ(engine: Engine, kind: str, given: Input) -> bool:
    """Tell whether the two sides differ about an input."""
    ours = KINDS[kind].python(given)
    (theirs,) = engine(kind, [given])
    return theirs not in (NO_VERDICT, ours)


def minimised(engine: Engine, found: Disagreement) -> Input:
    """Return the input with as much of its bytes taken out as keeps the difference."""
    given = dict(found.given)
    for name in ("raw", "jws"):
        if name in given:
            given[name] = _smaller(engine, found.kind, given, name)
    return given


def _smaller(engine: Engine, kind: str, given: Input, name: str) -> str:
    raw = base64.b64decode(given[name])
    size = len(raw) // 2
    while size:
        cuts: Sequence[bytes] = [raw[:at] + raw[at + size :] for at in range(0, len(raw), size)]
        for cut in cuts:
            if differ(engine, kind, given | {name: base64.b64encode(cut).decode()}):
                raw = cut
                break
        else:
            size //= 2
    return base64.b64encode(raw).decode()
