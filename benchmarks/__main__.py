"""`python -m benchmarks [--quick] [NAME …]`: measure, print, and write docs/reference."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    appends,
    approvals,
    audit,
    backup,
    growth,
    jws,
    log,
    moves,
    pages,
    rebuild,
    soak,
    startup,
    stores,
)
from benchmarks.databases import STORES
from benchmarks.process import ROOT
from benchmarks.report import Result, markdown, write
from benchmarks.units import machine

BENCHMARKS: dict[str, Callable[..., list[Result]]] = {
    "approvals": approvals.run,
    "rebuild": rebuild.run,
    "audit": audit.run,
    "backup": backup.run,
    "pages": pages.run,
    "startup": startup.run,
    "jws": jws.run,
    "log": log.run,
}
# Only by name: they start databases and take long. Each takes some of the options.
OF_STORES: dict[str, tuple[Callable[..., list[Result]], tuple[str, ...]]] = {
    "stores": (stores.run, ("stores", "servers", "clients")),
    "appends": (appends.run, ("stores",)),
    "moves": (moves.run, ()),
    "reads": (pages.run, ("statements",)),
    "growth": (growth.run, ("servers",)),
    "soak": (soak.run, ("stores", "minutes")),
}


def main() -> int:
    """Run the chosen benchmarks; only a complete run without --quick rewrites the documentation."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a short run, to see that it works; its figures mean little",
    )
    parser.add_argument("--stores", type=_stores, help=f"of {', '.join(STORES)}")
    parser.add_argument("--servers", type=_numbers, help="how many, such as 1,3")
    parser.add_argument("--clients", type=_numbers, help="how many at once, such as 1,16,64,256")
    parser.add_argument(
        "--statements", type=_numbers, help="two sizes of reads, such as 1000,1000000"
    )
    parser.add_argument("--minutes", type=float, help="how long the soak lasts")
    parser.add_argument(
        "--write", action="store_true", help="write docs/reference/performance-stores.md"
    )
    names = [*BENCHMARKS, *OF_STORES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(names):
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}")
    results: list[Result] = []
    for name in chosen.names or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        measured = _measured(name, chosen)
        print("\n".join(map(markdown, measured)), flush=True)
        results += measured
    if not chosen.quick and not chosen.names:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
            write(results, machine(Path(name)), ROOT / "docs")
    if chosen.write:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
            write(results, machine(Path(name)), ROOT / "docs", page="performance-stores")
    return 0


def _measured(name: str, chosen: argparse.Namespace) -> list[Result]:
    if name in BENCHMARKS:
        return BENCHMARKS[name](quick=chosen.quick)
    measure, options = OF_STORES[name]
    given = {option: getattr(chosen, option) for option in options}
    return measure(quick=chosen.quick, **{key: each for key, each in given.items() if each})


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _stores(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if not set(chosen) <= set(STORES):
        raise argparse.ArgumentTypeError(f"stores are {', '.join(STORES)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
