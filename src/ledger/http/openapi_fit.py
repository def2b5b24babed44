"""What generators of clients need of the OpenAPI document: flat names, tags, and binary answers.

The framework names a page of a list after the module of its items, calls the bytes of an archive a
text, and leaves most routes without a tag, by which generators divide what they write.
"""

import re
from typing import Any

Schema = dict[str, Any]

# The first words of addresses, the tag of each, and what a tag is about.
_TAGS = (
    ("/api/statements", "statements"),
    ("/api/approvals", "statements"),
    ("/api/policies", "statements"),
    ("/api/inbox", "statements"),
    ("/api/changes", "changes"),
    ("/api/holds", "changes"),
    ("/api/types", "types"),
    ("/api/timeline", "history"),
    ("/api/trail", "history"),
    ("/api/questions", "history"),
    ("/api/access-record", "history"),
    ("/api/access-report", "history"),
    ("/api/stream", "history"),
    ("/api/credentials", "sign-in"),
    ("/api/register", "sign-in"),
    ("/api/authenticate", "sign-in"),
    ("/api/session", "sign-in"),
    ("/api/logout", "sign-in"),
    ("/api/invitations", "sign-in"),
    ("/api/jwt-keys", "keys"),
    ("/api/passkeys", "keys"),
    ("/api/wrapped-keys", "keys"),
    ("/api/device", "keys"),
    ("/api/recover", "keys"),
    ("/api/compromises", "keys"),
    ("/api/", "people"),
    ("/log/", "log"),
    ("/.well-known/jwks.json", "keys"),
    ("/.well-known/passkey-endpoints", "keys"),
    ("/.well-known/", "log"),
    ("/", "operation"),
)
_ABOUT = {
    "statements": "Draft, read, decide and use statements; evidence of them",
    "changes": "Administer the ledger by changes, and preview them",
    "types": "The types of statements, and their definitions",
    "people": "People, their standing, and governance",
    "keys": "Signing keys, passkeys, and recovery",
    "sign-in": "Registration, sign-in and sessions",
    "history": "What happened: timeline, trail, an auditor's questions, the stream of positions",
    "log": "The public log: checkpoints, tiles, entries and proofs",
    "operation": "Whether the server runs",
}
_TEXTUAL = re.compile(r"application/(?:[a-z]+[+])*json|text/[a-z-]+(?:;.*)?|image/svg[+]xml")
_PAGE = re.compile(r"Page_(?:\w+\.)*(\w+)_")


def fit(document: Schema) -> Schema:
    """Return the document as generators of clients read it."""
    names = {each: _flat(each) for each in document["components"]["schemas"]}
    schemas = {names[name]: schema for name, schema in document["components"]["schemas"].items()}
    paths = {
        path: {method: _operation(path, operation) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    components = document["components"] | {"schemas": schemas}
    tags = [{"name": name, "description": text} for name, text in _ABOUT.items()]
    found: Schema = _renamed(document | {"components": components, "paths": paths}, names)
    return found | {"tags": tags}


def _flat(name: str) -> str:
    """Return `UserPage` for `Page_projections.users.User_`."""
    return _PAGE.sub(r"\1Page", name)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    match value:
        case dict():
            return {
                key: f"#/components/schemas/{names[each.rpartition('/')[2]]}"
                if key == "$ref" and each.startswith("#/components/schemas/")
                else _renamed(each, names)
                for key, each in value.items()
            }
        case list():
            return [_renamed(each, names) for each in value]
    return value


def _operation(path: str, operation: Schema) -> Schema:
    responses = {
        status: answer | {"content": _content(answer["content"])} if "content" in answer else answer
        for status, answer in operation["responses"].items()
    }
    tag = next(tag for prefix, tag in _TAGS if path.startswith(prefix))
    return operation | {"responses": responses, "tags": [tag]}


def _content(content: Schema) -> Schema:
    """Return the content of an answer; what is no text is binary."""
    return {
        kind: described if _TEXTUAL.fullmatch(kind) else {"schema": dict(_BINARY)}
        for kind, described in content.items()
    }


_BINARY = {"type": "string", "format": "binary"}
