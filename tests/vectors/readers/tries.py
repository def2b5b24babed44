"""What people try with readers: each tells a log whose last event an auditor accepts or refuses."""

from collections.abc import Callable
from typing import Any

from ledger.domain.events import StatementDrafted, StatementRejected, StatementSigned
from ledger.domain.vocabulary import ReadBy
from tests.support.changes import set_charter, values
from tests.support.chronicle import statement_id
from tests.support.document_end import ends_at
from tests.support.signers import Signer
from tests.vectors.changes.company import Company

REASON = "The amount is too low."
INVITE = set_charter(values("invite"), values("open"))


class Readers(Company):
    """The company, with a statement that Ben is asked to approve and Ivy may read, but not Ada."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = self.draft(self.cal, 5, policy=self.by_ben(), readers=[f"user:{self.ivy.user}"])

    def by_ben(self) -> dict[str, Any]:
        return {"threshold": 1, "of": [f"user:{self.ben.user}"]}

    def drafts_unseen(self, read_by: ReadBy, **members: Any) -> None:
        """Append a draft as the last event."""
        members = {"policy": self.by_ben(), "statementId": statement_id(9)} | members
        raw = self.cal.document(**members)
        act = self.cal.draft_act(raw)
        own = self.cal.user, self.cal.key.kid, act
        body = StatementDrafted(raw.decode(), *own, ends_at(raw), read_by=read_by)
        self.add(statement_id(9), body)

    def approves_unseen(self, who: Signer, jws: str | None = None) -> None:
        """Append an approval as the last event, also one by somebody who may not read."""
        body = StatementSigned(
            signer=who.user,
            kid=who.key.kid,
            roles=tuple(sorted(who.roles)),
            form="shared",
            iat=self.time.ms // 1000,
            status="approved",
            jws=jws or who.shared(self.raw),
        )
        self.add(statement_id(5), body)

    def rejects_unseen(self, who: Signer) -> None:
        """Append a rejection as the last event."""
        body = StatementRejected(
            signer=who.user,
            kid=who.key.kid,
            roles=tuple(sorted(who.roles)),
            reason=REASON,
            iat=self.time.ms // 1000,
            status="rejected",
            act=who.act("reject", **self._about(self.raw), reason=REASON),
        )
        self.add(statement_id(5), body)


def by_invitation(read_by: ReadBy, **members: Any) -> Callable[[Readers], None]:
    """Return the try of a draft after registration was closed to all but the invited."""

    def told_so(told: Readers) -> None:
        told.change(told.ada, 3, INVITE)
        told.drafts_unseen(read_by, **members)

    return told_so


def drafted(read_by: ReadBy, **members: Any) -> Callable[[Readers], None]:
    """Return the try of a draft while registration is open."""
    return lambda told: told.drafts_unseen(read_by, **members)


def of_another_statement(told: Readers) -> None:
    told.approves_unseen(told.ada, told.ada.shared(told.cal.document(title="Another")))


def by_a_key_of_others(told: Readers) -> None:
    told.approves_unseen(
        told.ada, told.ada.shared(told.raw, key=told.ben.key, kid=told.ada.key.kid)
    )


NAMED = [f"user:{number:08x}-0000-4000-8000-000000000000" for number in range(257)]
TRIES: dict[str, tuple[Callable[[Readers], None], str | None]] = {
    "approved by who is asked": (lambda told: told.approves_unseen(told.ben), None),
    "approved by a reader": (lambda told: told.approves_unseen(told.ivy), "not_a_signer"),
    "approved by who may not read": (
        lambda told: told.approves_unseen(told.ada),
        "statement_unknown",
    ),
    "another statement signed by who may not read": (of_another_statement, "statement_unknown"),
    "signed with the key of others": (by_a_key_of_others, "jws_signature_invalid"),
    "rejected by a reader": (lambda told: told.rejects_unseen(told.ivy), "not_a_signer"),
    "rejected by who may not read": (
        lambda told: told.rejects_unseen(told.ada),
        "statement_unknown",
    ),
    "drafted for everyone": (drafted("everyone"), None),
    "drafted for everyone and said to be for some": (drafted("participants"), "decision_mismatch"),
    "drafted with no further reader": (drafted("participants", readers=[]), None),
    "drafted with readers and said to be for everyone": (
        drafted("everyone", readers=[]),
        "decision_mismatch",
    ),
    "drafted with null for its readers": (drafted("everyone", readers=None), None),
    "drafted with every kind of reader": (
        drafted("participants", readers=[NAMED[0], "role:investor", "role:auditor"]),
        None,
    ),
    "drafted with 256 readers": (drafted("participants", readers=NAMED[:256]), None),
    "drafted with 257 readers": (drafted("participants", readers=NAMED), "readers_invalid"),
    "drafted with a reader twice": (
        drafted("participants", readers=[NAMED[0], NAMED[0]]),
        "readers_invalid",
    ),
    "drafted with a role that is not there": (
        drafted("participants", readers=["role:lawyer"]),
        "readers_invalid",
    ),
    "drafted with an address as reader": (
        drafted("participants", readers=["user:bob@example.com"]),
        "readers_invalid",
    ),
    "drafted with an id in capitals": (
        drafted("participants", readers=["user:0000000A-0000-4000-8000-000000000000"]),
        "readers_invalid",
    ),
    "drafted with a number as reader": (
        drafted("participants", readers=[7]),
        "document_malformed",
    ),
    "drafted with one reader outside a list": (
        drafted("participants", readers="role:investor"),
        "document_malformed",
    ),
    "drafted by invitation": (by_invitation("participants"), None),
    "drafted by invitation and said to be for everyone": (
        by_invitation("everyone"),
        "decision_mismatch",
    ),
    "a change with readers": (
        lambda told: told.draft_unseen(told.ada, INVITE, readers=[]),
        "change_invalid",
    ),
}
