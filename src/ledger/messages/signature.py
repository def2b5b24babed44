"""Secrets and signatures of webhooks, as Standard Webhooks 1.0 has them (standardwebhooks.com).

The signature is an HMAC-SHA-256 over `id.timestamp.body`. Pure.
"""

import hashlib
import hmac
from base64 import b64encode

SECRET_BYTES = 32


def shown_secret(secret: bytes) -> str:
    """Return a secret as a receiver configures it."""
    return f"whsec_{b64encode(secret).decode()}"


def signed_headers(secret: bytes, message_id: str, body: bytes, *, now_s: int) -> dict[str, str]:
    """Return the three headers of an attempt at a time."""
    signed = f"{message_id}.{now_s}.".encode() + body
    mac = hmac.new(secret, signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }
