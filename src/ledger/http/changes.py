"""Routes of changes: make one, and read what it must state."""

from typing import Annotated

from litestar import Router, get, post
from litestar.params import JSONBody
from msgspec import Meta

from ledger.commands.changes import DraftedChange, InForce
from ledger.http.answers import ChangeAnswer, Created, recorded
from ledger.http.context import BY_SESSION, MEMBERS, FromPeople, SignedIn
from ledger.http.passkey_responses import Assertion
from ledger.http.problems import answers
from ledger.http.requests import MAX_STATEMENT_BYTES, ActText, Jwt, Strict


class MakeChange(Strict, frozen=True):
    """A change's exact bytes as a string, its draft act, and its drafter's approval."""

    document: Annotated[str, Meta(min_length=2, max_length=MAX_STATEMENT_BYTES)]
    act: ActText
    jwt: Jwt
    assertion: Assertion

    def change(self) -> DraftedChange:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        return DraftedChange(self.document, self.act, self.jwt, self.assertion.evidence())


@post(
    "/api/changes",
    responses=recorded(ChangeAnswer),
    request_max_body_size=MAX_STATEMENT_BYTES,
)
async def make(data: JSONBody[MakeChange], people: FromPeople) -> Created:
    """Draft a change and approve it; if that completes it, its effects are of the same commit."""
    return Created(await people.changes.make(data.change()))


@get("/api/governance", responses=answers(401, 429, 503))
async def governance(people: FromPeople, user: SignedIn) -> InForce:
    """Show the governance policy and the charter's values in force."""
    return await people.changes.governance()


router = Router("/", route_handlers=[make], tags=["changes"])
reads = Router(
    "/",
    route_handlers=[governance],
    dependencies={"user": MEMBERS["user"]},
    security=BY_SESSION,
    tags=["changes"],
)
routes = [router, reads]
