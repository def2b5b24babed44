"""A person of a demonstration as a client of the ledger: each method is one visit to it."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec

from ledger import clock
from ledger.demo.in_process import Browser
from ledger.demo.signatory import Members, Signatory, named, now_ms
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.redeeming import key_of_secret

_INVITED_MS = 7 * 86_400_000


class Member(Signatory):
    """A person with a browser of their own."""

    def __init__(self, name: str, browser: Browser, *, rp_id: str, origin: str) -> None:
        super().__init__(name, rp_id=rp_id, origin=origin)
        self._browser = browser

    # --- registration ----------------------------------------------------------------------------

    async def register(self, role: str) -> None:
        """Register with a role that registration gives to anybody."""
        begun = await self._browser.post("/api/credentials", {"name": self.name, "role": role})
        await self._browser.post("/api/register/complete", self.completion(begun))

    async def redeem(self, secret: str) -> None:
        """Register by a link, and accept the governance policy of a new ledger."""
        ledger = (await self._browser.post("/api/authenticate/options", {}))["ledger"]
        kid = key_of_secret(secret, ledger=ledger).kid
        wish = {"name": self.name, "invitation": kid}
        body = self.completion(await self._browser.post("/api/credentials", wish))
        body["redeem"] = self.redeemed(secret, policy_digest(FOUNDING))
        await self._browser.post("/api/register/complete", body)

    # --- administration --------------------------------------------------------------------------

    async def administer(self, *items: Members) -> None:
        """Draft a change and approve it, which completes it."""
        document = self.change(*items)
        body = self.draft(document) | self.approval(document, confirmed=True)
        await self._browser.post("/api/changes", body)

    def invitation(self, role: str, secret: str) -> Members:
        """Return the item that invites the holder of a secret, for a week."""
        about = {
            "invitation": str(uuid4()),
            "role": role,
            "key": msgspec.to_builtins(key_of_secret(secret, ledger=self.ledger).jwk),
            "expiresAt": clock.to_text(now_ms() + _INVITED_MS),
        }
        return {"invite": about}

    async def suspend(self, other: "Member", reason: str) -> None:
        """Suspend a person at once."""
        body = self.confirmed("suspend", user=other.user, reason=reason)
        await self._browser.post(f"/api/users/{other.user}/suspend", body)

    async def declare_compromise(self, since: str) -> None:
        """Declare one's own signing key compromised since a time."""
        body = self.confirmed("declare-compromise", kid=self.key.kid, since=since)
        await self._browser.post("/api/compromises", body)

    # --- statements ------------------------------------------------------------------------------

    async def propose(
        self, heading: str, content: Mapping[str, Any], policy: Members, **more: Any
    ) -> str:
        """Draft a statement and return its document; `more` has the document's other members."""
        document = self.document(heading, content, policy, **more)
        await self._browser.post("/api/statements/create", self.draft(document))
        return document

    async def approve(self, document: str, *, confirmed: bool = False) -> None:
        """Approve a statement; `confirmed` by the passkey, where its policy asks for it."""
        body = self.approval(document, confirmed=confirmed)
        await self._browser.post(f"/api/statements/{identity(document)}/sign", body)

    async def reject(self, document: str, reason: str) -> None:
        """Reject a statement."""
        await self._decide("reject", document, reason=reason)

    async def withdraw(self, document: str) -> None:
        """Withdraw a statement of one's own."""
        await self._decide("withdraw", document)

    async def evidence(self, document: str) -> bytes:
        """Return the evidence bundle of a statement."""
        return await self._browser.get(f"/api/statements/{identity(document)}/evidence")

    async def _decide(self, act: str, document: str, **members: Any) -> None:
        body = {"act": self.act(act, **named(document), **members)}
        await self._browser.post(f"/api/statements/{identity(document)}/{act}", body)


def identity(document: str) -> str:
    """Return the id of a document's statement."""
    return str(named(document)["statementId"])
