"""Who gets mail about an event: those whom a statement asks, who took part in it, whose key it is.

A person's mail begins with their verified address, and ends with their standing.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

import msgspec

from ledger import clock
from ledger.domain.events import (
    ApprovalRetracted,
    Event,
    KeyAttested,
    OperatorInvited,
    PasskeyAdded,
    ReEnrolmentOpened,
    ServiceAccountAdded,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementSuperseded,
    StatementWithdrawn,
    StatementWithdrawnByChange,
    actor,
)
from ledger.domain.vocabulary import ADMINISTRATOR
from ledger.messages.hearing import Stored
from ledger.messages.letters import URGENT, LetterItem, LetterKind
from ledger.messages.mail_times import due_ms
from ledger.messages.outline import EXPIRING, NOTHING, Outline, ToldContent, message_id
from ledger.store.ports.messages import Mailbox, Message
from projections import inbox, readers, users
from projections.calls import Situation, Situations, call, policy_of
from projections.facts import OPEN, find_stream
from projections.users import uuid_text

_STATEMENT = "SELECT final, status, expires_at, creator FROM statement WHERE id = ?"
_TOOK_PART = (
    "SELECT s.uuid FROM stream s WHERE s.id = (SELECT creator FROM statement WHERE id = ?1)"
    " OR s.id IN (SELECT person FROM decision WHERE statement = ?1)"
)
_HOLDERS = (
    "SELECT s.uuid FROM user_role r JOIN stream s ON s.id = r.user"  # noqa: S608  # constants
    f" WHERE r.role = ? AND r.ended = {OPEN}"
)
_ASKED = "SELECT member FROM statement_member WHERE statement = ? AND asked"
_ENDING = (
    StatementSigned,
    StatementRejected,
    StatementWithdrawn,
    StatementWithdrawnByChange,
    StatementSuperseded,
)


class MailMaker:
    """Makes the mail of one ledger about events and deadlines, for some mailboxes."""

    def __init__(
        self,
        ledger: str,
        mailboxes: Sequence[Mailbox],
        now_ms: int,
        content_of: Callable[[str], ToldContent] = lambda _: NOTHING,
    ) -> None:
        """`content_of` returns what the type of a statement lets messages tell."""
        self._ledger = ledger
        self._content_of = content_of
        self._now_ms = now_ms
        self._situations: dict[tuple[int, int, str], Situation] = {}  # of the statement at hand
        self._boxes = {each.person: each for each in mailboxes if each.verified_ms is not None}

    def about(self, db: sqlite3.Connection, stored: Stored) -> list[Message]:
        """Return the mail about an event; the read models must have reached it."""
        event = stored.event
        if not self._boxes or not isinstance(event, Event):
            return []
        match event.body:
            case KeyAttested() | ServiceAccountAdded():
                return self._owner(stored, LetterItem("key", event.at))
            case PasskeyAdded(active_from=None):
                return self._owner(stored, LetterItem("passkey", event.at))
            case PasskeyAdded(active_from=str(begins)):
                item = LetterItem("recovery", event.at, active_from=begins)
                told = msgspec.structs.replace(
                    item, kind="person_recovery", person=str(event.stream)
                )
                return self._owner(stored, item) + self._administrators(db, stored, told)
            case ReEnrolmentOpened():
                return self._owner(stored, LetterItem("re_enrolment", event.at))
            case OperatorInvited(active_from=begins):
                item = LetterItem("operator_link", event.at, active_from=begins)
                return self._administrators(db, stored, item)
        number = find_stream(db, str(event.stream))
        row = None if number is None else db.execute(_STATEMENT, (number,)).fetchone()
        if number is None or row is None:
            return []
        final, status, ends_at, _ = row
        statement = str(event.stream)
        if final == stored.position and isinstance(event.body, _ENDING):
            ending: LetterKind = "superseded" if status == "superseded" else "decided"
            item = LetterItem(ending, event.at, statement, status=status)
            return self._made(self._took_part(db, number, event), stored, item)
        if final > stored.position and _opens(db, number, event):
            item = LetterItem("waiting", event.at, statement, ends_at=ends_at)
            called = [
                box
                for box in self._asked(db, number)
                if self._is_called(db, number, box, stored, event)
            ]
            return self._made(called, stored, item)
        return []

    def about_block(
        self, db: sqlite3.Connection, person: str, since_ms: int, *, at: int
    ) -> list[Message]:
        """Return the letters about somebody whom the directory blocks, to administrators.

        It is no event: its id follows from the person and the time.
        """
        item = LetterItem("person_block", clock.to_text(since_ms), person=person)
        told = Outline(f"mail.{item.kind}", item.at, person, at, b"")
        named = msgspec.structs.replace(told, position=since_ms, leaf=person.encode())
        return [
            msgspec.structs.replace(
                self._message(box, told, item),
                id=message_id(self._ledger, named, "mail", box.person),
            )
            for box in self._governors(db, but=person)
            if (box.verified_ms or 0) <= since_ms and wants(box, item.kind)
        ]

    def _owner(self, stored: Stored, item: LetterItem) -> list[Message]:
        """Return the letter to the person whose stream it is, at the address of now.

        Who adds a passkey and then removes the address hides nothing.
        """
        box = self._boxes.get(str(stored.event.stream))
        if box is None:
            return []
        return self._made([box], stored, msgspec.structs.replace(item, address=box.address))

    def _administrators(
        self, db: sqlite3.Connection, stored: Stored, item: LetterItem
    ) -> list[Message]:
        """Return the letters to all administrators but the person whom it is about."""
        return self._made(self._governors(db, but=item.person), stored, item)

    def _governors(self, db: sqlite3.Connection, *, but: str) -> list[Mailbox]:
        """Return the mailboxes of all administrators but one person."""
        found = {uuid_text(uuid) for (uuid,) in db.execute(_HOLDERS, (ADMINISTRATOR,))}
        found.discard(but)
        return [self._boxes[each] for each in sorted(found & self._boxes.keys())]

    def about_ends(
        self, db: sqlite3.Connection, ends: Iterable[tuple[int, Outline]], *, at: int, now: str
    ) -> list[Message]:
        """Return the mail about statements that end soon, to those for whom they wait."""
        made: list[Message] = []
        for number, told in ends:
            if told.kind != EXPIRING or not self._boxes:
                continue
            boxes = [
                box for box in self._asked(db, number) if self._needs(db, number, box, at, now)
            ]
            item = LetterItem("expiring", now, told.stream, ends_at=told.at)
            made += [self._message(box, told, item) for box in boxes if wants(box, item.kind)]
        return made

    def _took_part(self, db: sqlite3.Connection, number: int, event: Event) -> list[Mailbox]:
        people = {uuid_text(uuid) for (uuid,) in db.execute(_TOOK_PART, (number,))}
        people.discard(actor(event) or "")  # who did it knows it
        boxes = [self._boxes[person] for person in sorted(people & self._boxes.keys())]
        return [each for each in boxes if self._reads(db, number, each)]

    def _asked(self, db: sqlite3.Connection, number: int) -> list[Mailbox]:
        """Return the mailboxes of people whom a statement asks; they are its participants."""
        people: set[str] = set()
        for (member,) in db.execute(_ASKED, (number,)):
            kind, _, name = member.partition(":")
            if kind == "user":
                people.add(name)
            else:
                people |= {uuid_text(uuid) for (uuid,) in db.execute(_HOLDERS, (name,))}
        return [self._boxes[each] for each in sorted(people & self._boxes.keys())]

    def _reads(self, db: sqlite3.Connection, number: int, box: Mailbox) -> bool:
        return number in readers.readable(db, readers.of(db, box.person), [number])

    def _is_called(
        self, db: sqlite3.Connection, number: int, box: Mailbox, stored: Stored, event: Event
    ) -> bool:
        """Tell whether the statement waits for a person since this event."""
        at = stored.position
        if actor(event) == box.person or not self._needs(db, number, box, at, event.at):
            return False
        if isinstance(event.body, StatementDrafted):
            return True
        return not self._needs(db, number, box, at - 1, event.at)

    def _needs(self, db: sqlite3.Connection, number: int, box: Mailbox, at: int, now: str) -> bool:
        me = inbox.asked(db, box.person, at=at)
        found = users.by_id(db, box.person, at=at, now=now)
        if me is None or found is None or found.standing != "active":
            return False
        given = {"user": me.number, "at": at, "statement": number}
        query = f"SELECT 1 FROM statement s WHERE s.id = :statement AND {inbox.UNDECIDED}"  # noqa: S608  # constants
        if db.execute(query, given).fetchone() is None:
            return False
        return call(self._situation(db, number, at, now), me) == "needed"

    def _situation(self, db: sqlite3.Connection, number: int, at: int, now: str) -> Situation:
        """Return a statement's situation: a policy can be long, and it may ask many people."""
        asked = number, at, now
        if asked not in self._situations:
            if len(self._situations) > 1:  # before and after one event
                self._situations.clear()
            self._situations[asked] = Situations(db, [number], at=at, now=now).of(number)
        return self._situations[asked]

    def _made(self, boxes: Iterable[Mailbox], stored: Stored, item: LetterItem) -> list[Message]:
        told = Outline(f"mail.{item.kind}", item.at, item.statement, stored.position, stored.leaf)
        return [
            self._message(each, told, item)
            for each in boxes
            if each.since < stored.position and wants(each, item.kind)
        ]

    def _message(self, box: Mailbox, told: Outline, item: LetterItem) -> Message:
        if item.statement:
            told_of_it = self._content_of(item.statement)
            shown = tuple(told_of_it.shown())
            item = msgspec.structs.replace(item, title=told_of_it.title, content=shown)
        return Message(
            message_id(self._ledger, told, "mail", box.person),
            "mail",
            box.person,
            told.stream or item.kind,
            item.kind,
            told.position,
            msgspec.json.encode(item),
            self._now_ms,
            due_ms(box, now_ms=self._now_ms, is_urgent=item.kind in URGENT),
        )


def _opens(db: sqlite3.Connection, number: int, event: Event) -> bool:
    """Tell whether a statement can wait for somebody for whom it did not wait before this."""
    match event.body:
        case StatementDrafted() | ApprovalRetracted():
            return True
        case StatementSigned():  # of the approvals, only one of a step opens another
            return bool(policy_of(db, number).ordered)
    return False


def wants(box: Mailbox, kind: str) -> bool:
    """Tell whether a person wants mail of a kind; mail about their own keys cannot be refused."""
    return box.times != "security" or kind in URGENT
