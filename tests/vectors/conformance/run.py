"""Hold a verifier to the conformance suite; docs/reference/conformance.md has the protocol.

    python3 run.py [--verdicts-only] [--case NAME]… COMMAND [ARGUMENT …]

For each case it runs COMMAND ARGUMENT… BUNDLE [--log-key VKEY]…, and reads JSON from its standard
output. It needs Python's standard library, and nothing else of the ledger.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FORMAT = "ledger-conformance/1"
TIMEOUT_S = 120

Case = dict[str, Any]
# Takes a bundle's path and the log keys; returns what the verifier wrote.
Verifier = Callable[[Path, Sequence[str]], str]


def damaged(root: Path = HERE) -> list[str]:
    """Return the files that are not those of the manifest, by name."""
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    if manifest["format"] != FORMAT:
        return ["manifest.json"]
    named: dict[str, str] = manifest["files"]
    there = {str(each.relative_to(root)) for each in root.glob("cases/*/*")}
    return sorted(there ^ named.keys()) + [
        name
        for name in sorted(there & named.keys())
        if hashlib.sha256((root / name).read_bytes()).hexdigest() != named[name]
    ]


def cases(root: Path = HERE) -> list[tuple[Path, Case]]:
    """Return each case and its bundle, in the order of the manifest."""
    names = json.loads((root / "manifest.json").read_text("utf-8"))["cases"]
    directories = [root / "cases" / name for name in names]
    return [
        (each / "bundle.zip", json.loads((each / "case.json").read_text("utf-8")))
        for each in directories
    ]


def lacks(case: Case, written: str) -> bool:
    """Tell whether a verifier says that it lacks an algorithm which the case needs."""
    try:
        said = json.loads(written)
        codes = {each.get("code") for each in said.get("checks", ())}
    except (ValueError, AttributeError):
        return False
    is_open = said.get("verdict") == "unverifiable" and codes <= {None, "algorithm_unknown"}
    return bool(case["needs"]) and is_open


def faults(case: Case, written: str, *, verdicts_only: bool = False) -> list[str]:
    """Return what differs between a case and what a verifier wrote of it."""
    try:
        said = json.loads(written)
        verdict = said["verdict"]
    except (ValueError, TypeError, KeyError):
        return [f"no JSON with a verdict: {written[:200]!r}"]
    found = []
    if verdict != case["verdict"]:
        found.append(f"the verdict is {verdict!r}, not {case['verdict']!r}")
    if verdicts_only:
        return found
    members = ("name", "outcome", "code", "position")
    told = [
        {name: each.get(name) for name in members}
        for each in said.get("checks", ())
        if each.get("outcome") not in ("passed", "skipped")
    ]
    if told != case["findings"]:
        found.append(f"the findings are {told}, not {case['findings']}")
    statuses = {each.get("id"): each.get("status") for each in said.get("statements", ())}
    for statement, status in case["statements"].items():
        if statuses.get(statement) != status:
            found.append(f"{statement} is {statuses.get(statement)!r}, not {status!r}")
    accounts = {}
    for each in said.get("statements", ()):
        creator, uses = each.get("creatorAccount"), [u.get("account") for u in each.get("uses", ())]
        if creator is not None or any(uses):
            accounts[each.get("id")] = {"creator": creator, "uses": uses}
    if accounts != case["accounts"]:
        found.append(f"the service accounts are {accounts}, not {case['accounts']}")
    return found


def program(command: Sequence[str]) -> Verifier:
    """Return a verifier that runs a command for each bundle."""

    def verifier(bundle: Path, keys: Sequence[str]) -> str:
        given = [part for key in keys for part in ("--log-key", key)]
        done = subprocess.run(
            [*command, str(bundle), *given],
            stdout=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT_S,
            check=False,  # its exit code is its own
        )
        return done.stdout

    return verifier


def main(arguments: Sequence[str]) -> int:
    """Run the cases; print each fault; return 0 if there is none, 1 if there are, 2 for damage."""
    parser = argparse.ArgumentParser(description="Hold a verifier to the conformance suite.")
    parser.add_argument("--verdicts-only", action="store_true", help="compare no codes")
    parser.add_argument("--case", action="append", default=[], help="run only this case")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the verifier")
    chosen = parser.parse_args(arguments)
    if not chosen.command:
        parser.error("name the command of a verifier")
    if files := damaged():
        print(f"these files are not those of the manifest: {', '.join(files)}", file=sys.stderr)
        return 2
    verifier = program(chosen.command)
    wanted = [each for each in cases() if not chosen.case or each[1]["name"] in chosen.case]
    failed = 0
    for bundle, case in wanted:
        written = verifier(bundle, case["options"]["logKeys"])
        if lacks(case, written):
            print(f"lacking {case['name']}: {', '.join(case['needs'])}")
            continue
        found = faults(case, written, verdicts_only=chosen.verdicts_only)
        failed += bool(found)
        print(f"{'FAILED' if found else 'passed'} {case['name']}")
        for each in found:
            print(f"  {each}\n  why: {case['why']}")
    print(f"{len(wanted) - failed} of {len(wanted)} cases passed")
    return int(failed > 0 or not wanted)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
