"""The two bundles of a demonstration: a genuine one, and the same with one digit changed.

The forger changes the statement wherever the bundle shows it, and corrects the checksums of the
manifest. What they cannot change is the log's entry, which commits to the bytes that were drafted.
"""

import json
import re

import msgspec

from ledger.encoding import parse_json
from ledger.verify.container import LOG_KEYS, MANIFEST, Files, parse, parse_manifest, seal, write

_SALT_BYTES = 32
_LAST_DIGIT = re.compile(r"[0-9](?=[^0-9]*$)")


def log_keys(bundle: bytes) -> bytes:
    """Return the keys of the log that a bundle of our own names, as `ledger log keys` prints them.

    Somebody who gets a bundle from others takes the keys from elsewhere.
    """
    return parse(bundle)[LOG_KEYS]


def tampered(bundle: bytes) -> bytes:
    """Return a bundle whose first statement has another last digit, with a manifest that fits."""
    files = parse(bundle)
    manifest = parse_manifest(files)
    statement = manifest.statements[0]
    name, body = _draft(files, statement)
    document = body["document"]
    content = json.loads(document)["content"]
    changed = _LAST_DIGIT.sub(lambda digit: str((int(digit[0]) + 1) % 10), content)
    forged = document.replace(_quoted(content), _quoted(changed))
    salt = files[name][:_SALT_BYTES]
    kept = {each: raw for each, raw in files.items() if each != MANIFEST}
    kept.pop(f"statements/{statement}/jws.json", None)
    kept[name] = salt + msgspec.json.encode(body | {"document": forged})
    kept[f"statements/{statement}/document.json"] = forged.encode()
    return write(
        seal(kept, tree=manifest.checkpoint, mode=manifest.mode, statements=manifest.statements)
    )


def _draft(files: Files, statement: str) -> tuple[str, dict[str, str]]:
    """Return the name and the body of the event that drafted a statement."""
    for name, raw in files.items():
        if name.startswith("bodies/"):
            body = parse_json(raw[_SALT_BYTES:])
            document = body.get("document")
            if document is not None and json.loads(document)["statementId"] == statement:
                return name, body
    raise AssertionError("a bundle of a statement has its draft")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
