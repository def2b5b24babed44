"""The test vectors of WebAuthn Level 3, and the verdicts that docs/reference/webauthn.md gives."""

import re
from typing import Any

import cbor2

from ledger.encoding import b64u_encode
from tests.support.architecture import ROOT
from tests.support.vectors import vector

W3C: dict[str, Any] = vector("webauthn/w3c")
PAGE = ROOT / "docs/reference/webauthn.md"
_ROW = re.compile(r"^\| \[(.+?)\]\(.+?\) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)

# By the vector's name: what the server, `ledger verify` and the page say of its registration, what
# the page says instead where it cannot tell, and what all say of its authentication.
VERDICTS = {
    name: (server, None if page == "the same" else page, authentication)
    for name, server, page, authentication in _ROW.findall(PAGE.read_text("utf-8"))
}


def b64u(text: str) -> str:
    """Return hex as base64url."""
    return b64u_encode(bytes.fromhex(text))


def public_key(vector: dict[str, Any]) -> str:
    """Return the COSE key of a vector's registration, base64url."""
    whole = cbor2.loads(bytes.fromhex(vector["registration"]["attestationObject"]))
    data: bytes = whole["authData"]
    return b64u_encode(data[55 + int.from_bytes(data[53:55], "big") :])
