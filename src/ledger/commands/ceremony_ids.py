"""A ceremony's id: what the ceremony was begun with, and a tag that only this ledger can compute.

id = base64url(version ‖ state ‖ tag), where tag is HMAC-SHA-256 over a label, the version and the
state, under a random key of this ledger. The server keeps no list of open ceremonies, so beginning
many of them costs it nothing. The client that began the ceremony can read the state, which holds
nothing that this client does not know.
"""

import hmac

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError, RefusedError

VERSION = b"\x01"
TAG_BYTES = 32
MAX_ID_CHARS = 4_096
_LABEL = b"ledger ceremony v1\n"


def seal(state: bytes, *, key: bytes) -> str:
    """Return the id that carries this state."""
    body = VERSION + state
    return b64u_encode(body + _tag(body, key))


def unseal(ceremony_id: str, *, key: bytes) -> bytes:
    """Return the state that an id carries.

    Raises RefusedError `ceremony_unknown` for anything that `seal` did not return with this key.
    """
    if len(ceremony_id) > MAX_ID_CHARS:
        raise unknown()
    try:
        sealed = b64u_decode(ceremony_id)
    except MalformedError as error:
        raise unknown() from error
    body, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(body, key)):
        raise unknown()
    if not body.startswith(VERSION):
        raise unknown()
    return body[len(VERSION) :]


def unknown() -> RefusedError:
    """Return the one error of every ceremony that cannot be completed."""
    return RefusedError("ceremony_unknown", "this attempt is over; start again")


def _tag(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _LABEL + body, "sha256")
