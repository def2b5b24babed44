"""`python -m tests.differential [INPUTS [SEED]]`: compare many inputs in every engine."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.differential import engines
from tests.differential.comparison import Disagreement, compare, minimised
from tests.differential.engines import Engine
from tests.differential.kinds import KINDS
from tests.differential.served import Mutant

INPUTS = 120_000
SERVED_SHARE = 60  # a request goes to a server for so many inputs
MOST_SHOWN = 3
HEADS = ("kind", "engine", "inputs", "accepted", "codes", "no verdict", "disagreements", "time")


def main(inputs: int, seed: str) -> int:
    """Print the counts of each kind and engine, and the first disagreements in full."""
    print(f"seed {seed!r}\n\n{row(HEADS)}\n{row(['---'] * len(HEADS))}")
    failed = 0
    shares = sum(kind.share for kind in KINDS.values())
    with ExitStack() as stack:
        found = {
            "Chromium": stack.enter_context(engines.chromium()),
            "Node.js": stack.enter_context(engines.node()),
        }
        for name, kind in KINDS.items():
            for title, engine in found.items():
                began = time.monotonic()
                one = compare(engine, name, seed, range(inputs * kind.share // shares))
                took = f"{time.monotonic() - began:.0f} s"
                counts = [one.inputs, one.accepted, len(one.codes.keys() - {"ok"}), one.unknown]
                numbers = [f"{each:,}" for each in (*counts, len(one.disagreements))]
                print(row([name, title, *numbers, took]), flush=True)
                failed += len(one.disagreements)
                show(engine, title, one.disagreements[:MOST_SHOWN])
        failed += served(found, inputs // SERVED_SHARE, seed)
    return 1 if failed else 0


def served(found: dict[str, Engine], requests: int, seed: str) -> int:
    """Send requests to a server; return how many engines differ about the log that it wrote."""
    with TemporaryDirectory() as directory:
        people = Mutant(Path(directory) / "data")
        people.send(requests, seed)
        differ = 0
        for title, engine in found.items():
            ours, theirs = people.verdicts(engine)
            differ += ours != theirs
            taken = people.answers["201"]
            print(f"served: {requests:,} requests, {taken:,} taken; {title}: {ours == theirs}")
        people.close()
    print(dict(people.answers))
    return differ


def row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def show(engine: Engine, title: str, found: list[Disagreement]) -> None:
    for each in found:
        print(f"\n{each.kind} {each.number}\nPython: {each.python}\n{title}: {each.javascript}")
        print(f"{minimised(engine, each)}\n", flush=True)


if __name__ == "__main__":
    inputs, seed = (*sys.argv[1:], *("", "")[len(sys.argv) - 1 :])
    sys.exit(main(int(inputs or INPUTS), seed or "1"))
