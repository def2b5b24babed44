"""The route of one event as the log stores it, for auditors: its entry, and its salt and body.

A page hashes them again and compares: nothing that this route says has to be believed.
"""

import asyncio

import msgspec
from litestar import get
from litestar.params import FromPath

from ledger.domain import entry
from ledger.domain.events import BODIES
from ledger.encoding import b64u_encode
from ledger.errors import NotFoundError
from ledger.http.accesses import require_auditor
from ledger.http.checkpoints import number
from ledger.http.context import FromAccess, FromReadModels, SignedIn
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from projections import erasures


class ShownEvent(msgspec.Struct, frozen=True, rename="camel"):
    """An event as it is stored; `salt` is base64url.

    Salt and body are null once a change erased them: `erased_by` is that change.
    """

    position: int
    entry: str
    salt: str | None
    body: str | None
    erased_by: str | None


@get("/api/events/{position:str}", responses=answers(400, 401, 403, 404, 429, 503))
async def stored_event(
    position: FromPath[str], models: FromReadModels, access: FromAccess, user: SignedIn
) -> ShownEvent:
    """Show an event as it is stored: the entry that is public, and the body it commits to."""
    await asyncio.to_thread(require_auditor, models, user)
    found, statement = await asyncio.to_thread(_read, models, number(position))
    await asyncio.to_thread(access.asked, user, statement)
    return found


def _read(models: ReadModels, position: int) -> tuple[ShownEvent, str | None]:
    """Return an event and the statement it is about; raise NotFoundError `position_unknown`."""
    with models.views() as (db, at):
        if not 1 <= position <= at:
            raise NotFoundError("position_unknown", "there is no event at this position")
        ((_, state),) = models.log.read(position - 1, 1)
        public = entry.cut(state)[0]
        about = entry.parse_entry(public)
        is_of_statement = BODIES[about.type].MEANING.stream == "statement"
        statement = str(about.stream) if is_of_statement else None
        if entry.is_erased(state):
            change = erasures.change_of(db, str(about.stream))
            return ShownEvent(position, public.decode(), None, None, change), statement
    _, salt, body = entry.split(state)
    shown = ShownEvent(position, public.decode(), b64u_encode(salt), body.decode(), None)
    return shown, statement
