"""People and machines as the server meets them: over HTTP, with real keys and signatures."""

import hashlib
import json
import time
from typing import Any
from uuid import uuid4

import httpx

from ledger import clock
from ledger.encoding import b64u_decode
from ledger.jose import SigningKey
from ledger.passkey import attestation_challenge, confirmation_challenge
from tests.support.authenticator import Passkey

TERMS = {
    "type": "investment",
    "amount": 1_000_000,
    "currency": "USD",
    "closingDate": "2026-12-21",
    "lockUp": "5 years",
}
DEFAULT_POLICY: dict[str, Any] = {"threshold": 2, "of": ["role:creator", "role:investor"]}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Actor:
    """A person with a passkey and a signing key, and their own HTTP client."""

    def __init__(self, client: httpx.Client, name: str, origin: str = "http://localhost:8000"):
        self.client = client
        self.name = name
        self.key = SigningKey.generate()
        self.passkey = Passkey(origin=origin)
        self.user = ""
        self.ledger = ""

    # --- registration --------------------------------------------------------------------------

    def begin(self, role: str | None, invitation: str | None = None) -> dict[str, Any]:
        wish = {"name": self.name, "role": role, "invitation": invitation}
        body = {name: value for name, value in wish.items() if value is not None}
        answer = self.client.post("/api/credentials", json=body)
        assert answer.status_code == 200, answer.text
        begun: dict[str, Any] = answer.json()
        self.user, self.ledger = begun["user"], begun["ledger"]
        return begun

    def key_proofs(self, nonce: str, *, challenge: bytes | None = None) -> dict[str, Any]:
        if challenge is None:
            challenge = attestation_challenge(
                kid=self.key.kid, ledger=self.ledger, nonce=nonce, user=self.user
            )
        return {
            "jwk": {"kty": "OKP", "crv": "Ed25519", "x": self.key.jwk.x},
            "assertion": self.passkey.get(challenge),
            "possession": self.key.sign(challenge, typ="key-possession+jws"),
        }

    def completion(self, begun: dict[str, Any]) -> dict[str, Any]:
        return {
            "ceremony": begun["ceremony"],
            "registration": self.passkey.create(begun["publicKey"]["challenge"]),
            "key": self.key_proofs(begun["nonce"]),
        }

    def register(self, role: str | None = "investor", invitation: str | None = None) -> "Actor":
        body = self.completion(self.begin(role, invitation))
        answer = self.client.post("/api/register/complete", json=body)
        assert answer.status_code == 201, answer.text
        return self

    def sign_in(self) -> httpx.Response:
        begun = self.client.post("/api/authenticate/options", json={}).json()
        challenge = b64u_decode(begun["publicKey"]["challenge"])
        body = {"ceremony": begun["ceremony"], "assertion": self.passkey.get(challenge)}
        return self.client.post("/api/authenticate", json=body)

    # --- statements ----------------------------------------------------------------------------

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

    def act(self, act: str, **members: Any) -> str:
        payload = {"act": act, "iat": now_ms() // 1000, "ledger": self.ledger} | members
        return self.key.sign(json.dumps(payload).encode(), typ="act+jwt")

    def draft_body(self, document: str) -> dict[str, str]:
        sha256 = hashlib.sha256(document.encode()).hexdigest()
        statement_id = json.loads(document)["statementId"]
        return {
            "document": document,
            "act": self.act("draft", statementId=statement_id, sha256=sha256),
        }

    def draft(self, **members: Any) -> "Drafted":
        document = self.document(**members)
        answer = self.client.post("/api/statements/create", json=self.draft_body(document))
        assert answer.status_code == 201, answer.text
        return Drafted(document, answer.json())

    def approval(self, document: str, **header: Any) -> str:
        iat = header.get("iat", now_ms() // 1000)
        return self.key.sign(document.encode(), typ=header.get("typ", "JWT"), iat=iat)

    def individual(self, document: str, **members: Any) -> str:
        about = json.loads(document)
        payload = {
            "statementId": about["statementId"],
            "content": about["content"],
            "signer": self.user,
            "timestamp": now_ms(),
        } | members
        return self.key.sign(json.dumps(payload).encode(), typ="JWT")

    def post_sign(self, statement_id: str, jwt: str, **more: Any) -> httpx.Response:
        return self.client.post(f"/api/statements/{statement_id}/sign", json={"jwt": jwt} | more)

    def approve(self, drafted: "Drafted") -> httpx.Response:
        return self.post_sign(drafted.id, self.approval(drafted.document))

    def reject(self, drafted: "Drafted", reason: str = "The amount is wrong.") -> httpx.Response:
        act = self.act("reject", statementId=drafted.id, sha256=drafted.sha256, reason=reason)
        return self.client.post(f"/api/statements/{drafted.id}/reject", json={"act": act})

    def withdraw(self, drafted: "Drafted") -> httpx.Response:
        act = self.act("withdraw", statementId=drafted.id, sha256=drafted.sha256)
        return self.client.post(f"/api/statements/{drafted.id}/withdraw", json={"act": act})

    def confirm(self, drafted: "Drafted", jws: str) -> dict[str, Any]:
        """Return the assertion that assurance `passkey` asks for."""
        return self.passkey.get(
            confirmation_challenge(jws=jws, ledger=self.ledger, document_sha256=drafted.sha256)
        )


class Drafted:
    """A statement as its creator knows it."""

    def __init__(self, document: str, answer: dict[str, Any]) -> None:
        self.document = document
        self.answer = answer
        self.id: str = answer["statementId"]
        self.sha256: str = answer["sha256"]
