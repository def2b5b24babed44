"""What a program does as its person: draft and decide statements, and act on approved ones."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ledger.client.answers import DecisionReceipt, DraftReceipt, OutcomeReceipt, UseReceipt
from ledger.client.async_reader import AsyncLedgerReader, path_of
from ledger.client.drafts import AskedStatement, document_of
from ledger.domain.vocabulary import UseOutcome
from ledger.encoding import b64u_decode, parse_json, sha256_hex
from ledger.errors import RefusedError
from ledger.jose import parse_compact

# A person's later decision on a statement has a later signed time, in whole seconds.
_LATER = range(3)


class AsyncLedgerClient(AsyncLedgerReader):
    """One person at one ledger, as their browser: what they read, sign and use.

    What has a digest signs about that document, and no other. An act whose answer is lost can be
    sent again; a draft only by `submit`.
    """

    # --- drafting and deciding -------------------------------------------------------------------

    async def draft(  # noqa: PLR0913  # the members of a document
        self,
        content: str,
        *,
        title: str,
        policy: Mapping[str, Any] | None = None,
        type: str | None = None,  # the document's own word
        usable: Mapping[str, Any] | None = None,
        readers: Sequence[str] | None = None,
        supersedes: str | None = None,
    ) -> DraftReceipt:
        """Put a statement up for approval; `content` is the text of a JSON object.

        Either `policy` says who approves, or `type` names a type whose policy it has. `supersedes`
        is the id of the statement that this one replaces. Each call drafts another statement: to
        send one again, keep the bytes of `drafts.document_of` and `submit` them.

        Raises MalformedError `policy_missing`, and those of `document_of` before anything is sent.
        """
        definition = None if type is None else await self.definition(type)
        replaces = None if supersedes is None else await self.document(supersedes)
        asked = AskedStatement(
            title=title,
            content=content,
            policy=policy,
            definition=definition,
            usable=usable,
            readers=readers,
            replaces=replaces,
        )
        raw = document_of(asked, creator=self.user, ledger=self.ledger)
        return await self.submit(raw)

    async def submit(self, document: bytes) -> DraftReceipt:
        """Put these bytes up for approval; a document that was submitted before is answered again.

        Raises MalformedError if they are no JSON, RefusedError `document_differs` if the server
        answers for others: then people would approve, and a program act on, what it did not send.
        """
        said: Any = parse_json(document)
        digest = sha256_hex(document)
        act = await self._ask.act("draft", statementId=said["statementId"], sha256=digest)
        body = {"document": document.decode(), "act": act}
        receipt = await self._ask.send("/api/statements/create", body, DraftReceipt)
        if (receipt.statement_id, receipt.sha256) != (said["statementId"], digest):
            raise RefusedError("document_differs", "the server answered for another document")
        return receipt

    async def approve(self, statement_id: str, sha256: str) -> DecisionReceipt:
        """Approve the document with this SHA-256 (lower-case hex), and no other.

        Raises RefusedError `document_differs` before anything is signed.
        """
        document = await self.document(statement_id)
        found = sha256_hex(document)
        if found != sha256:
            raise RefusedError("document_differs", f"the document's SHA-256 is {found}")

        async def signed(iat: int) -> dict[str, str]:
            return {"jwt": await self._ask.signed(document, "JWT", iat)}

        return await self._decide(path_of(statement_id, "/sign"), signed)

    async def send_approval(self, statement_id: str, sha256: str, jws: str) -> DecisionReceipt:
        """Send an approval of the document with this SHA-256 that was signed elsewhere.

        Raises RefusedError `document_differs` if it signs another one.
        """
        found = sha256_hex(b64u_decode(parse_compact(jws).payload))
        if found != sha256:
            raise RefusedError("document_differs", f"it approves the document {found}")
        return await self._ask.send(path_of(statement_id, "/sign"), {"jwt": jws}, DecisionReceipt)

    async def reject(self, statement_id: str, sha256: str, reason: str) -> DecisionReceipt:
        """Reject the document with this SHA-256."""
        return await self._act(statement_id, "reject", sha256, reason=reason)

    async def retract(
        self, statement_id: str, sha256: str, reason: str | None = None
    ) -> DecisionReceipt:
        """Take back one's own approval of the document with this SHA-256, while it is pending."""
        return await self._act(statement_id, "retract", sha256, reason=reason)

    async def withdraw(
        self, statement_id: str, sha256: str, reason: str | None = None
    ) -> DecisionReceipt:
        """Withdraw one's own pending statement with this document."""
        return await self._act(statement_id, "withdraw", sha256, reason=reason)

    # --- acting on an approval -------------------------------------------------------------------

    async def use(
        self, statement_id: str, sha256: str, nonce: str, reference: str | None = None
    ) -> UseReceipt:
        """Use the approved document with this SHA-256 once.

        Keep the nonce before: the same nonce again gets the first receipt, and uses nothing.
        Raises RefusedError `document_differs` if the server answers for another statement.
        """
        about = {"statementId": statement_id, "sha256": sha256, "nonce": nonce}
        act = await self._ask.act("use", **about, **_given(reference=reference))
        receipt = await self._ask.send(path_of(statement_id, "/use"), {"act": act}, UseReceipt)
        if receipt.statement_id != statement_id:  # `report` signs about what the receipt names
            raise RefusedError("document_differs", "the server answered for another statement")
        return receipt

    async def report(
        self, use: UseReceipt, sha256: str, outcome: UseOutcome, reason: str | None = None
    ) -> OutcomeReceipt:
        """Report the outcome of one's own use."""
        act = await self._ask.act(
            "outcome",
            statementId=use.statement_id,
            sha256=sha256,
            number=use.number,
            generation=use.generation,
            outcome=outcome,
            **_given(reason=reason),
        )
        return await self._ask.send(
            path_of(use.statement_id, "/outcome"), {"act": act}, OutcomeReceipt
        )

    # --- sending ---------------------------------------------------------------------------------

    async def _act(
        self, statement_id: str, act: str, sha256: str, **more: str | None
    ) -> DecisionReceipt:
        async def signed(iat: int) -> dict[str, str]:
            about = {"statementId": statement_id, "sha256": sha256, **_given(**more)}
            return {"act": await self._ask.act(act, iat=iat, **about)}

        return await self._decide(path_of(statement_id, f"/{act}"), signed)

    async def _decide(
        self, path: str, signed: Callable[[int], Awaitable[dict[str, str]]]
    ) -> DecisionReceipt:
        """Send a decision of now, or of the next second if this person decided in this one."""
        now = int(time.time())
        for later in _LATER:
            try:
                return await self._ask.send(path, await signed(now + later), DecisionReceipt)
            except RefusedError as error:
                if error.code != "out_of_order" or later == _LATER[-1]:
                    raise
        raise AssertionError("unreachable")

    async def end_own_key(self) -> None:
        """End the key of this login: it signs nothing afterwards."""
        kid = self._ask.key.kid
        body = {"act": await self._ask.act("revoke-key", kid=kid)}
        await self._ask.send(f"/api/jwt-keys/{kid}/revoke", body, dict[str, Any])


def _given(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
