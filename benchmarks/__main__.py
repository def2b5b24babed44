"""`python -m benchmarks [--quick] [NAME …]`: measure, print, and write docs/reference."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import approvals, audit, backup, jws, log, pages, rebuild, startup
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


def main() -> int:
    """Run the chosen benchmarks; only a complete run without --quick rewrites the documentation."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a short run, to see that it works; its figures mean little",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}")
    results: list[Result] = []
    for name in chosen.names or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        measured = BENCHMARKS[name](quick=chosen.quick)
        print("\n".join(map(markdown, measured)), flush=True)
        results += measured
    if not chosen.quick and not chosen.names:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
            write(results, machine(Path(name)), ROOT / "docs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
