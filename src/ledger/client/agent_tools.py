"""What an agent may do: propose an action, wait, read evidence, use an approval once, report.

The agent chooses titles and contents. It chooses no policy: that is its operator's, or that of a
type which the administration defined. Everything after the proposal names the digest that the
proposal returned, and fits no other document.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from ledger.client.approval_rules import ApprovalRules, require_others, verify_approval
from ledger.client.approved_call import ApprovedCall
from ledger.client.drafts import AskedStatement, document_of
from ledger.client.kept_login import KeptLogin
from ledger.client.ledger_client import LedgerClient
from ledger.domain.document import parse_document
from ledger.domain.vocabulary import Status, UseOutcome
from ledger.encoding import SHA256_HEX, parse_json, sha256_hex
from ledger.errors import MalformedError, RefusedError
from ledger.system import private_files

MOST_S = 600.0  # one wait; an agent asks again


class ActionType(msgspec.Struct, frozen=True):
    """A type of actions: `schema` is what its content must meet."""

    name: str
    title: str
    schema: Any


class ProposedAction(msgspec.Struct, frozen=True):
    """A proposal as it stands. `sha256` names the exact document; `page` is for people."""

    statement: str
    sha256: str
    status: Status
    approvals: int
    needed: int
    page: str


class ProvenApproval(msgspec.Struct, frozen=True):
    """An approval that evidence proves: who approved which content, and the file that shows it."""

    statement: str
    sha256: str
    approvers: tuple[str, ...]
    content: str
    file: str


class AgentTools:
    """The tools of one agent; each call opens and closes its own connection."""

    def __init__(
        self, login: KeptLogin, directory: Path, policy: dict[str, Any] | None = None
    ) -> None:
        """Take the policy of actions without a type; None refuses them.

        Raises RefusedError `policy_own`, MalformedError as `policy.parse`.
        """
        self._login = login
        self._directory = directory
        self._rules = None if policy is None else ApprovalRules(policy=policy)
        if self._rules is not None:
            required = self._rules.required("")
            if required.policy is not None:
                require_others(required.policy)

    def types(self) -> list[ActionType]:
        """Return the types of actions that can be proposed."""
        with LedgerClient(self._login) as client:
            found = [(each, client.definition(each.name)) for each in client.types()]
        return [
            ActionType(each.name, each.title, parse_json(text.encode())["schema"])
            for each, text in found
        ]

    def propose(self, title: str, content: dict[str, Any], type_name: str | None) -> ProposedAction:
        """Put an action up for approval by people.

        Raises MalformedError `json_invalid` for content that JSON does not have, `policy_missing`
        for an action without a type, if none is taken.
        """
        with LedgerClient(self._login) as client:
            untyped = type_name is None
            asked = AskedStatement(
                title=title,
                content=_content(content),
                policy=self._rules.policy if untyped and self._rules is not None else None,
                definition=None if type_name is None else client.definition(type_name),
                usable={"by": [f"user:{client.user}"], "times": 1} if untyped else None,
            )
            raw = document_of(asked, creator=client.user, ledger=client.ledger)
            require_others(parse_document(raw).policy)
            drafted = client.submit(raw)
            return self._shown(client, drafted.statement_id, drafted.sha256)

    def wait(self, statement: str, sha256: str, within_s: float) -> ProposedAction:
        """Wait until people decided, or until the time is over, at most ten minutes."""
        with LedgerClient(self._login) as client:
            client.wait(statement, within_s=min(max(0.0, within_s), MOST_S))  # 0.0 of NaN
            return self._shown(client, statement, sha256)

    def evidence(self, statement: str, sha256: str) -> ProvenApproval:
        """Fetch the evidence of an approval as of now, verify it, and keep it in a file.

        Raises RefusedError `approval_unproven`, `document_differs`.
        """
        with LedgerClient(self._login) as client:
            raw = self._document(client, statement, sha256)
            found = verify_approval(client, self._rules_of(raw), raw)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / f"{statement}.zip"
        private_files.replace(path, found.bundle)
        people = tuple(each.name for each in found.report.statements[0].approvers)
        return ProvenApproval(statement, sha256, people, found.document.content, str(path))

    def use_once(self, statement: str, sha256: str) -> ProvenApproval:
        """Verify an approval and use it, once: the answer is the leave to act now.

        Raises as `evidence` does; ConflictError `outcome_unknown` if it was given before,
        `used_up`.
        """
        proven = self.evidence(statement, sha256)
        with LedgerClient(self._login) as client:
            call = self._call(client, statement, sha256)
            call.settle(client)
            call.begin(client)
        return proven

    def report(self, statement: str, sha256: str, outcome: UseOutcome, reason: str | None) -> None:
        """Report the outcome of a use."""
        with LedgerClient(self._login) as client:
            self._call(client, statement, sha256).report(client, outcome, reason)

    def _call(self, client: LedgerClient, statement: str, sha256: str) -> ApprovedCall:
        return ApprovedCall(self._directory, self._document(client, statement, sha256))

    def _document(self, client: LedgerClient, statement: str, sha256: str) -> bytes:
        """Return the document with this digest; raise RefusedError `document_differs`."""
        if not SHA256_HEX.fullmatch(sha256):
            raise MalformedError("digest_invalid", "a digest has 64 lower-case hex digits")
        raw = client.document(statement)
        if sha256_hex(raw) != sha256:
            raise RefusedError("document_differs", "the statement has another digest")
        return raw

    def _rules_of(self, raw: bytes) -> ApprovalRules:
        """Return what is required of a document: its type, or the operator's policy."""
        stated = parse_document(raw).type
        if stated is not None:
            return ApprovalRules(type=stated.name, version=stated.version)
        if self._rules is None:
            raise MalformedError("policy_missing", "this agent takes actions of a type only")
        return self._rules

    def _shown(self, client: LedgerClient, statement: str, sha256: str) -> ProposedAction:
        self._document(client, statement, sha256)
        found = client.statement(statement)
        page = f"{self._login.address}/statements/{statement}"
        return ProposedAction(statement, sha256, found.status, found.approvals, found.needed, page)


def _content(told: dict[str, Any]) -> str:
    """Return an action's content as JSON text; raise MalformedError `json_invalid`.

    Nothing becomes another value on the way: people would approve null where NaN was proposed, and
    the name "1" where the number was. So what is read from the text must equal what was told.
    """
    try:
        text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        read = parse_json(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedError("json_invalid", f"the content is no JSON: {error}") from error
    if read != told:
        detail = "the content is no JSON: a name is no text, or a value would become another one"
        raise MalformedError("json_invalid", detail)
    return text
