"""The rooms of the code and their imports, read from the source with `ast`.

A room is a folder of `src/ledger`, a module next to these folders, or `projections`. Rows are the
layers of the import contract in pyproject.toml, from the top down.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "src/ledger"
READ_MODELS = ROOT / "projections"
# The contract covers only `ledger`; the read models are in the same row as these rooms.
BESIDE = "audit"


@cache
def rows() -> list[list[str]]:
    """Return the rooms of each layer, the highest layer first."""
    (layers,) = (each["layers"] for each in _contracts() if each["type"] == "layers")
    found = [layer.split(" | ") for layer in layers]
    return [["projections", *row] if BESIDE in row else row for row in found]


@cache
def core() -> frozenset[str]:
    """Return the rooms without I/O, as the contract on the core names them."""
    (names,) = (c["source_modules"] for c in _contracts() if c["name"].startswith("the core"))
    return frozenset(name.removeprefix("ledger.") for name in names)


def _contracts() -> list[dict[str, Any]]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts: list[dict[str, Any]] = pyproject["tool"]["importlinter"]["contracts"]
    return contracts


@cache
def rooms() -> dict[str, list[Path]]:
    """Return the modules of each existing room."""
    found: dict[str, list[Path]] = {"projections": sorted(READ_MODELS.rglob("*.py"))}
    for path in sorted(LEDGER.rglob("*.py")):
        name = path.relative_to(LEDGER).parts[0].removesuffix(".py")
        if name != "__init__":
            found.setdefault(name, []).append(path)
    return found


@cache
def imports() -> frozenset[tuple[str, str]]:
    """Return (importing room, imported room) of every import between two rooms."""
    return frozenset(
        (room, other)
        for room, modules in rooms().items()
        for module in modules
        for other in _imported(module)
        if other != room and other in rooms()
    )


def _imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, *more = name.split(".")
            if first == "projections":
                yield first
            elif first == "ledger" and more:
                yield more[0]


def reduced(arrows: Set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the arrows that no chain of other arrows implies."""
    return {(a, b) for a, b in arrows if not _reaches(a, b, arrows - {(a, b)})}


def _reaches(start: str, goal: str, arrows: Set[tuple[str, str]]) -> bool:
    seen, ahead = {start}, [start]
    while ahead:
        here = ahead.pop()
        further = {b for a, b in arrows if a == here} - seen
        seen |= further
        ahead += further
    return goal in seen


def purpose(room: str) -> str:
    """Return the first sentence of a room's docstring."""
    folder = READ_MODELS if room == "projections" else LEDGER / room
    module = folder / "__init__.py" if folder.is_dir() else LEDGER / f"{room}.py"
    text = " ".join((ast.get_docstring(ast.parse(module.read_text())) or "").split())
    return re.split(r"(?<=[.])\s", text)[0]


def defines(path: Path, name: str) -> bool:
    """Tell whether a file defines a function, class, method or value with this name."""
    text = path.read_text()
    if path.suffix == ".js":
        return re.search(rf"\bfunction {re.escape(name)}\(", text) is not None
    if re.search(rf"^{re.escape(name)} = ", text, re.MULTILINE):
        return True
    body: list[ast.stmt] = ast.parse(text).body
    for part in name.split("."):
        found = [node for node in body if isinstance(node, _NAMED) and node.name == part]
        if not found:
            return False
        body = found[0].body
    return True


_NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
