"""Routes of changes: make one, see what it would do, and read what it must state."""

import asyncio
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody
from msgspec import Meta

from ledger.commands.changes import DraftedChange, InForce, Preview
from ledger.domain.vocabulary import RegistrationMode
from ledger.http import holds, types
from ledger.http.access_record import AccessRecord
from ledger.http.answers import ChangeAnswer, Created, PersonRecorded, done, recorded
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    FromAccess,
    FromPeople,
    FromReadModels,
    SignedIn,
)
from ledger.http.lanes import end_unsigned
from ledger.http.passkey_responses import MAX_SMALL_BYTES, Assertion
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.requests import (
    MAX_STATEMENT_BYTES,
    ActText,
    ActWithAssertion,
    DocumentText,
    Jwt,
    Strict,
)
from ledger.http.routes import Routes
from projections import readers
from projections.facts import find_stream
from projections.impact import Impact, impact


class MakeChange(Strict, frozen=True):
    """A change's exact bytes as a string, its draft act, and its drafter's approval.

    A change that sets governance has no approval yet: `jwt` and `assertion` are left out.
    """

    document: DocumentText
    act: ActText
    jwt: Jwt | None = None
    assertion: Assertion | None = None

    def change(self) -> DraftedChange:
        """Return the evidence; raise MalformedError `credential_invalid`."""
        assertion = None if self.assertion is None else self.assertion.evidence()
        return DraftedChange(self.document, self.act, self.jwt, assertion)


class PreviewChange(Strict, frozen=True):
    """The content of a change's document."""

    content: Annotated[str, Meta(min_length=2, max_length=MAX_SMALL_BYTES)]


class Previewed(msgspec.Struct, frozen=True):
    """What a change would do.

    `more` counts the people it needs besides its drafter; null if the people who can act could not
    approve it. `unmeetable` are the pending statements that nobody could approve any more.
    `registration` is who may register afterwards, null if that stays.
    """

    more: int | None
    unmeetable: Impact
    registration: RegistrationMode | None


@post(
    "/api/changes",
    responses=recorded(ChangeAnswer),
    request_max_body_size=MAX_STATEMENT_BYTES,
)
async def make(data: JSONBody[MakeChange], people: FromPeople) -> Created:
    """Draft a change and approve it; if that completes it, its effects are of the same commit."""
    return Created(await people.changes.make(data.change(), end_unsigned))


@post("/api/changes/preview", status_code=200, responses=done(Previewed, 401, 404))
async def preview(
    data: JSONBody[PreviewChange],
    people: FromPeople,
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
) -> Previewed:
    """Tell what a change would do, without making it; refuse it as the draft would be refused."""
    found = await people.changes.preview(user, data.content)
    return await asyncio.to_thread(_previewed, found, (models, access), data.content, user)


def _previewed(
    found: Preview, parts: tuple[ReadModels, AccessRecord], content: str, user: str
) -> Previewed:
    models, access = parts
    with models.views() as (db, at):
        reader = readers.of(db, user)
        unmeetable = impact(db, found.effects, reader, at=at, now=models.now(), content=content)
        named = (find_stream(db, each.id) for each in unmeetable.statements)
        access.note(db, reader, "list", [each for each in named if each is not None])
    return Previewed(found.more, unmeetable, found.registration)


@post("/api/governance/accept", responses=recorded(PersonRecorded))
async def accept(data: JSONBody[ActWithAssertion], people: FromPeople) -> Created:
    """Accept the governance policy in force, or that of a pending change, with a passkey."""
    return Created(await people.acceptance.accept(data.act, data.evidence()))


@get("/api/governance", responses=answers(401, 429, 503))
async def governance(people: FromPeople, user: SignedIn) -> InForce:
    """Show the governance policy and the charter's values in force."""
    return await people.changes.governance()


router = Routes("/", route_handlers=[make, accept], tags=["changes"])
reads = Routes(
    "/",
    route_handlers=[governance, preview],
    dependencies={"user": MEMBERS["user"]},
    security=BY_SESSION,
    tags=["changes"],
)
routes = [router, reads, types.router, holds.router]
