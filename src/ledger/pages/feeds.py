"""Feeds of one person: their inbox as Atom (RFC 4287) and deadlines as iCalendar (RFC 5545).

Everybody who has the address reads them, without a session, until their owner ends it. They say
which statements wait and until when; they have no names, and of titles and content what the type of
a statement lets messages tell.
"""

from contextlib import AbstractContextManager
from xml.sax.saxutils import escape

from litestar import Response, get
from litestar.params import FromPath

from ledger.errors import NotFoundError
from ledger.http.context import FromMessenger, FromOrganisation, FromSite
from ledger.http.languages import language, speaking
from ledger.http.mailboxes import token_digest
from ledger.http.organisation_gate import Organisation
from ledger.messages.messenger import Messenger
from ledger.messages.outline import NOTHING, ToldContent
from ledger.messages.told_content import ContentTeller
from ledger.pages.policy_texts import moment
from ledger.pages.texts import text
from ledger.pages.web import FromWeb, Web
from projections import inbox, users
from projections.summaries import StatementSummary

_MOST = 100
_MOST_READ_BYTES = 2_000_000
_HEADERS = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}


@get("/feeds/{token:str}/inbox.atom", sync_to_thread=True)
def inbox_feed(
    token: FromPath[str],
    web: FromWeb,
    messenger: FromMessenger,
    organisation: FromOrganisation,
    site: FromSite,
) -> Response[bytes]:
    """Return what waits for the owner of a feed, as Atom."""
    person, waiting, now = _waiting(web, messenger, organisation, token)
    with _language_of(messenger, person):
        origin = site.settings.origin
        entries = "".join(
            f"<entry><id>urn:uuid:{each.id}</id>"
            f"<title>{escape(_titled('feed.entry', told))}</title>"
            f"<updated>{each.created_at}</updated>"
            f'<link href="{escape(origin)}/statements/{each.id}"/>'
            f"<summary>{escape(_summary(each, told))}</summary></entry>"
            for each, told in waiting
        )
        feed = (
            '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
            f"<id>urn:uuid:{person}</id><title>{escape(text('feed.title'))}</title>"
            f"<updated>{now}</updated><author><name>{escape(site.settings.name)}</name></author>"
            f'<link href="{escape(origin)}/inbox"/>{entries}</feed>\n'
        )
        return Response(feed.encode(), media_type="application/atom+xml", headers=_HEADERS)


@get("/feeds/{token:str}/deadlines.ics", sync_to_thread=True)
def deadlines(
    token: FromPath[str],
    web: FromWeb,
    messenger: FromMessenger,
    organisation: FromOrganisation,
    site: FromSite,
) -> Response[bytes]:
    """Return until when what waits for the owner of a feed can be decided, as iCalendar."""
    person, waiting, now = _waiting(web, messenger, organisation, token)
    with _language_of(messenger, person):
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//ledger//deadlines//EN"]
        for each, told in waiting:
            lines += [
                "BEGIN:VEVENT",
                f"UID:{each.id}",
                f"DTSTAMP:{_stamp(now)}",
                f"DTSTART:{_stamp(each.expires_at)}",
                f"SUMMARY:{_escaped(_titled('feed.deadline', told))}",
                f"DESCRIPTION:{_escaped(_summary(each, told))}",
                f"URL:{site.settings.origin}/statements/{each.id}",
                "END:VEVENT",
            ]
        body = "".join(folded(line) for line in [*lines, "END:VCALENDAR"])
        return Response(body.encode(), media_type="text/calendar", headers=_HEADERS)


def told_within(teller: ContentTeller, statement: str) -> ToldContent:
    """Return what is told of a statement; nothing once the documents before it were large."""
    return NOTHING if teller.read_bytes > _MOST_READ_BYTES else teller.of(statement)


def _language_of(messenger: Messenger, person: str) -> AbstractContextManager[None]:
    """Return a block that speaks the language of a person's letters: programs fetch feeds."""
    box = messenger.store.mailbox(person)
    return speaking(language() if box is None else box.language)


def folded(line: str) -> str:
    """Return a content line with its end, in parts of at most 75 bytes (RFC 5545 section 3.1)."""
    parts, rest = [], line
    while len(rest.encode()) > 74:
        size = 74
        while len(rest[:size].encode()) > 74:
            size -= 1
        parts.append(rest[:size])
        rest = f" {rest[size:]}"
    return "\r\n".join([*parts, rest]) + "\r\n"


def _titled(key: str, told: ToldContent) -> str:
    return f"{text(key)}: {told.title}" if told.title else text(key)


def _summary(statement: StatementSummary, told: ToldContent) -> str:
    lines = [f"{label}: {value}" for label, value in told.shown()]
    return "\n".join([text("feed.ends", time=moment(statement.expires_at)), *lines])


def _escaped(value: str) -> str:
    """Return a text as a value of iCalendar (RFC 5545 section 3.3.11)."""
    for mark in ("\\", ";", ","):
        value = value.replace(mark, f"\\{mark}")
    return value.replace("\n", "\\n")


def _stamp(at: str) -> str:
    """Return a time as iCalendar writes it: `20261129T060000Z`."""
    return f"{at[:19].replace('-', '').replace(':', '')}Z"


def _waiting(
    web: Web, messenger: Messenger, organisation: Organisation | None, token: str
) -> tuple[str, list[tuple[StatementSummary, ToldContent]], str]:
    """Return whose feed this is, what waits for them and what is told of it, and the time.

    Raises NotFoundError `not_found` for another token, and once the person may not act any more.
    """
    person = messenger.store.person_of_feed(token_digest(token))
    now = web.models.now()
    is_blocked = organisation is not None and person is not None and organisation.is_blocked(person)
    if person is not None and not is_blocked:
        with web.models.views() as (db, at):
            found = users.by_id(db, person, at=at, now=now)
            if found is not None and found.standing == "active":
                page = inbox.page(db, user_id=person, at=at, now=now, limit=_MOST)
                teller = ContentTeller(db, web.models.log, at=at)
                return person, [(each, told_within(teller, each.id)) for each in page.items], now
    raise NotFoundError("not_found", "there is no such feed")
