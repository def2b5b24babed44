"""A person who signs: documents, approvals, acts, and what a passkey confirms. No I/O.

These are the bodies that a browser sends. Their keys are in memory only.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec

from ledger import clock
from ledger.demo.passkey import SoftwarePasskey
from ledger.domain import challenges
from ledger.domain.acts import REDEEM_TYP, TYP
from ledger.domain.changes.items import parse_items
from ledger.domain.changes.titles import title
from ledger.domain.document import Document
from ledger.domain.governance import FOUNDING
from ledger.domain.redeeming import key_of_secret
from ledger.jose import SigningKey

_DAY_MS = 86_400_000
Members = dict[str, Any]


def now_ms() -> int:
    """Return the computer's time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Signatory:
    """A person with a passkey and a signing key; `user` and `ledger` are known once begun."""

    def __init__(self, name: str, *, rp_id: str, origin: str) -> None:
        self.name = name
        self.key = SigningKey.generate()
        self.passkey = SoftwarePasskey(rp_id=rp_id, origin=origin)
        self.user = ""
        self.ledger = ""

    # --- registration ----------------------------------------------------------------------------

    def completion(self, begun: Members) -> Members:
        """Return what completes a registration: a new passkey, and a signing key it attests."""
        self.user, self.ledger, nonce = begun["user"], begun["ledger"], begun["nonce"]
        challenge = challenges.attest_signing_key(
            kid=self.key.kid,
            ledger=self.ledger,
            nonce=nonce,
            user=self.user,
            home="device",
            expires_at=None,
        )
        key = {
            "jwk": msgspec.to_builtins(self.key.jwk),
            "assertion": self.passkey.get(challenge),
            "possession": self.key.sign(challenge, typ="key-possession+jws"),
            "home": "device",
            "expiresAt": None,
        }
        created = self.passkey.create(challenges.register(ledger=self.ledger, nonce=nonce))
        return {"ceremony": begun["ceremony"], "registration": created, "key": key}

    def redeemed(self, secret: str, accepts: str) -> str:
        """Return the JWS by which a link's key admits this passkey; it accepts a governance."""
        act = {
            "act": "redeem",
            "accepts": accepts,
            "cose": self.passkey.cose_sha256,
            "iat": now_ms() // 1000,
            "ledger": self.ledger,
            "purpose": "invitation",
            "user": self.user,
        }
        link = key_of_secret(secret, ledger=self.ledger)
        return link.sign(json.dumps(act).encode(), typ=REDEEM_TYP)

    # --- what people sign ------------------------------------------------------------------------

    def document(
        self, heading: str, content: Mapping[str, Any], policy: Members, **more: Any
    ) -> str:
        """Return the document of a statement, now; `more` has its other members."""
        said = {
            "content": json.dumps(content, ensure_ascii=False, indent=2),
            "createdAt": clock.to_text(now_ms()),
            "creator": self.user,
            "ledger": self.ledger,
            "policy": policy,
            "statementId": str(uuid4()),
            "title": heading,
        }
        return json.dumps(said | more, ensure_ascii=False)

    def change(self, *items: Members) -> str:
        """Return the document of a change, while one administrator decides alone."""
        ends = clock.to_text(now_ms() + 30 * _DAY_MS)
        policy = msgspec.to_builtins(FOUNDING) | {"assurance": "passkey", "expiresAt": ends}
        kind = {"name": "ledger/change", "version": 1}
        content = {"items": items}
        return self.document(change_title(json.dumps(content)), content, policy, type=kind)

    def draft(self, document: str) -> Members:
        """Return what drafts a document."""
        return {"document": document, "act": self.act("draft", **named(document))}

    def approval(self, document: str, *, confirmed: bool = False) -> Members:
        """Return an approval; `confirmed` by the passkey, where the policy asks for it."""
        jwt = self.key.sign(document.encode(), typ="JWT", iat=now_ms() // 1000)
        return {"jwt": jwt} | ({"assertion": self._confirmation(jwt)} if confirmed else {})

    def act(self, act: str, /, **members: Any) -> str:
        """Return the JWS of an act."""
        said = {"act": act, "iat": now_ms() // 1000, "ledger": self.ledger} | members
        return self.key.sign(json.dumps(said).encode(), typ=TYP)

    def confirmed(self, act: str, /, **members: Any) -> Members:
        """Return an act with the passkey's assertion over it."""
        jws = self.act(act, **members)
        return {"act": jws, "assertion": self._confirmation(jws)}

    def _confirmation(self, jws: str) -> Members:
        return self.passkey.get(challenges.confirm(jws=jws, ledger=self.ledger, user=self.user))


def change_title(content: str) -> str:
    """Return the title of a change with this content; raise as `parse_items` does."""
    rest = {"createdAt": "", "creator": "", "ledger": "", "statementId": "", "title": ""}
    about = {"content": content, "policy": {"threshold": 1, "of": []}}
    return title(parse_items(msgspec.convert(rest | about, Document)))


def named(document: str) -> Members:
    """Return how an act names a document: its statement, and the SHA-256 of its bytes."""
    digest = hashlib.sha256(document.encode()).hexdigest()
    return {"statementId": json.loads(document)["statementId"], "sha256": digest}
