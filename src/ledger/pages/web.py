"""What the pages need from the application."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from litestar.response import Redirect, Template

from ledger import clock
from ledger.commands.people import PeopleCommands
from ledger.domain.charter import Charter
from ledger.domain.vocabulary import HOMES, KeyHome, RegistrationMode
from ledger.errors import UnavailableError
from ledger.http.access_record import AccessRecord
from ledger.http.exchange import exchange_of
from ledger.http.languages import language_headers
from ledger.http.read_models import ReadModels
from ledger.http.requests import AnyRequest
from ledger.http.sessions import Sessions
from ledger.pages.acceptance import Awaited, awaited
from ledger.pages.administration import can_change, governs
from ledger.pages.devices import browser_words
from ledger.pages.words import homes_phrase, wait
from ledger.store.ports.operations import DeviceNote
from projections import devices, inbox, invitations, rules, users
from projections.devices import Added
from projections.invitations import OpenRecovery
from projections.users import User

ROWS = 25  # in a list on a page
_ANNOUNCED = 3  # recoveries that every page names to those who govern
NEWS_MS = 14 * 24 * 60 * 60 * 1000  # how long every page says that a key or passkey was added


class News(NamedTuple):
    """A key or passkey that was added to one's account, and where, empty if that is not known."""

    reference: str
    kind: str
    at: str
    browser: str

    @classmethod
    def of(cls, added: Added, notes: Mapping[str, DeviceNote]) -> "News":
        """Return what a page says of it."""
        note = notes.get(added.reference, DeviceNote())
        browser = browser_words(note.browser)
        return cls(added.reference, added.reference.partition(":")[0], added.at, browser)


class Web(NamedTuple):
    """The application as the pages see it: the ledger, its read models, and the session."""

    charter: Charter
    models: ReadModels
    sessions: Sessions
    people: PeopleCommands
    access: AccessRecord

    async def current(self) -> "Web":
        """Return itself to a page, once the read models show what this process appended."""
        await self.models.current()
        return self

    def registration_mode(self) -> RegistrationMode:
        """Return who may register now."""
        return self.people.changes.registration(self.charter.registration)

    def new_homes(self) -> tuple[KeyHome, ...]:
        """Return where new signing keys may live."""
        with self.models.views() as (db, at):
            return rules.in_force(db, at=at).values.allowed_homes

    def recovery_wait(self) -> str:
        """Return how long a recovery waits that begins now, in words."""
        with self.models.views() as (db, at):
            return wait(rules.recovery_wait_ms(db, at=at, now=self.models.now()))

    def news(self, me: User) -> list["News"]:
        """Return the keys and passkeys that were added to a person's account lately."""
        now = self.models.now()
        since = clock.to_text(clock.to_ms(now) - NEWS_MS)
        with self.models.views() as (db, at):
            added = devices.added_since(db, me.position, since, at=at, now=now)
        if not added:
            return []
        notes: Mapping[str, DeviceNote] = {}
        with suppress(UnavailableError, TimeoutError):  # said without the browser then
            notes = self.people.devices.notes_from_thread(me.id)
        return [News.of(each, notes) for each in added]

    def may_change(self, me: User) -> bool:
        """Tell whether the person can administer something, and so finds the pages for it."""
        with self.models.views() as (db, at):
            return can_change(me, rules.in_force(db, at=at))

    def recoveries(self, me: User) -> list[User]:
        """Return other people whose recovery waits, for those who govern: each can cancel it."""
        with self.models.views() as (db, at):
            if not can_change(me, rules.in_force(db, at=at)):
                return []
            found = users.recovering(db, at=at, now=self.models.now(), limit=_ANNOUNCED)
        return [each for each in found if each.id != me.id]

    def operator_recovery(self, me: User) -> tuple[OpenRecovery, bool] | None:
        """Return the recovery by the operator that is not over, and whether the person governs.

        Everybody is told of it; those who govern can cancel it.
        """
        with self.models.views() as (db, at):
            found = invitations.open_recovery(db, at=at, now=self.models.now())
            return None if found is None else (found, governs(me, rules.in_force(db, at=at)))

    def waiting(self, me: User) -> str:
        """Return how many statements wait for a person, for the menu and the tab: `3` or `25+`.

        It is empty if nothing waits. It counts the first page of the inbox.
        """
        with self.models.views() as (db, at):
            now = self.models.now()
            count, more = inbox.count(db, me.id, at=at, now=now, most=ROWS)
        return f"{count}{'+' if more else ''}" if count else ""

    def awaited(self, me: User) -> list[Awaited]:
        """Return the governance policies that a person holds a place in and has not accepted."""
        with self.models.views() as (db, at):
            return awaited(db, me, at=at, now=self.models.now())

    def session_user(self, request: AnyRequest) -> User | None:
        """Return the signed-in person from the read models."""
        user = self.sessions.user(request)
        if user is None:
            return None
        with self.models.views() as (db, at):
            return users.by_id(db, user, at=at, now=self.models.now())


FromWeb = NamedDependency[SkipValidation[Web]]
Next = Annotated[str | None, QueryParameter(name="next", description="Where to go afterwards")]


def local_path(target: str | None) -> str | None:
    """Return `target` if it is a path of this site, else None.

    A redirect must not leave the site.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    return target if target.isprintable() and "\\" not in target else None


def to_sign_in(request: AnyRequest) -> Redirect:
    """Return a redirect to the sign-in page, which leads back to this request."""
    exchange_of(request.scope).is_bare = True
    query = f"?{request.url.query}" if request.url.query else ""
    return Redirect(f"/signin?next={quote(request.url.path + query, safe='')}")


def page(name: str, web: Web, *, me: User | None = None, **more: Any) -> Template:
    """Return a page that browsers must not store: after sign-out nobody may see it again."""
    always = {
        "page": name,
        "ledger": web.charter.ledger,
        "origin": web.charter.party.origin,
        "now": web.models.now(),
        "position": 0,
        "lost_epoch": web.charter.lost_epoch,
        "has_organisation": web.sessions.has_organisation,
    }
    homes = HOMES if me is None and name != "register" else web.new_homes()
    news = [] if me is None else web.news(me)
    recoveries = [] if me is None else web.recoveries(me)
    shown = {
        "me": me,
        "new_homes": homes,
        "homes_only": "" if homes == HOMES else homes_phrase(homes),
        "news": news,
        "recoveries": recoveries,
        "by_operator": None if me is None else web.operator_recovery(me),
        "may_change": me is not None and web.may_change(me),
        "awaited": [] if me is None else web.awaited(me),
        "inbox_count": "" if me is None else web.waiting(me),
    }
    return Template(
        f"{name}.html",
        context={**always, **shown, **more},
        headers={"Cache-Control": "no-store", **language_headers()},
    )
