"""What a verdict is: the code of a refusal, or `ok` and what was read, in one form."""

import base64
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.errors import LedgerError

Input = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """Inputs of one kind: what makes one, what Python says of it, and what JavaScript gets."""

    make: Callable[[random.Random], Input]
    python: Callable[[Input], str]
    share: int  # of a hundred inputs


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def raw_of(given: Input, name: str = "raw") -> bytes:
    return base64.b64decode(given[name])


def text_of(given: Input, name: str) -> str:
    return base64.b64decode(given[name]).decode("utf-8", "replace")


def shown(value: Any) -> str:
    """Return a value in the one form that `verdicts.js` gives it too."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return "float"
    if isinstance(value, int):
        return _double(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return f"h{value.hex()}"
    if isinstance(value, Mapping):
        pairs = sorted(((str(n), each) for n, each in value.items()), key=_utf16)
        return "{" + ",".join(f"{shown(n)}:{shown(each)}" for n, each in pairs) + "}"
    if isinstance(value, Sequence):
        return f"[{','.join(map(shown, value))}]"
    return shown(msgspec.to_builtins(value))


def _double(value: int) -> str:
    try:
        return str(int(float(value)))
    except OverflowError:
        return "huge"


def _utf16(pair: tuple[str, Any]) -> bytes:
    return pair[0].encode("utf-16-be", "surrogatepass")


def said(read: Callable[[Input], Any]) -> Callable[[Input], str]:
    """Return the verdict of a function that returns what it read, or raises a code."""

    def verdict(given: Input) -> str:
        try:
            return f"ok {shown(read(given))}"
        except LedgerError as error:
            return error.code

    return verdict
