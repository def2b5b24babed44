"""A small ledger in which everything happens once over HTTP, and every address that shows it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx

from ledger import clock
from ledger.domain.governance import FOUNDING
from ledger.jose import SigningKey
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.authenticator import Passkey
from tests.support.check import head, wait_for
from tests.support.server import Server
from tests.support.type_definitions import POLICY, define, definition, digest, stated

TYPE = definition()
Answers = dict[str, tuple[int, Any]]


class Tale:
    """The people of a ledger with invitations, their actions, and one person's views of it."""

    def __init__(self, server: Server, clients: ExitStack) -> None:
        self.server = server
        self._clients = clients
        self.answers: list[httpx.Response] = []
        (token,) = re.findall(r"invitation=(\S+)", server.output)
        self.ada = self._person("Ada").register("administrator", token)
        self.people = [self.ada]
        self.kids = [self.ada.key.kid]
        self.credentials = [self.ada.passkey.id]
        self.statements: list[Drafted] = []

    def _person(self, name: str) -> Actor:
        client = self._clients.enter_context(self.server.client())
        client.event_hooks["response"].append(self._keep)
        return Actor(client, name, self.server.origin)

    def _keep(self, answer: httpx.Response) -> None:
        answer.read()
        self.answers.append(answer)

    def _member(self, name: str, role: str) -> Actor:
        self.ada.invite(role, f"for {name}")
        member = self._person(name).register(role, f"for {name}")
        self.people.append(member)
        self.kids.append(member.key.kid)
        self.credentials.append(member.passkey.id)
        return member

    def _draft(self, creator: Actor, **members: Any) -> Drafted:
        drafted = creator.draft(**members)
        self.statements.append(drafted)
        return drafted

    def tell(self) -> Iterator[int]:
        """Do one thing after another; yield the newest position after each."""
        for _ in self._steps():
            position = head(self.server)
            wait_for(self.server, position)
            yield position

    def _steps(self) -> Iterator[Any]:
        yield None
        yield self.ada.grant_role(self.ada.user, "auditor")  # so that she reads everything
        cora, ivan, irma = (
            self._member("Cora", "creator"),
            self._member("Ivan", "investor"),
            self._member("Irma", "investor"),
        )
        yield self._member("Otto", "auditor")
        approved = self._draft(cora, policy=policy_of(2, cora, ivan, irma), title="Series A")
        yield approved
        yield ivan.approve(approved)
        yield ivan.retract(approved)
        yield ivan.approve(approved)
        laptop = SigningKey.generate()
        self.kids.append(laptop.kid)
        yield irma.add_key(laptop)
        irma.key, phone = laptop, irma.key
        yield irma.post_sign(approved.id, irma.individual(approved.document))
        yield irma.revoke_key(phone.kid)
        yield cora.approve(approved)
        rejected = self._draft(cora, title="Série B", policy=policy_of(2, ivan, irma))
        yield rejected
        yield ivan.reject(rejected)
        usable = {"by": [f"user:{ivan.user}"], "times": 1}
        order = self._draft(cora, title="Order", policy=policy_of(1, cora), usable=usable)
        yield cora.approve(order)
        yield ivan.use(order, "n" * 22)
        yield ivan.report(order, "not-done")
        yield cora.confirm_not_done(order)
        withdrawn = self._draft(cora, title="Series C")
        yield cora.approve(withdrawn)
        yield cora.retract(withdrawn)
        yield cora.withdraw(withdrawn)
        spare = Passkey(origin=self.server.origin)
        self.credentials.append(spare.id)
        yield ivan.add_passkey(spare)
        yield ivan.remove_passkey(spare.id)
        yield self.ada.grant_role(ivan.user, "creator")
        yield self.ada.change(define(TYPE))
        yield self._draft(ivan, content='{"amount":"1"}', policy=POLICY, type=stated(TYPE))
        yield self._draft(ivan, title="Series D")
        yield self._draft(ivan, title="Series D", supersedes=self.statements[-1].copied())
        yield cora.declare_compromise(clock.to_text(now_ms()), kid=cora.key.kid)
        yield self.ada.suspend(cora.user)
        nested = {"threshold": 2, "of": ["role:investor", policy_of(1, cora, irma)]}
        yield self._draft(ivan, title="Series E", policy=nested)
        yield irma.approve(self.statements[-1])
        yield irma.retract(self.statements[-1])
        yield self.ada.grant_role(irma.user, "administrator")
        yield irma.accept_governance(FOUNDING)

    def paths(self) -> list[str]:
        """Return every address that shows the ledger's present content."""
        lists = ["/api/users", "/api/statements", "/api/inbox", "/api/timeline"]
        found = ["/.well-known/jwks.json", *lists]
        found += [f"{path}?limit=2" for path in lists]
        statuses = ("pending", "approved", "rejected", "withdrawn", "expired")
        found += [f"/api/statements?status={status}" for status in statuses]
        found += ["/api/statements?q=series", "/api/timeline?type=key-revoked.v1"]
        found += [f"/api/statements?creator={each.user}" for each in self.people]
        found += [f"/api/timeline?actor={each.user}" for each in self.people]
        found += [f"/api/jwt-keys/{kid}" for kid in self.kids]
        found += ["/api/holds", "/api/types", "/api/types?limit=1", f"/api/types/{digest(TYPE)}"]
        for credential in self.credentials:
            found += [f"/api/users/{credential}", f"/api/jwt-keys/by-credential/{credential}"]
        for each in self.statements:
            page = f"/api/statements/{each.id}"
            found += [page, f"{page}/document", f"{page}/jws", f"/api/timeline?stream={each.id}"]
        return found

    def read(self, paths: list[str], *, at: int | None = None) -> Answers:
        """Return Ada's answers from these addresses, now or at a position."""
        query = {} if at is None else {"at": at}
        answers: Answers = {}
        for path in paths:
            # The path has its own query, which the client's parameters would replace.
            url = f"{path}{'&' if '?' in path else '?'}at={at}" if query else path
            answer = self.ada.client.get(url)
            answers[path] = (answer.status_code, answer.json())
        return answers
