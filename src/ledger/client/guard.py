"""Run a function only with the arguments that people approved, and only once.

A guarded function's call becomes a statement: its content names the function and the arguments.
The function runs after other people approved exactly that, after their evidence was verified here,
and after the ledger took the one use of it. It gets the values of the approved document, so nothing
that changes meanwhile reaches it.

What is required is the program's own: a policy or a type. The document's policy alone proves
nothing, because a program that drafts it chooses it. A policy that the program's own key could meet
is refused.

Each call leaves files in a directory until its outcome is reported: the document, its use with the
nonce, and a mark that the function was begun. A program that is killed and called again with the
same arguments goes on where it was. If it was killed while the function ran, nobody knows whether
the function did its work: then it is not run again, until a person reports the outcome.
"""

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

from ledger.client.answers import ShownStatement
from ledger.client.approval_rules import ApprovalRules, require_others, verify_approval
from ledger.client.approved_call import ApprovedCall
from ledger.client.drafts import AskedStatement, document_of
from ledger.client.kept_login import KeptLogin
from ledger.client.ledger_client import LedgerClient
from ledger.client.work_left import begins_later, has_work_left
from ledger.domain.document import parse_document
from ledger.domain.statement_types import parse_definition
from ledger.encoding import jcs, parse_json, sha256_hex
from ledger.errors import MalformedError, RefusedError, UnavailableError
from ledger.system import private_files

P = ParamSpec("P")
R = TypeVar("R")
_REFUSED = "guard a function that does its work when it is called"


class Guarded(Generic[P, R]):
    """A function that runs only as approved. Call it, or `propose` and run it `under` a statement.

    Every way raises the errors of `ledger.errors`; the function's own errors pass through, after
    the outcome `unknown` was reported.
    """

    def __init__(
        self,
        run: Callable[P, R],
        action: str,
        login: KeptLogin,
        directory: Path,
        rules: ApprovalRules,
    ) -> None:
        if begins_later(run):
            raise TypeError(_REFUSED)
        functools.update_wrapper(self, run)
        self.action = action
        self._run = run
        self._signature = inspect.signature(run)
        self._login = login
        self._directory = directory
        self._rules = rules

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Ask for an approval of this call, wait for it, use it and run.

        A call that was asked for before goes on. Raises UnavailableError `approval_pending` when
        the time is over, RefusedError `approval_refused`, ConflictError `outcome_unknown`.
        """
        content = self._content(*args, **kwargs)
        with LedgerClient(self._login) as client:
            kept = self._proposed(client, content)
            call = ApprovedCall(self._directory, kept.read_bytes(), kept)
            found = client.wait(call.statement, within_s=self._rules.within_s)
            if found.status == "pending":
                detail = f"statement {found.id} waits for a decision; call again to go on"
                raise UnavailableError("approval_pending", detail)
            if found.status != "approved":
                call.forget()
                raise RefusedError("approval_refused", f"statement {found.id} is {found.status}")
            return self._used(client, call)

    def propose(self, *args: P.args, **kwargs: P.kwargs) -> ShownStatement:
        """Ask for an approval of this call, and do not wait; a later call goes on with it."""
        content = self._content(*args, **kwargs)
        with LedgerClient(self._login) as client:
            raw = self._proposed(client, content).read_bytes()
            return client.statement(parse_document(raw).statement_id)

    def under(self, statement_id: str) -> Callable[P, R]:
        """Return the function as this statement approves it, if its arguments are those approved.

        The call raises RefusedError `arguments_differ` for others, and uses nothing.
        """

        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            content = self._content(*args, **kwargs)
            with LedgerClient(self._login) as client:
                raw = client.document(statement_id)
                if parse_document(raw).content != content:
                    raise RefusedError("arguments_differ", "other arguments than those approved")
                return self._used(client, ApprovedCall(self._directory, raw))

        return run

    def _content(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Return the JSON text of a call, one text for equal calls.

        Raises TypeError as a call does, MalformedError `argument_invalid` for what is no JSON of
        texts, integers, booleans, null, lists and objects.
        """
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        try:
            said = jcs({"action": self.action, "arguments": dict(bound.arguments)})
            parse_json(said)
        except (TypeError, ValueError, RecursionError, MalformedError) as error:
            detail = f"the arguments are no plain JSON: {error}"
            raise MalformedError("argument_invalid", detail) from error
        return said.decode()

    def _proposed(self, client: LedgerClient, content: str) -> Path:
        """Return the file with the document of a call, which is kept before the ledger gets it.

        Crash points: before the file is there, nothing was asked. After it, the ledger has the
        document or it has not: then another one is drafted.
        """
        path = self._directory / f"{self._name(content)}.json"
        if path.exists():
            call = ApprovedCall(self._directory, path.read_bytes(), path)
            if not call.settle(client) and client.has(call.statement):
                return self._of_call(path, content)
            call.forget()  # it is over, or never reached the ledger
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process asks for the same call
            private_files.publish(path, self._drafted(client, content))
            client.submit(path.read_bytes())
        return self._of_call(path, content)

    def _name(self, content: str) -> str:
        """Return what names a call of this person under these rules: other rules ask anew."""
        login, rules = self._login, self._rules
        policy = None if rules.policy is None else dict(rules.policy)
        about = [content, login.ledger, login.user, policy, rules.type, rules.version]
        return sha256_hex(jcs(about))

    @staticmethod
    def _of_call(path: Path, content: str) -> Path:
        if parse_document(path.read_bytes()).content != content:
            raise RefusedError("arguments_differ", f"{path} keeps another call")
        return path

    def _drafted(self, client: LedgerClient, content: str) -> bytes:
        self._rules.required("")  # refused before anybody is asked
        definition = self._definition(client)
        asked = AskedStatement(
            title=f"Run {self.action}",
            content=content,
            policy=self._rules.policy,
            definition=definition,
            usable=None if definition else {"by": [f"user:{client.user}"], "times": 1},
        )
        raw = document_of(asked, creator=client.user, ledger=client.ledger)
        require_others(parse_document(raw).policy)
        return raw

    def _definition(self, client: LedgerClient) -> str | None:
        """Return the definition of the required type, None without one.

        Raises RefusedError `type_outdated` if another version than the required one is in force:
        people would be asked for an approval that the program does not take.
        """
        name, version = self._rules.type, self._rules.version
        if name is None:
            return None
        definition = client.definition(name)
        found = parse_definition(definition).definition.version
        if version not in (None, found):
            raise RefusedError("type_outdated", f"version {found} of {name!r} is in force")
        return definition

    def _used(self, client: LedgerClient, call: ApprovedCall) -> R:
        """Verify and use the approval of a call, and run the function as approved."""
        call.settle(client)
        approved = verify_approval(client, self._rules, call.document)
        call.begin(client)
        arguments = parse_json(approved.document.content.encode())["arguments"]
        bound = inspect.BoundArguments(self._signature, _ordered(self._signature, arguments))
        try:
            result = self._run(*bound.args, **bound.kwargs)
        except Exception:
            call.end(client, "unknown")
            raise
        if has_work_left(result):
            call.end(client, "unknown")
            raise TypeError(_REFUSED)
        call.end(client, "done")
        return result


def _ordered(signature: inspect.Signature, arguments: Mapping[str, Any]) -> OrderedDict[str, Any]:
    """Return the arguments as `bind` has them; JSON has a list where Python has a tuple."""
    return OrderedDict((name, arguments[name]) for name in signature.parameters)


def requires_approval(
    login: KeptLogin,
    directory: Path,
    rules: ApprovalRules,
    *,
    action: str | None = None,
) -> Callable[[Callable[P, R]], Guarded[P, R]]:
    """Guard a function; `action` names it in what people approve, else its module and name do.

    `directory` keeps the calls that are under way. Its files let nobody do anything, but without
    them a killed program asks anew.
    """

    def guarded(run: Callable[P, R]) -> Guarded[P, R]:
        name = action or f"{run.__module__}.{run.__qualname__}"
        return Guarded(run, name, login, directory, rules)

    return guarded
