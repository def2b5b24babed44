"""Break each promise on purpose and see its test fail: `make sabotage`.

Each sabotage of the register is made in a copy of the tree, where only the test of the refusal
runs. A test that passes on broken code shows nothing, so its promise is not kept.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.architecture import ROOT
from tests.support.promises import REGISTER, Promise, promises

README = REGISTER / "README.md"
FIGURES = re.compile(r"\d+ promises, \d+ sabotages caught")
_COPIED = ("Makefile", "README.md", "pyproject.toml", "src", "projections", "web", "tests", "docs")
_LOCKS = "requirements*.txt"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules")
_MOST_S = 300


def copy_tree(target: Path) -> None:
    """Copy what tests need, and nothing that Python has compiled."""
    for name in (*_COPIED, *(path.name for path in ROOT.glob(_LOCKS))):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=_LEFT_OUT)
        else:
            shutil.copy(ROOT / name, target / name)


def run(tree: Path, tests: Sequence[str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run tests of a tree on the code of that tree."""
    # Without compiled files: an edit of the same length in the same second would not be seen.
    paths = os.pathsep.join((str(tree / "src"), str(tree)))
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    quiet = ["-q", "-rf", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *quiet, *options, *tests],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_MOST_S,
    )


def is_caught(tree: Path, promise: Promise) -> bool:
    """Tell whether the test of the refusal fails, itself, once its code is sabotaged."""
    path = tree / promise.sabotage.file
    sound = path.read_text("utf-8")
    path.write_text(promise.sabotage.applied(tree), "utf-8")
    try:
        done = run(tree, [promise.refused], "-x")  # one failure is enough
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(sound, "utf-8")
    # A test that cannot be found, imported or set up is an error, and shows nothing.
    return done.returncode == 1 and "\nFAILED " in done.stdout


def unsound(tree: Path, chosen: Sequence[Promise]) -> str | None:
    """Run every test of these promises on sound code; return what fails."""
    tests = {test for each in chosen for test in (each.accepted, each.refused)}
    done = run(tree, sorted(tests))
    return None if done.returncode == 0 else f"{done.stdout[-4000:]}{done.stderr[-1000:]}"


def main(names: Sequence[str]) -> int:
    """Sabotage the named promises, or all; after all, write the figures into the register."""
    chosen = [each for each in promises() if not names or each.id in names]
    with TemporaryDirectory(prefix="ledger-sabotage-") as directory:
        tree = Path(directory)
        copy_tree(tree)
        if failures := unsound(tree, chosen):
            print(f"On sound code, tests fail:\n{failures}", file=sys.stderr)
            return 1
        caught = 0
        for promise in chosen:
            found = is_caught(tree, promise)
            print(f"{promise.id} {'caught' if found else 'NOT CAUGHT'}", flush=True)
            caught += found
    figures = f"{len(chosen)} promises, {caught} sabotages caught"
    print(figures)
    if not names:
        README.write_text(FIGURES.sub(figures, README.read_text("utf-8")), "utf-8")
    return int(caught < len(chosen))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
