"""A ledger with an administrator, Ada, and people who register there."""

import re
from typing import Any

import httpx

from ledger.domain.governance import FOUNDING, policy_digest
from tests.support.actor import Actor
from tests.support.changes import governors
from tests.support.server import Server

TWO: dict[str, Any] = {"threshold": 2, "of": ["role:administrator"]}


class Company:
    """An open ledger: the link of its first start, Ada who used it, and further people."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clients: list[httpx.Client] = []
        (link,) = re.findall(r"/register#invitation=(\S+)", server.output)
        self.ada = self.person("Ada").register("administrator", link)

    def person(self, name: str) -> Actor:
        client = self.server.client()
        self.clients.append(client)
        return Actor(client, name, self.server.origin)

    def second(self) -> Actor:
        """Return another administrator; from here on changes need both."""
        assert self.ada.invite("administrator", "for Ben").status_code == 201
        ben = self.person("Ben").register("administrator", "for Ben")
        assert self.ada.change(self.raised(ben), accepted_by=[ben]).json()["status"] == "approved"
        return ben

    def raised(self, ben: Actor) -> dict[str, Any]:
        """Return the item that lets Ada and Ben govern together."""
        people = governors(self.ada, ben)
        stated = {"policy": TWO, "was": policy_digest(FOUNDING), "people": people}
        return {"set-governance": stated}
