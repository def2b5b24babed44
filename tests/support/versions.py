"""What the document of a new version says of the statement that it supersedes."""

import hashlib
import json
from typing import Any


def copied(document: bytes | str) -> dict[str, Any]:
    """Return the member `supersedes` of a new version of the statement with this document."""
    raw = document.encode() if isinstance(document, str) else document
    said = json.loads(raw)
    digest = hashlib.sha256(raw).hexdigest()
    return {"statement": said["statementId"], "sha256": digest, "policy": said["policy"]}
