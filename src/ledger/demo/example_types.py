"""The example types of the documentation, as the demonstration defines them."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from ledger.domain.statement_types import parse_definition


class ExampleType(NamedTuple):
    """A definition's text, how a document states it, and its policy."""

    text: str
    stated: dict[str, Any]
    policy: dict[str, Any]


def example_types() -> dict[str, ExampleType]:
    """Return the example types by name."""
    found = (_example(path) for path in sorted(_directory().glob("*.json")))
    return {each.stated["name"]: each for each in found}


def _example(path: Path) -> ExampleType:
    text = path.read_text("utf-8")
    defined = parse_definition(text)
    name, version = defined.definition.name, defined.definition.version
    stated = {"name": name, "version": version, "sha256": defined.sha256}
    return ExampleType(text, stated, json.loads(text)["policy"])


def _directory() -> Path:
    """Return where the examples are: in the installed package, or in the checkout.

    Raises FileNotFoundError where there is neither.
    """
    package = Path(__file__).resolve().parent
    for directory in (package / "examples", package.parents[2] / "docs/examples/types"):
        if directory.is_dir():
            return directory
    raise FileNotFoundError("the example types are missing from this installation")
