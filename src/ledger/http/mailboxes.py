"""Routes of one's own mail and feeds: an address that a code proves, when mail comes, and feeds."""

import hashlib
import secrets
import zoneinfo
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.di import Provide
from litestar.params import JSONBody
from msgspec import Meta
from msgspec.structs import replace

from ledger import clock
from ledger.errors import ConflictError, MalformedError, NotFoundError, RefusedError
from ledger.http.answers import NOTHING, done
from ledger.http.context import (
    BY_SESSION,
    FromMessenger,
    FromReadModels,
    FromSite,
    SignedIn,
    signed_in,
)
from ledger.http.languages import Language, language
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.requests import Empty, Strict, full_pattern
from ledger.http.routes import Routes
from ledger.messages.letters import URGENT, LetterItem
from ledger.messages.messenger import Messenger
from ledger.store.ports.messages import DAY_MS, Mailbox, MailTimes, Message
from ledger.system.smtp import MAX_ADDRESS_CHARS, require_mail_address

CODE_DIGITS = 8
CODE_MS = 3_600_000
CODE_TRIES = 5
CODES_A_DAY = 5
LEAVE_BYTES = 16
CHANGED = NOTHING | answers(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
Clock = Annotated[str, Meta(pattern=full_pattern("(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?"))]


class NewAddress(Strict, frozen=True):
    """An address to which a code is sent."""

    address: Annotated[str, Meta(max_length=MAX_ADDRESS_CHARS)]


class TypedCode(Strict, frozen=True):
    """The code of a letter."""

    code: Annotated[str, Meta(max_length=32)]


class MailChoice(Strict, frozen=True):
    """When mail comes; both ends of the quiet hours, `HH:MM` in `zone`, or neither.

    Without `language`, letters stay in the language that they have.
    """

    times: MailTimes
    quiet_from: Clock
    quiet_to: Clock
    zone: Annotated[str, Meta(max_length=64)]
    language: Language | None = None


class FeedAddresses(msgspec.Struct):
    """The addresses of a person's feeds, which are not shown again."""

    inbox: str
    deadlines: str


def require_mail(messenger: Messenger) -> None:
    """Raise ConflictError `mail_off` without a mail server."""
    if not messenger.has_mail:
        raise ConflictError("mail_off", "this ledger sends no mail: it has no mail server")


def mailbox_of(messenger: Messenger, user: str) -> Mailbox:
    """Return a person's verified mailbox; raise NotFoundError `mailbox_unknown`."""
    found = messenger.store.mailbox(user)
    if found is None or not found.address:
        raise NotFoundError("mailbox_unknown", "give a mail address first")
    return found


@post("/api/mailbox", status_code=204, responses=CHANGED, sync_to_thread=True)
def give_address(
    data: JSONBody[NewAddress], messenger: FromMessenger, models: FromReadModels, user: SignedIn
) -> Response[None]:
    """Send a code to a mail address of one's own; it takes the place of an earlier one then."""
    require_mail(messenger)
    require_mail_address(data.address)
    now_ms = clock.to_ms(models.now())
    _take_code(messenger, user, now_ms, detail=f"{CODES_A_DAY} codes were sent today")
    # Of all who ask: many people together must not flood a stranger, either.
    name = hashlib.sha256(data.address.lower().encode()).hexdigest()
    _take_code(messenger, name, now_ms, detail="this address had enough codes today")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    made = replace(
        _new_mailbox(user),
        pending=data.address,
        code_sha256=_digest(user, code),
        code_until_ms=now_ms + CODE_MS,
        code_tries=CODE_TRIES,
        language=language(),
    )
    messenger.store.keep_code(made)
    item = LetterItem("code", models.now(), code=code, address=data.address, language=language())
    messenger.store.put(_letter_to(user, item, now_ms))
    messenger.wake()
    return Response(None, status_code=204)


def _take_code(messenger: Messenger, name: str, now_ms: int, *, detail: str) -> None:
    if not messenger.store.take_code(name, day=now_ms // DAY_MS, most=CODES_A_DAY):
        raise ConflictError("codes_used_up", f"{detail}: try again tomorrow")


def _new_mailbox(user: str) -> Mailbox:
    return Mailbox(user, "", None, "", b"", 0, 0, 0, secrets.token_bytes(LEAVE_BYTES))


def _letter_to(user: str, item: LetterItem, now_ms: int) -> Message:
    """Return a letter that comes from no event, to the address in it."""
    name, body = f"msg_{secrets.token_urlsafe(24)}", msgspec.json.encode(item)
    return Message(name, "mail", user, item.kind, item.kind, 0, body, now_ms, now_ms)


def _tell_old_address(messenger: Messenger, box: Mailbox | None, models: ReadModels) -> None:
    """Tell an address that mail does not come there any more: a thief could have done it."""
    if box is not None and box.address:
        now = models.now()
        item = LetterItem("moved", now, address=box.address, language=box.language)
        messenger.store.put(_letter_to(box.person, item, clock.to_ms(now)))
        messenger.wake()


@post("/api/mailbox/verify", status_code=204, responses=CHANGED, sync_to_thread=True)
def verify_address(
    data: JSONBody[TypedCode], messenger: FromMessenger, models: FromReadModels, user: SignedIn
) -> Response[None]:
    """Prove one's address with the code of the letter: mail comes from the next event on."""
    box = messenger.store.take_try(user)
    now_ms, code = clock.to_ms(models.now()), data.code.replace(" ", "")
    if box is None or now_ms >= box.code_until_ms:
        detail = "there is no code to type any more: have another one sent"
        raise ConflictError("code_over", detail)
    if not secrets.compare_digest(box.code_sha256, _digest(user, code)):
        detail = f"this is not the code of the newest letter; attempts left: {box.code_tries}"
        raise RefusedError("code_wrong", detail)
    if box.address != box.pending:
        _tell_old_address(messenger, box, models)
    verify = messenger.store.verify_mailbox
    # A new token: a letter to an earlier address must not end mail to this one.
    leave, since = secrets.token_bytes(LEAVE_BYTES), models.log.head()
    if not verify(user, box.code_sha256, at_ms=now_ms, since=since, leave=leave):
        raise ConflictError("code_over", "another code was sent meanwhile: type that one")
    messenger.wake()
    return Response(None, status_code=204)


@post("/api/mailbox/settings", status_code=204, responses=CHANGED, sync_to_thread=True)
def choose_times(
    data: JSONBody[MailChoice], messenger: FromMessenger, user: SignedIn
) -> Response[None]:
    """Choose when mail comes, and in which language."""
    box = mailbox_of(messenger, user)
    if data.zone != "UTC" and data.zone not in zoneinfo.available_timezones():
        raise MalformedError("zone_invalid", "there is no time zone of this name")
    is_quiet = bool(data.quiet_from and data.quiet_to)
    quiet = (_minute(data.quiet_from), _minute(data.quiet_to)) if is_quiet else (0, 0)
    spoken = data.language or box.language
    messenger.store.choose_times(user, data.times, quiet=quiet, zone=data.zone, language=spoken)
    return Response(None, status_code=204)


@post("/api/mailbox/remove", status_code=204, responses=CHANGED, sync_to_thread=True)
def remove_address(
    data: JSONBody[Empty], messenger: FromMessenger, models: FromReadModels, user: SignedIn
) -> Response[None]:
    """Forget one's address; warnings that wait still come there, and no more mail."""
    _tell_old_address(messenger, messenger.store.mailbox(user), models)
    messenger.store.remove_mailbox(user, keep=URGENT)
    return Response(None, status_code=204)


@post("/api/feeds", responses=done(FeedAddresses, 400, 401, status=201), sync_to_thread=True)
def make_feeds(
    data: JSONBody[Empty], messenger: FromMessenger, site: FromSite, user: SignedIn
) -> FeedAddresses:
    """Make the addresses of one's feeds; earlier ones end."""
    token = secrets.token_urlsafe(32)
    messenger.store.keep_feed(user, token_digest(token))
    start = f"{site.settings.origin}/feeds/{token}"
    return FeedAddresses(f"{start}/inbox.atom", f"{start}/deadlines.ics")


@post("/api/feeds/remove", status_code=204, responses=CHANGED, sync_to_thread=True)
def remove_feeds(data: JSONBody[Empty], messenger: FromMessenger, user: SignedIn) -> Response[None]:
    """End one's feeds."""
    messenger.store.keep_feed(user, None)
    return Response(None, status_code=204)


def token_digest(token: str) -> bytes:
    """Return what is kept of the token of feeds."""
    return hashlib.sha256(token.encode()).digest()


def _digest(user: str, code: str) -> bytes:
    return hashlib.sha256(f"{user} {code}".encode()).digest()


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


router = Routes(
    "/",
    route_handlers=[
        give_address,
        verify_address,
        choose_times,
        remove_address,
        make_feeds,
        remove_feeds,
    ],
    dependencies={"user": Provide(signed_in, sync_to_thread=False)},
    security=BY_SESSION,
    tags=["messages"],
)
