"""People and machines as HTTP clients of the server, with real keys and signatures."""

from collections.abc import Sequence
from typing import Any

import httpx
import msgspec

from ledger import clock
from ledger.domain import challenges
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node
from ledger.jose import SigningKey
from tests.support.authenticator import Passkey
from tests.support.changes import acceptance, change_members, invite, policy_set
from tests.support.drafted import Drafted as Drafted  # tests take it from here
from tests.support.keys import jwk_members
from tests.support.links import ledger_of, link_key, redeem
from tests.support.signatory import DEFAULT_POLICY as DEFAULT_POLICY  # tests take these from here
from tests.support.signatory import TERMS as TERMS
from tests.support.signatory import AnyKey, Signatory
from tests.support.signatory import now_ms as now_ms


class Actor(Signatory):
    """A person with a passkey, a signing key and an HTTP client."""

    def __init__(
        self,
        client: httpx.Client,
        name: str,
        origin: str = "http://localhost:8000",
        *,
        key: AnyKey | None = None,
    ) -> None:
        super().__init__(name, origin, key=key)
        self.client = client

    # --- registration --------------------------------------------------------------------------

    def begin(self, role: str | None, invitation: str | None = None) -> dict[str, Any]:
        kid = None if invitation is None else self.link_key(invitation).kid
        wish = {"name": self.name, "role": role, "invitation": kid}
        body = {name: value for name, value in wish.items() if value is not None}
        answer = self.client.post("/api/credentials", json=body)
        assert answer.status_code == 200, answer.text
        begun: dict[str, Any] = answer.json()
        self.user, self.ledger = begun["user"], begun["ledger"]
        return begun

    def key_proofs(
        self,
        nonce: str,
        *,
        challenge: bytes | None = None,
        key: AnyKey | None = None,
        passkey: Passkey | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Return a new key with its proofs; `more` has its home and end, or what a liar claims."""
        key = key or self.key
        home, ends = more.get("home", "device"), more.get("expires_at")
        if challenge is None:
            about = {"kid": key.kid, "ledger": self.ledger, "nonce": nonce, "user": self.user}
            where = {"home": home, "expires_at": ends}
            challenge = challenges.attest_signing_key(**(about | where | more))
        return {
            "jwk": jwk_members(key.jwk),
            "assertion": (passkey or self.passkey).get(challenge),
            "possession": self.sign(challenge, key=key, typ="key-possession+jws"),
            "home": home,
            "expiresAt": ends,
        }

    def completion(self, begun: dict[str, Any], invitation: str | None = None) -> dict[str, Any]:
        body = {
            "ceremony": begun["ceremony"],
            "registration": self.passkey.create(self.challenge("register", begun)),
            "key": self.key_proofs(begun["nonce"]),
        }
        if invitation is None:
            return body
        return body | {"redeem": self.redeem(invitation, **self.accepted_by_link(invitation))}

    def accepted_by_link(self, invitation: str) -> dict[str, str]:
        """Return the members by which a newcomer accepts the policy that an invitation shows."""
        shown = self.client.get(f"/api/invitations/{self.link_key(invitation).kid}").json()
        if shown.get("governance") is None:
            return {}
        return {"accepts": policy_digest(msgspec.convert(shown["governance"], Node))}

    def link_key(self, invitation: str) -> SigningKey:
        """Return the key of a link's secret, or of the secret that a name stands for."""
        return link_key(invitation, self.ledger or ledger_of(self.client))

    def redeem(self, invitation: str, **members: Any) -> str:
        """Return the JWS that redeems an invitation for this person's passkey."""
        about: dict[str, Any] = {"user": self.user, "ledger": self.ledger, "iat": now_ms() // 1000}
        cose = self.passkey.cose_sha256
        return redeem(self.link_key(invitation), **({"cose": cose} | about | members))

    @staticmethod
    def challenge(purpose: str, begun: dict[str, Any]) -> bytes:
        """Return the challenge of a ceremony that names only its ledger and nonce."""
        compute = {"register": challenges.register, "sign-in": challenges.sign_in}[purpose]
        return compute(ledger=begun["ledger"], nonce=begun["nonce"])

    def register(self, role: str | None = "investor", invitation: str | None = None) -> "Actor":
        body = self.completion(self.begin(role, invitation), invitation)
        answer = self.client.post("/api/register/complete", json=body)
        assert answer.status_code == 201, answer.text
        return self

    def sign_in(self) -> httpx.Response:
        return self.post_assertion(self.begin_sign_in())

    def begin_sign_in(self) -> dict[str, Any]:
        begun: dict[str, Any] = self.client.post("/api/authenticate/options", json={}).json()
        return begun

    def post_assertion(self, begun: dict[str, Any], **overrides: Any) -> httpx.Response:
        """Answer a sign-in challenge; `overrides` change the client data."""
        assertion = self.passkey.get(self.challenge("sign-in", begun), **overrides)
        body = {"ceremony": begun["ceremony"], "assertion": assertion}
        return self.client.post("/api/authenticate", json=body)

    def sign_in_by_key(self, jti: str) -> httpx.Response:
        return self.client.post("/api/sessions", json={"act": self.act("sign-in", jti=jti)})

    # --- keys and passkeys ---------------------------------------------------------------------

    def add_key(
        self, key: AnyKey, *, passkey: Passkey | None = None, **more: Any
    ) -> httpx.Response:
        begun = self.client.post("/api/jwt-keys/options", json={}).json()
        proofs = self.key_proofs(begun["nonce"], key=key, passkey=passkey, **more)
        body = {"ceremony": begun["ceremony"], "key": proofs}
        return self.client.post("/api/jwt-keys", json=body)

    def add_passkey(self, passkey: Passkey) -> httpx.Response:
        return self.client.post("/api/passkeys", json=self.passkey_addition(passkey))

    def passkey_addition(self, passkey: Passkey, **members: Any) -> dict[str, Any]:
        """Return the request that adds a passkey; `members` change its act."""
        begun = self.client.post("/api/passkeys/options", json={}).json()
        digest = passkey.cose_sha256
        act = self.act("add-passkey", **({"cose": digest, "user": self.user} | members))
        challenge = challenges.add_passkey(
            cose_sha256=digest, ledger=self.ledger, nonce=begun["nonce"], user=self.user
        )
        return {
            "ceremony": begun["ceremony"],
            "registration": passkey.create(self.challenge("register", begun)),
            "assertion": passkey.get(challenge),
            "act": act,
            "confirmation": self.confirm(act),
        }

    def remove_passkey(self, credential_id: str, **members: Any) -> httpx.Response:
        act = self.act("remove-passkey", **({"credentialId": credential_id} | members))
        body = {"act": act, "assertion": self.confirm(act)}
        return self.client.post(f"/api/passkeys/{credential_id}/remove", json=body)

    def revoke_key(self, kid: str, **members: Any) -> httpx.Response:
        """Revoke a key, confirmed by the passkey."""
        act = self.act("revoke-key", **({"kid": kid} | members))
        # A key ends itself alone; the rest needs a passkey.
        alone = kid == self.key.kid and "compromisedSince" not in members
        body = {"act": act} if alone else self.confirmed(act)
        return self.client.post(f"/api/jwt-keys/{kid}/revoke", json=body)

    def reaffirm(self, epoch: int = 1) -> httpx.Response:
        """Reaffirm the key that signs, after a loss."""
        act = self.act("reaffirm-key", kid=self.key.kid, epoch=epoch)
        return self.client.post(f"/api/jwt-keys/{self.key.kid}/reaffirm", json=self.confirmed(act))

    def declare_compromise(self, since: str, **members: Any) -> httpx.Response:
        act = self.act("declare-compromise", **({"since": since} | members))
        return self.client.post("/api/compromises", json=self.confirmed(act))

    def suspend(self, user: str, reason: str = "Left the company.") -> httpx.Response:
        act = self.act("suspend", user=user, reason=reason)
        return self.client.post(f"/api/users/{user}/suspend", json=self.confirmed(act))

    def grant_role(self, user: str, role: str) -> httpx.Response:
        return self.change({"grant-role": {"user": user, "role": role}})

    def invite(self, role: str, token: str, **members: Any) -> httpx.Response:
        ends = clock.to_text(now_ms() + 60_000)
        return self.change(invite(token, role, ends, self.ledger, **members))

    def change(
        self, *items: dict[str, Any], accepted_by: Sequence["Actor"] = (), **members: Any
    ) -> httpx.Response:
        """Make a change; `members` are of its document, or `governance`.

        If it sets governance, this person and `accepted_by` accept it before this one approves.
        """
        body = self.change_body(*items, **members)
        drafted = self.client.post("/api/changes", json=body)
        policy = policy_set(items)
        if policy is None or drafted.status_code != 201:
            return drafted
        statement_id = drafted.json()["statementId"]
        for each in (self, *accepted_by):
            each.accept_governance(policy, statement_id)
        jws = self.approval(body["document"])
        return self.post_sign(statement_id, jws, assertion=self.confirm(jws))

    def change_body(self, *items: dict[str, Any], **members: Any) -> dict[str, Any]:
        document = self.document(**change_members(items, now_ms(), **members))
        if policy_set(items) is not None:
            return dict(self.draft_body(document))
        jws = self.approval(document)
        return self.draft_body(document) | {"jwt": jws, "assertion": self.confirm(jws)}

    def accept_governance(self, policy: Node, change: str | None = None) -> httpx.Response:
        act = self.act("accept-governance", **acceptance(policy, change))
        return self.client.post("/api/governance/accept", json=self.confirmed(act))

    # --- statements ----------------------------------------------------------------------------

    def draft_of(self, document: str | None = None) -> httpx.Response:
        body = self.draft_body(document or self.document())
        return self.client.post("/api/statements/create", json=body)

    def draft(self, **members: Any) -> Drafted:
        document = self.document(**members)
        answer = self.draft_of(document)
        assert answer.status_code == 201, answer.text
        return Drafted(document, answer.json())

    def post_sign(self, statement_id: str, jwt: str, **more: Any) -> httpx.Response:
        return self.client.post(f"/api/statements/{statement_id}/sign", json={"jwt": jwt} | more)

    def approve(self, drafted: Drafted) -> httpx.Response:
        return self.post_sign(drafted.id, self.approval(drafted.document))

    def reject(self, drafted: Drafted, reason: str = "The amount is wrong.") -> httpx.Response:
        return self._post_act(drafted, "reject", reason=reason)

    def retract(self, drafted: Drafted) -> httpx.Response:
        return self._post_act(drafted, "retract")

    def withdraw(self, drafted: Drafted) -> httpx.Response:
        return self._post_act(drafted, "withdraw")

    def use(self, drafted: Drafted, nonce: str, **members: Any) -> httpx.Response:
        return self._post_act(drafted, "use", nonce=nonce, **members)

    def report(
        self, drafted: Drafted, outcome: str, number: int = 1, generation: int = 1
    ) -> httpx.Response:
        members = {"number": number, "generation": generation, "outcome": outcome}
        return self._post_act(drafted, "outcome", **members)

    def confirm_not_done(self, drafted: Drafted, number: int = 1) -> httpx.Response:
        about: dict[str, Any] = {"statementId": drafted.id, "sha256": drafted.sha256}
        use = {"number": number, "generation": 1, "outcome": "not-done"}
        act = self.act("outcome", **about, **use)
        body = {"act": act, "assertion": self.confirm(act)}
        return self.client.post(f"/api/statements/{drafted.id}/outcome", json=body)

    def _post_act(self, drafted: Drafted, kind: str, **members: Any) -> httpx.Response:
        about = {"statementId": drafted.id, "sha256": drafted.sha256, **members}
        act = self.act(kind, **about, iat=self.later(drafted.id))
        return self.client.post(f"/api/statements/{drafted.id}/{kind}", json={"act": act})


def policy_of(threshold: int, *people: Actor, **more: Any) -> dict[str, Any]:
    """Return a policy that names people; `more` has its other members."""
    return {"threshold": threshold, "of": [f"user:{each.user}" for each in people]} | more
