"""People of a ledger whose organisation has a provider, and what they are refused."""

import httpx

from tests.integration.http.company import Company
from tests.support.actor import Actor
from tests.support.unused_names import unused


def member(company: Company, name: str = "Mia") -> Actor:
    """Return somebody who has just registered."""
    return company.person(unused(name)).register("creator")


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]
