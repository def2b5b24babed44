"""Types for tests: definitions, the items that define and retire them, how documents state them."""

import hashlib
import json
from typing import Any

TERMS: dict[str, Any] = {
    "type": "object",
    "required": ["amount"],
    "additionalProperties": False,
    "properties": {
        "amount": {"type": "string", "minLength": 1, "title": "Amount"},
        "currency": {"enum": ["EUR", "USD"]},
        "seats": {"type": "integer", "minimum": 0, "maximum": 9.5},
    },
}
POLICY: dict[str, Any] = {"threshold": 1, "of": ["role:investor"]}


def definition(version: int = 1, **members: Any) -> str:
    """Return a definition that is valid unless `members` say otherwise."""
    whole = {
        "name": "terms",
        "version": version,
        "title": "Terms",
        "drafters": ["role:creator"],
        "policy": POLICY,
        "schema": TERMS,
    } | members
    return json.dumps(whole, ensure_ascii=False)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def define(text: str, before: str | None = None, pending: str = "continue") -> dict[str, Any]:
    """Return the item that defines a type, or the version after `before`."""
    replaces = {} if before is None else {"was": digest(before), "pending": pending}
    return {"define-type": {"definition": text} | replaces}


def retire(text: str, pending: str = "continue") -> dict[str, Any]:
    """Return the item that retires the type of a definition."""
    name = json.loads(text)["name"]
    return {"retire-type": {"type": name, "was": digest(text), "pending": pending}}


def stated(text: str) -> dict[str, Any]:
    """Return the member `type` of a document of this definition."""
    found = json.loads(text)
    return {"name": found["name"], "version": found["version"], "sha256": digest(text)}
