"""People with real keys, and what they sign: documents, approvals, acts, confirmations."""

import hashlib
import json
import time
from typing import Any
from uuid import uuid4

from ledger import clock
from ledger.domain import challenges
from ledger.jose import SigningKey
from tests.support.authenticator import Passkey
from tests.support.keys import TestKey

TERMS = {
    "type": "investment",
    "amount": 1_000_000,
    "currency": "USD",
    "closingDate": "2026-12-21",
    "lockUp": "5 years",
}
DEFAULT_POLICY: dict[str, Any] = {"threshold": 2, "of": ["role:creator", "role:investor"]}
AnyKey = SigningKey | TestKey


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Signatory:
    """A person with a passkey and a signing key."""

    def __init__(self, name: str, origin: str, *, key: AnyKey | None = None) -> None:
        self.name = name
        self.key: AnyKey = key or SigningKey.generate()
        self.passkey = Passkey(origin=origin)
        self.user = ""
        self.ledger = ""
        self._decided: dict[str, int] = {}

    def sign(self, payload: bytes, *, key: AnyKey | None = None, **header: Any) -> str:
        """Return a compact JWS by the person's key, or by another key."""
        key = key or self.key
        return (
            key.jws(payload, **header) if isinstance(key, TestKey) else key.sign(payload, **header)
        )

    def document(self, **members: Any) -> str:
        document = {
            "content": json.dumps(TERMS),
            "createdAt": clock.to_text(now_ms()),
            "creator": self.user,
            "ledger": self.ledger,
            "policy": DEFAULT_POLICY,
            "statementId": str(uuid4()),
            "title": "Series A",
        } | members
        return json.dumps(document, ensure_ascii=False)

    def act(self, act: str, /, **members: Any) -> str:
        payload = {"act": act, "iat": now_ms() // 1000, "ledger": self.ledger} | members
        return self.sign(json.dumps(payload).encode(), typ="act+jwt")

    def draft_body(self, document: str) -> dict[str, str]:
        sha256 = hashlib.sha256(document.encode()).hexdigest()
        statement_id = json.loads(document)["statementId"]
        return {
            "document": document,
            "act": self.act("draft", statementId=statement_id, sha256=sha256),
        }

    def later(self, statement_id: str) -> int:
        """Return a signed time after that of this person's last decision on a statement."""
        iat = max(now_ms() // 1000, self._decided.get(statement_id, 0) + 1)
        self._decided[statement_id] = iat
        return iat

    def approval(self, document: str, **header: Any) -> str:
        iat = header["iat"] if "iat" in header else self.later(json.loads(document)["statementId"])
        return self.sign(document.encode(), typ=header.get("typ", "JWT"), iat=iat)

    def individual(self, document: str, **members: Any) -> str:
        about = json.loads(document)
        payload = {
            "statementId": about["statementId"],
            "content": about["content"],
            "signer": self.user,
            "timestamp": max(now_ms(), self.later(about["statementId"]) * 1000),
        } | members
        return self.sign(json.dumps(payload).encode(), typ="JWT")

    def confirmed(self, act: str) -> dict[str, Any]:
        """Return an act with the passkey's assertion over it."""
        return {"act": act, "assertion": self.confirm(act)}

    def confirm(self, jws: str) -> dict[str, Any]:
        """Return a passkey's confirmation of one decision or act."""
        challenge = challenges.confirm(jws=jws, ledger=self.ledger, user=self.user)
        return self.passkey.get(challenge)
