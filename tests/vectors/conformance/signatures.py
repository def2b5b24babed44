"""ML-DSA-65 signatures of the suite: the library signs with chance, so they are recorded."""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path

from tests.support.keys import TestKey, ml_dsa_key

PATH = Path(__file__).with_name("signatures.json")


@cache
def recorded() -> dict[str, str]:
    """Return each signature, base64, by the SHA-256 of what was signed; new ones are added."""
    found: dict[str, str] = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    return found


def recorded_ml_dsa_key() -> TestKey:
    """Return a key that signs what it signed before with the same bytes."""
    key = ml_dsa_key(7)

    def sign(data: bytes) -> bytes:
        name = hashlib.sha256(data).hexdigest()
        if name not in recorded():
            recorded()[name] = base64.b64encode(key.sign_raw(data)).decode()
        return base64.b64decode(recorded()[name])

    return TestKey(key.jwk, key.alg, sign)


def text() -> str:
    """Return the text of signatures.json."""
    return json.dumps(recorded(), indent=1) + "\n"
