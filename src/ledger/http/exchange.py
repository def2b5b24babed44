"""One request and its answer, as the security record and the metrics know them.

It holds ids, codes and numbers only: no content, no names, nothing that a client wrote.
"""

import random
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar.types import Message, Scope

from ledger.commands.writer import Answer

ID_BITS = 128
OK = "ok"
REPEATED = "repeated"
_STATE = "exchange"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Exchange(msgspec.Struct):
    """What is known of a request so far; `route` is a template, never a path.

    `is_bare` is whether the answer has nothing of what its route is recorded for, such as a page
    with its form alone, or one that leads to the sign-in.
    """

    request_id: str
    client: str | None = None
    method: str = ""
    route: str | None = None
    person: str | None = None
    status: int = 0
    code: str = OK
    position: int | None = None
    statement: str | None = None
    mode: str | None = None
    of_change: bool = False
    is_bare: bool = False

    @property
    def name(self) -> str | None:
        """The method and the route's template, None for an address that has no route."""
        return None if self.route is None else f"{self.method} {self.route}"


def new_request_id() -> str:
    """Return 32 random hexadecimal digits."""
    return f"{random.getrandbits(ID_BITS):032x}"  # no secret


def request_id(given: Sequence[bytes], *, by_proxy: bool) -> str:
    """Return the id that a known proxy gave the request, a new one for everybody else."""
    if by_proxy and len(given) == 1 and _GIVEN_ID.fullmatch(given[0]):
        return given[0].decode("ascii")
    return new_request_id()


def begin_exchange(scope: Any, exchange: Exchange) -> None:
    """Attach the exchange to its request."""
    if "state" in scope:
        scope["state"][_STATE] = exchange
    else:
        scope["state"] = {_STATE: exchange}


def exchange_of(scope: Scope) -> Exchange:
    """Return a request's exchange; an application served without its front door begins one."""
    state = scope.setdefault("state", {})
    found = state.get(_STATE)
    if not isinstance(found, Exchange):
        found = Exchange(new_request_id(), method=str(scope.get("method", "")))
        state[_STATE] = found
    return found


def note_answer(scope: Scope, answer: Answer) -> None:
    """Note who did what a command recorded, and where it stands in the log."""
    exchange = exchange_of(scope)
    exchange.person = answer.actor or exchange.person
    exchange.position = answer.position
    exchange.of_change = exchange.of_change or answer.of_change
    if answer.repeated:
        exchange.code = REPEATED


def note_template(scope: Scope, template: str) -> None:
    """Note the template of the route that answers a request."""
    exchange_of(scope).route = template


async def note_route(message: Message, scope: Scope) -> None:
    """Note the route's template: the application's `before_send` hook."""
    if message["type"] == "http.response.start":
        exchange_of(scope).route = scope.get("path_template")
