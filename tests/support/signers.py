"""People for tests without a server: fixed ids, keys and clock, and their signatures."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.domain import challenges, charter_values
from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.holdings import AttestedKey
from ledger.domain.holdings import Passkey as KnownPasskey
from ledger.domain.passkey import (
    AssertionEvidence,
    RegistrationEvidence,
    RelyingParty,
    verify_registration,
)
from ledger.domain.person import Person
from ledger.domain.service_accounts import ServiceSubmission
from ledger.domain.signing_keys import KeySubmission
from ledger.jose import SigningKey
from tests.support.authenticator import Passkey
from tests.support.changes import change_members
from tests.support.heads import HEADS
from tests.support.keys import TestKey, ed25519_key
from tests.support.links import LEDGER as LEDGER  # tests take it from here
from tests.support.links import redeem

NOW_MS = 1_795_230_245_678  # 2026-11-21T03:04:05.678Z
FIVE_MINUTES_MS = 300_000
REGISTERED = "2026-01-01T00:00:00.000Z"
PARTY = RelyingParty(rp_id="localhost", origin="http://localhost:8000")
NONCE = "bm9uY2U"
CHARTER = Charter(
    version=1,
    ledger=LEDGER,
    values=charter_values.founding("open"),
    party=PARTY,
    kid=ed25519_key(1000).kid,
    key=ed25519_key(1000).jwk,
    heads=HEADS,
    invitations={},
    founded_registration="open",
)
# A service account, unless a test says otherwise.
SCOPE: dict[str, Any] = {
    "acts": ("draft", "outcome", "use"),
    "name": "deploy",
    "types": ("deployment",),
    "untyped": True,
    "expires_at": "2027-11-21T00:00:00.000Z",
}
TWO_OF_TWO: dict[str, Any] = {"threshold": 2, "of": ["role:creator", "role:investor"]}
CONTENT = '{"amount":1000000,"currency":"USD"}'


@dataclass
class Clock:
    """The only clock of a test; it moves only when told to."""

    ms: int = NOW_MS

    def __str__(self) -> str:
        return clock.to_text(self.ms)


def assertion(response: dict[str, Any]) -> AssertionEvidence:
    """Return what the server stores of an AuthenticationResponseJSON."""
    inner = response["response"]
    return AssertionEvidence(
        credential_id=response["id"],
        client_data_json=inner["clientDataJSON"],
        authenticator_data=inner["authenticatorData"],
        signature=inner["signature"],
    )


def registration(response: dict[str, Any]) -> RegistrationEvidence:
    """Return what the server stores of a RegistrationResponseJSON."""
    inner = response["response"]
    return RegistrationEvidence(inner["clientDataJSON"], inner["attestationObject"])


class Signer:
    """A person with roles, a passkey and a signing key."""

    def __init__(
        self,
        number: int,
        *roles: str,
        key: TestKey | None = None,
        passkey: Passkey | None = None,
        time: Clock | None = None,
    ) -> None:
        self.user = str(UUID(int=number))
        self.roles = frozenset(roles)
        self.key = key or ed25519_key(number)
        self.passkey = passkey or Passkey()
        self.time = time or Clock()
        self.ledger = LEDGER

    @cached_property
    def known_passkey(self) -> KnownPasskey:
        verified = verify_registration(
            registration(self.passkey.create(b"challenge")),
            self.passkey.id,
            challenge=b"challenge",
            party=PARTY,
        )
        return KnownPasskey(verified.credential_id, verified.public_key, REGISTERED)

    @cached_property
    def person(self) -> Person:
        """The person's state: registered, with one key and one passkey."""
        return self.person_with(self.key)

    def person_with(self, *keys: TestKey, revoked: tuple[str, ...] = ()) -> Person:
        return Person(
            user=self.user,
            version=3,
            name="Somebody",
            roles=self.roles,
            keys={
                each.kid: AttestedKey(
                    each.kid,
                    each.jwk,
                    REGISTERED,
                    added_by=frozenset({f"passkey:{self.passkey.id}"}),
                    revoked=each.kid in revoked,
                )
                for each in keys
            },
            passkeys={self.passkey.id: self.known_passkey},
            accepted={policy_digest(FOUNDING): self.roles},
        )

    # --- signatures ------------------------------------------------------------------------------

    def act(self, kind: str, *, key: TestKey | None = None, **members: Any) -> str:
        payload = {"act": kind, "iat": self.time.ms // 1000, "ledger": self.ledger} | members
        return (key or self.key).jws(json.dumps(payload).encode(), typ="act+jwt")

    def document(self, **members: Any) -> bytes:
        whole = {
            "content": CONTENT,
            "createdAt": str(self.time),
            "creator": self.user,
            "ledger": self.ledger,
            "policy": TWO_OF_TWO,
            "statementId": "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001",
            "title": "Series A",
        } | members
        return json.dumps(whole, ensure_ascii=False).encode()

    def change(self, *items: dict[str, Any], **members: Any) -> bytes:
        """Return the document of a change."""
        return self.document(**change_members(items, self.time.ms, **members))

    def draft_act(self, raw: bytes, **members: Any) -> str:
        about = {
            "statementId": json.loads(raw)["statementId"],
            "sha256": hashlib.sha256(raw).hexdigest(),
        }
        return self.act("draft", **(about | members))

    def shared(self, raw: bytes, *, key: TestKey | None = None, **header: Any) -> str:
        return (key or self.key).jws(raw, **({"iat": self.time.ms // 1000} | header))

    def individual(self, raw: bytes, *, key: TestKey | None = None, **members: Any) -> str:
        about = json.loads(raw)
        payload = {
            "statementId": about["statementId"],
            "content": about["content"],
            "signer": self.user,
            "timestamp": self.time.ms,
        } | members
        return (key or self.key).jws(json.dumps(payload).encode())

    def confirm(self, jws: str, **overrides: Any) -> AssertionEvidence:
        """Return the passkey's assertion over one decision or act."""
        challenge = challenges.confirm(jws=jws, ledger=self.ledger, user=self.user)
        return assertion(self.passkey.get(challenge, **overrides))

    def confirmed(self, act: str) -> ConfirmedAct:
        """Return an act with the passkey's confirmation."""
        return ConfirmedAct(act, self.confirm(act), self.ledger, PARTY, self.time.ms)

    def submission(self, key: TestKey, *, nonce: str = NONCE, **more: Any) -> KeySubmission:
        """Return another key with its proofs; `more` may have `home` and `expires_at`."""
        where: dict[str, Any] = {"home": "device", "expires_at": None} | more
        challenge = challenges.attest_signing_key(
            kid=key.kid, ledger=self.ledger, nonce=nonce, user=self.user, **where
        )
        return KeySubmission(
            jwk=members(key),
            assertion=assertion(self.passkey.get(challenge)),
            possession=key.jws(challenge, typ="key-possession+jws"),
            **where,
        )

    def service(self, key: TestKey, *, nonce: str = NONCE, **more: Any) -> ServiceSubmission:
        """Return a new service account with the passkey's assertion and its proof of possession."""
        about = SCOPE | more
        scope = {name: about[name] for name in ("acts", "name", "types", "untyped")}
        challenge = challenges.add_service_account(
            {**scope, "acts": [*scope["acts"]], "types": [*scope["types"]]},
            expires_at=about["expires_at"],
            kid=key.kid,
            ledger=self.ledger,
            nonce=nonce,
            user=self.user,
        )
        return ServiceSubmission(
            jwk=members(key),
            assertion=assertion(self.passkey.get(challenge)),
            possession=key.jws(challenge, typ="key-possession+jws"),
            **about,
        )

    def new_passkey(self, passkey: Passkey, *, nonce: str = NONCE) -> PasskeySubmission:
        """Return a new passkey's registration response."""
        shown = passkey.create(challenges.register(ledger=self.ledger, nonce=nonce))
        return PasskeySubmission(passkey.id, registration(shown), ("internal",))

    def redeem(self, link: SigningKey, **members: Any) -> str:
        """Return the JWS by which a link's key admits this person's passkey."""
        about: dict[str, Any] = {
            "cose": self.passkey.cose_sha256,
            "user": self.user,
            "iat": self.time.ms // 1000,
            "ledger": self.ledger,
        }
        return redeem(link, **(about | members))

    def addition(
        self, passkey: Passkey, *, nonce: str = NONCE, **members: Any
    ) -> tuple[ConfirmedAct, AssertionEvidence]:
        """Return the confirmed act that adds a passkey, and the new passkey's own assertion."""
        about = {"cose": passkey.cose_sha256, "user": self.user}
        challenge = challenges.add_passkey(
            cose_sha256=passkey.cose_sha256, ledger=self.ledger, nonce=nonce, user=self.user
        )
        act = self.act("add-passkey", **(about | members))
        return self.confirmed(act), assertion(passkey.get(challenge))


def members(key: TestKey) -> dict[str, Any]:
    """Return the key's JWK as a client sends it."""
    tag = {"EdDSA": "OKP", "ES256": "EC", "ML-DSA-65": "AKP"}[key.alg]
    return {"kty": tag} | {name: getattr(key.jwk, name) for name in key.jwk.__struct_fields__}
