"""The document of a statement, as a program drafts it.

A program states the content and either a policy or a type. A type's definition is held to the
digest that the document states, so nobody exchanges its policy on the way.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from ledger import clock
from ledger.domain.document import parse_document
from ledger.domain.statement_types import parse_definition
from ledger.encoding import parse_json, sha256_hex
from ledger.errors import MalformedError


class AskedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement asks for: `content` is the text of a JSON object.

    Exactly one of `policy`, as JSON members, and `definition`, the text of a type's definition,
    says who approves. With a type, `usable` is the type's, and may state an `until` only. `readers`
    are members `user:<id>` or `role:<name>`. `replaces` is the document that this one supersedes.
    """

    title: str
    content: str
    policy: Mapping[str, Any] | None = None
    definition: str | None = None
    usable: Mapping[str, Any] | None = None
    readers: Sequence[str] | None = None
    replaces: bytes | None = None


def document_of(asked: AskedStatement, *, creator: str, ledger: str) -> bytes:
    """Return a document's bytes, with a new id and the time of now.

    Raises MalformedError `policy_missing` unless exactly one of policy and type is given, and as
    `parse_document` and `parse_definition` do.
    """
    if (asked.policy is None) == (asked.definition is None):
        raise MalformedError("policy_missing", "give either a policy or a type")
    members: dict[str, Any] = {
        "content": asked.content,
        "createdAt": clock.to_text(time.time_ns() // 1_000_000),
        "creator": creator,
        "ledger": ledger,
        "policy": asked.policy,
        "statementId": str(uuid4()),
        "title": asked.title,
    }
    if asked.definition is not None:
        members |= _of_type(asked.definition, asked.usable)
    elif asked.usable is not None:
        members["usable"] = asked.usable
    if asked.readers is not None:
        members["readers"] = [*asked.readers]
    if asked.replaces is not None:
        members["supersedes"] = _superseded(asked.replaces)
    raw = msgspec.json.encode(members)
    parse_document(raw)
    return raw


def _of_type(definition: str, usable: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the members that a type gives to a document of it."""
    stated = parse_definition(definition).stated
    said = parse_json(definition.encode())
    members: dict[str, Any] = {
        "policy": said["policy"],
        "type": {"name": stated.name, "version": stated.version, "sha256": stated.sha256},
    }
    if said.get("usable") is not None:
        members["usable"] = {**said["usable"], **(usable or {})}
    return members


def _superseded(raw: bytes) -> dict[str, Any]:
    """Return how a document names the one that it supersedes."""
    said = parse_json(raw)
    return {"statement": said["statementId"], "sha256": sha256_hex(raw), "policy": said["policy"]}
