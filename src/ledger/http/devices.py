"""What is remembered of people's devices: their own labels, and the browser that added each."""

from contextlib import suppress
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import JSONBody
from msgspec import Meta

from ledger.commands.people import PeopleCommands
from ledger.commands.writer import Answer
from ledger.domain.holdings import key_reference, passkey_reference
from ledger.errors import UnavailableError
from ledger.http.answers import NOTHING
from ledger.http.context import FromPeople, SignedIn
from ledger.http.problems import answers
from ledger.http.requests import AnyRequest, Strict, full_pattern
from ledger.http.user_agents import browser_of

MAX_LABEL_CHARS = 60


class Label(Strict, frozen=True):
    """What a person calls a key (`kid:<kid>`) or passkey (`passkey:<credential id>`) of theirs."""

    reference: Annotated[
        str, Meta(pattern=full_pattern("(kid|passkey):[A-Za-z0-9_-]+"), max_length=1400)
    ]
    label: Annotated[str, Meta(max_length=MAX_LABEL_CHARS)]


@post(
    "/api/device-labels",
    status_code=204,
    responses=NOTHING | answers(400, 401, 403, 404, 413, 415, 429, 503),
)
async def label_device(data: JSONBody[Label], people: FromPeople, user: SignedIn) -> Response[None]:
    """Give a key or passkey of one's own a label, or take it away with an empty one."""
    await people.devices.label(user, data.reference, data.label)
    return Response(None, status_code=204)


class _Added(msgspec.Struct, rename="camel"):
    """The part of an answer that says what was added."""

    kid: str | None = None
    credential_id: str | None = None


async def note_browser(
    request: AnyRequest, people: PeopleCommands, user: str, answer: Answer, passkey: str = ""
) -> None:
    """Keep which browser added the key or passkey of an answer, and a passkey beside it.

    The event is recorded: without the note its owner reads less on their account page.
    """
    added = msgspec.json.decode(answer.body, type=_Added)
    browser = browser_of(request.headers.get("user-agent", ""))
    credential = added.credential_id or passkey
    with suppress(UnavailableError):
        if added.kid:
            await people.devices.note_browser(user, key_reference(added.kid), browser)
        if credential:
            await people.devices.note_browser(user, passkey_reference(credential), browser)


handlers = [label_device]
