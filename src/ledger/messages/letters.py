"""Letters: plain text and simple HTML, with no content that a type does not let messages tell.

A header is made by the standard library from checked values, which refuses line ends in each.
"""

import html
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

import msgspec

from ledger.domain.policy_words import moment
from ledger.domain.quoting import quoted
from ledger.encoding import b64u_encode
from ledger.store.ports.messages import Mailbox, Message

LetterKind = Literal[
    "waiting",
    "decided",
    "superseded",
    "expiring",
    "folded",
    "key",
    "passkey",
    "recovery",
    "re_enrolment",
    "person_recovery",
    "person_block",
    "operator_link",
    "code",
    "moved",
]
# What somebody must hear to stop a thief: it is never delayed, folded or turned off.
URGENT: frozenset[str] = frozenset(
    (
        "key",
        "passkey",
        "recovery",
        "re_enrolment",
        "person_recovery",
        "operator_link",
        "code",
        "moved",
    )
)
CatalogueText = Callable[..., str]
# The texts of a language, by its tag; English for one that there is not.
CatalogueTexts = Callable[[str], CatalogueText]


class LetterItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a letter tells of: of a statement its id, status and end; of an address its code.

    `person` is whose passkeys it is about, for an administrator. `count` is how many other messages
    it stands for. `active_from` is when a new passkey begins to work.
    `address` is where it goes, empty for the person's verified address, and `language` is that of
    its letter then. `title` and `content`, as labels and values, are what the statement's type lets
    messages tell.
    """

    kind: LetterKind
    at: str
    statement: str = ""
    status: str = ""
    ends_at: str = ""
    code: str = ""
    address: str = ""
    person: str = ""
    count: int = 0
    active_from: str = ""
    title: str = ""
    content: tuple[tuple[str, str], ...] = ()
    language: str = ""


class LetterWriter(msgspec.Struct, frozen=True):
    """Who writes: the ledger's web origin and name, and the address that letters are from."""

    origin: str
    name: str
    address: str


def item_of(message: Message) -> LetterItem:
    """Return what a mail's message tells of."""
    return msgspec.json.decode(message.body, type=LetterItem)


def letter(
    sender: LetterWriter,
    mailbox: Mailbox | None,
    messages: Sequence[Message],
    texts: CatalogueTexts,
    *,
    now_ms: int,
) -> EmailMessage:
    """Return one letter about these messages; its id follows from the first one's.

    Without a mailbox it goes to the address in its message.
    """
    items = [item_of(each) for each in messages]
    text = texts(items[0].language if mailbox is None else mailbox.language)
    subject = text("mail.several", count=len(items))
    if len(items) == 1:
        subject = text(f"mail.{items[0].kind}.subject", status=_status(items[0], text))
    made = EmailMessage(policy=SMTP)
    made["Subject"] = f"{sender.name}: {subject}"
    made["From"] = sender.address
    made["To"] = items[0].address if mailbox is None else mailbox.address
    made["Date"] = format_datetime(datetime.fromtimestamp(now_ms // 1000, UTC))
    made["Message-ID"] = f"<{messages[0].id}@{sender.address.partition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    if mailbox is not None and all(each.kind not in URGENT for each in items):
        leave = f"{sender.origin}/unsubscribe/{leave_token(mailbox)}"
        made["List-Unsubscribe"] = f"<{leave}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    parts = [_told(each, sender.origin, text) for each in items]
    footer = text("mail.footer", ledger=sender.origin)
    where = f"{sender.origin}/messages"
    plain = [line for sentence, link in parts for line in (sentence, link, "") if line or not link]
    # Seven bits, because a server on the way may take no others.
    made.set_content("\n".join([*plain, "-- ", footer, where]) + "\n", cte="quoted-printable")
    paragraphs = [
        f'<p>{_lines(sentence)}<br><a href="{html.escape(link)}">{html.escape(link)}</a></p>'
        if link
        else f"<p>{_lines(sentence)}</p>"
        for sentence, link in parts
    ]
    paragraphs.append(
        f'<p><small>{html.escape(footer)} <a href="{html.escape(where)}">'
        f"{html.escape(where)}</a></small></p>"
    )
    body = "\n".join(paragraphs)
    page = f'<!doctype html><html lang="{text("mail.language")}"><body>\n{body}\n</body></html>\n'
    made.add_alternative(page, subtype="html", cte="quoted-printable")
    made["Content-Language"] = text("mail.language")  # contents that are set take such headers away
    return made


def leave_token(mailbox: Mailbox) -> str:
    """Return the token that ends a person's mail."""
    return b64u_encode(mailbox.person.encode() + mailbox.leave)


def _status(item: LetterItem, text: CatalogueText) -> str:
    return text(f"status.{item.status}") if item.status else ""


def _told(item: LetterItem, origin: str, text: CatalogueText) -> tuple[str, str]:
    """Return the sentence and the link of an item."""
    values = {"status": _status(item, text), "code": item.code, "time": moment(item.at, text)}
    values["ends"] = moment(item.ends_at, text) if item.ends_at else ""
    values["begins"] = moment(item.active_from, text) if item.active_from else ""
    if item.kind == "folded":
        return text("mail.folded", count=item.count), f"{origin}/inbox"
    sentence = text(f"mail.{item.kind}", **values)
    if item.statement:
        title = [quoted(item.title)] if item.title else []
        lines = [sentence, *title, *(f"{label}: {value}" for label, value in item.content)]
        return "\n".join(lines), f"{origin}/statements/{item.statement}"
    if item.person:
        return sentence, f"{origin}/people/{item.person}"
    if item.kind == "operator_link":
        return sentence, f"{origin}/people"
    return sentence, "" if item.kind in ("code", "moved") else f"{origin}/account"


def _lines(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
