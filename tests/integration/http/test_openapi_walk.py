"""The OpenAPI document while people act: valid, invalid and meaningless requests in any order.

Each walk is one person's, or a stranger's. Between what people do by the rules come requests that
the document allows or forbids, about the statements, keys and passkeys that are there by then.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from ledger.jose import SigningKey
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.authenticator import Passkey
from tests.support.described import (
    IS_LONG,
    STRICT,
    Operation,
    check_answer,
    fetch,
    load,
    operations,
)
from tests.support.server import Server

CASES, WALKS, STEPS = (20, 50, 100) if IS_LONG else (4, 1, 60)
# A stream has no end to wait for; who signs out walks as a stranger.
LEFT_OUT = ["/api/stream", "/api/logout"]
ROLES = ["investor", "creator", "administrator"]


def made_of(operation: Operation, mode: GenerationMode) -> list[Case[Any]]:
    """Return a few requests that the document allows, or forbids, and always the same ones."""
    made: list[Case[Any]] = []

    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def make(case: Case[Any]) -> None:
        case.query.pop("minPosition", None)  # each of them would be waited for
        made.append(case)

    with suppress(Unsatisfiable):  # some operations take nothing that could be wrong
        make()
    return made


class Stage:
    """A server, its people, and its document; every answer to them is held to the document."""

    def __init__(self, server: Server, clients: ExitStack, cases: list[Case[Any]]) -> None:
        self.origin = server.origin
        self.cases = cases
        self._schema = load(fetch(server.origin))
        self.seen: set[int] = set()
        self._open = clients.enter_context
        self._server = server
        (token,) = {part for part in server.output.split() if "invitation=" in part}
        ada = self.person("Ada").register("administrator", token.partition("invitation=")[2])
        self.people = {"administrator": ada}
        for name, role in (("Cora", "creator"), ("Ivan", "investor")):
            assert ada.invite(role, f"for {name}").status_code == 201
            self.people[role] = self.person(name).register(role, f"for {name}")

    def person(self, name: str) -> Actor:
        client = self._open(self._server.client())
        client.event_hooks["response"].append(self._check)
        return Actor(client, name, self.origin)

    def _check(self, answer: httpx.Response) -> None:
        answer.read()
        check_answer(self._schema, answer)


class Walk:
    """What people do by the rules, and what one of them, or nobody, asks at random meanwhile."""

    def __init__(self, stage: Stage, role: str | None, seed: int) -> None:
        self._stage = stage
        self._chance = random.Random(seed)
        self._me = stage.people[role] if role else None
        self._cora, self._ivan = stage.people["creator"], stage.people["investor"]
        self._statements: list[Drafted] = []
        people = stage.people.values()
        self._ids: dict[str, list[str]] = {
            "statement_id": [],
            "kid": [each.key.kid for each in people],
            "credential_id": [each.passkey.id for each in people],
            "user_id": [each.user for each in people],
            "index": ["0", "1"],
            "size": ["1", "2"],
            "level": ["0", "entries"],
        }

    def go(self, steps: int) -> None:
        """Take this many steps: an act of somebody, then three requests by the same person."""
        self.draft()
        acts = [
            self.draft,
            self.decide,
            self.decide,
            self.add_and_revoke_a_key,
            self.add_and_remove_a_passkey,
            self.invite_and_join,
            self.sign_in_again,
        ]
        for _ in range(steps):
            self._chance.choice(acts)()
            for case in self._chance.choices(self._stage.cases, k=3):
                self.ask(case)

    def _somebody(self) -> Actor:
        return self._stage.people[self._chance.choice(ROLES)]

    def draft(self) -> None:
        assurance = self._chance.choice(["key", "passkey"])
        threshold = self._chance.choice([1, 2])
        policy = policy_of(threshold, self._cora, self._ivan, assurance=assurance)
        usable = {"by": [f"user:{self._ivan.user}"], "times": 2}
        members = self._chance.choice([{}, {"usable": usable}])
        self._statements.append(self._cora.draft(policy=policy, **members))
        self._ids["statement_id"].append(self._statements[-1].id)

    def decide(self) -> None:
        drafted, actor = self._chance.choice(self._statements), self._somebody()
        individual = actor.individual(drafted.document)
        decisions = ["approve", "sign", "confirm", "reject", "retract", "withdraw"]
        match self._chance.choice([*decisions, "use", "report", "confirm_not_done"]):
            case "sign":
                actor.post_sign(drafted.id, individual)
            case "confirm":
                assertion = actor.confirm(individual)
                actor.post_sign(drafted.id, individual, assertion=assertion)
            case "use":
                actor.use(drafted, uuid4().hex)
            case "report":
                actor.report(drafted, self._chance.choice(["done", "not-done", "unknown"]))
            case decision:
                getattr(actor, decision)(drafted)

    def add_and_revoke_a_key(self) -> None:
        key, actor = SigningKey.generate(), self._somebody()
        self._ids["kid"].append(key.kid)
        assert actor.add_key(key).status_code == 201
        assert actor.revoke_key(key.kid).status_code == 201

    def add_and_remove_a_passkey(self) -> None:
        spare, actor = Passkey(origin=self._stage.origin), self._somebody()
        self._ids["credential_id"].append(spare.id)
        assert actor.add_passkey(spare).status_code == 201
        assert actor.remove_passkey(spare.id).status_code == 201
        assert actor.sign_in().status_code == 200  # the end of a passkey ended the sessions

    def invite_and_join(self) -> None:
        token, actor = str(uuid4()), self._somebody()
        answer = actor.invite("investor", token)
        is_administrator = actor is self._stage.people["administrator"]
        assert answer.status_code == (201 if is_administrator else 403)
        if is_administrator:
            irma = self._stage.person(f"Irma {token}").register("investor", token)
            self._ids["user_id"].append(irma.user)

    def sign_in_again(self) -> None:
        assert self._somebody().sign_in().status_code == 200

    def ask(self, case: Case[Any]) -> None:
        """Send a request; one that the document allows is about what there is by now."""
        if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
            chosen = {
                name: self._chance.choice(self._ids[name])
                for name in case.path_parameters
                if name in self._ids
            }
            case.path_parameters = dict(case.path_parameters) | chosen
        case.cookies = dict(self._me.client.cookies) if self._me else {}
        answer = case.call_and_validate(base_url=self._stage.origin, checks=STRICT)
        self._stage.seen.add(answer.status_code)


@pytest.fixture(scope="module")
def cases(shared_server: Server) -> list[Case[Any]]:
    """Requests of all kinds, made once for all walks: to make one takes longer than to send it."""
    return [
        case
        for operation in operations(fetch(shared_server.origin), left_out=LEFT_OUT)
        for mode in GenerationMode
        for case in made_of(operation, mode)
    ]


@pytest.fixture
def stage(start_server: Callable[..., Server], cases: list[Case[Any]]) -> Iterator[Stage]:
    """A ledger by invitation, with one person of each role."""
    with ExitStack() as clients:
        yield Stage(start_server(LEDGER_REGISTRATION="invite"), clients, cases)


@pytest.mark.parametrize("seed", range(WALKS))
def test_no_order_of_requests_leads_to_an_answer_that_is_not_described(
    seed: int, stage: Stage, subtests: pytest.Subtests
) -> None:
    for role in (None, *ROLES):
        with subtests.test(role or "stranger"):
            Walk(stage, role, seed).go(STEPS)
    # Not every request was refused, nor each for the same reason.
    assert {200, 400, 401, 404, 422} <= stage.seen
