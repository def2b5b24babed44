"""Remove each case's check from the verifier in Python, and see that the case then passes.

    python -m tests.vectors.conformance.sabotage [CASE …]

Each case runs in a process of its own, whose functions have the code of the edited text. A case
that is refused without its check as well shows nothing: the exit code is then 1.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import ledger
from ledger.tlog.vkeys import parse_vkey
from ledger.verify.bundle import verify

HERE = Path(__file__).parent
SOURCE = Path(ledger.__file__).parent
# Nothing is refused: an approval that does not count leaves a question open, and no more.
ACCEPTED = ("verified", "in_question")


def edited(edits: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the text of each edited file by its path; raise ValueError for an edit of nothing."""
    texts: dict[str, str] = {}
    for each in edits:
        path = str(SOURCE / each["file"])
        text = texts.get(path) or Path(path).read_text("utf-8")
        if text.count(each["before"]) != 1:
            times = text.count(each["before"])
            raise ValueError(f"{each['file']} has {times} times {each['before']!r}")
        texts[path] = text.replace(each["before"], each["after"])
    return texts


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Yield the code of every function and class body, by its qualified name."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each.co_qualname, each
            yield from _codes(each)


def _functions(holder: object) -> Iterator[FunctionType]:
    """Yield the functions of a module or class, and those that a decorator wraps."""
    for value in vars(holder).values():
        if (
            isinstance(value, type)
            and value is not holder
            and value.__module__
            in (getattr(holder, "__module__", ""), getattr(holder, "__name__", ""))
        ):
            yield from _functions(value)
        for name in ("__func__", "__wrapped__", "fget", "func"):
            value = getattr(value, name, value)
        if isinstance(value, FunctionType):
            yield value


def replace_functions(path: str, text: str) -> None:
    """Give each function of a loaded module the code of the edited text, wherever it is known."""
    (module,) = (each for each in sys.modules.values() if getattr(each, "__file__", "") == path)
    codes = dict(_codes(compile(text, path, "exec")))
    for function in _functions(module):
        if function.__module__ == module.__name__:
            function.__code__ = codes[function.__qualname__]


def verdict(directory: Path, case: Mapping[str, Any]) -> str:
    """Return the verdict of the sabotaged verifier, or what stopped it."""
    for path, text in edited(case["sabotage"]).items():
        replace_functions(path, text)
    keys = [parse_vkey(key) for key in case["options"]["logKeys"]]
    raw = (directory / "bundle.zip").read_bytes()
    report = verify(raw, expected_keys=keys, now_ms=time.time_ns() // 1_000_000)
    found = [check for check in report.checks if check.outcome != "passed"]
    told = "".join(f", {each.name} {each.code}: {each.says}" for each in found)
    return f"{report.verdict}{told}"


def apart(directory: Path, case: Mapping[str, Any]) -> str:
    """Return the same, from a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = verdict(directory, case)
        except Exception as error:  # noqa: BLE001 - the parent reports what stopped it
            said = f"stopped by {error!r}"
        os.write(writer, said.encode()[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def main(names: Sequence[str]) -> int:
    """Try the named cases, or all that have a sabotage."""
    failed = tried = 0
    for directory in sorted((HERE / "cases").iterdir()):
        case = json.loads((directory / "case.json").read_text("utf-8"))
        if not case["sabotage"] or (names and case["name"] not in names):
            continue
        said = apart(directory, case)
        tried += 1
        if said not in ACCEPTED:
            failed += 1
            print(f"{case['name']}: without its check it is {said}")
    print(f"{tried} cases, {tried - failed} accepted without their check")
    return int(failed > 0 or tried == 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
