"""The attacker's process: `python -m tests.hostile.attacker PORT SECONDS SHARE KIND…`.

What it knows comes as JSON on its standard input; what it was answered goes to its output. It ends
by itself, at the latest ten seconds after its time.
"""

import asyncio
import json
import os
import resource
import signal
import sys

import msgspec

from tests.hostile.attacks import (
    bodies,
    ceremonies,
    connections,
    handshakes,
    heads,
    malformed,
    pipelines,
    readers,
    work,
)
from tests.hostile.target import Kind, Known, Target

FAMILIES: dict[str, tuple[Kind, ...]] = {
    "heads": heads.KINDS,
    "bodies": bodies.KINDS,
    "connections": connections.KINDS,
    "handshakes": handshakes.KINDS,
    "pipelines": pipelines.KINDS,
    "ceremonies": ceremonies.KINDS,
    "work": work.KINDS,
    "readers": readers.KINDS,
    "malformed": malformed.KINDS,
}
KINDS = {each.name: each for kinds in FAMILIES.values() for each in kinds}


async def attack(targets: dict[str, Target]) -> None:
    """Run each kind against its target, all at once."""
    async with asyncio.TaskGroup() as group:
        for name, target in targets.items():
            group.create_task(bounded(KINDS[name], target))


async def bounded(kind: Kind, target: Target) -> None:
    """Run one kind, and cut it off a little after its time."""
    await asyncio.wait_for(kind.attack(target), max(target.ends_s - _now(), 0) + 6)


def _now() -> float:
    return asyncio.get_running_loop().time()


def main(arguments: list[str]) -> None:
    """Attack, and print the tally of each kind."""
    port, seconds, share, names = (
        int(arguments[0]),
        float(arguments[1]),
        float(arguments[2]),
        arguments[3:],
    )
    signal.alarm(int(seconds) + 10)
    os.nice(19)  # a real attacker has a processor of their own
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    known = msgspec.json.decode(sys.stdin.buffer.read(), type=Known)
    targets = {each: Target(port, known, seconds=seconds, share=share) for each in names}
    asyncio.run(attack(targets))
    json.dump({name: target.tally for name, target in targets.items()}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
