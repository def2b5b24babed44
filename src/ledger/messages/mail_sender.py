"""Sends mail: all that is due to a person is one letter, over one connection for a step.

Crash point: a letter that the server took and that is not noted yet is sent again, with the same
Message-ID; mail that became due meanwhile can be in it too.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

from ledger.errors import UnavailableError
from ledger.messages import retries
from ledger.messages.letters import URGENT, CatalogueTexts, LetterWriter, item_of, letter
from ledger.messages.mail_hearing import wants
from ledger.messages.sender import HIDDEN, ReadableTo
from ledger.store.ports.messages import Mailbox, MessageStore, SendAttempt, Sending, SendState
from ledger.system.smtp import Refusal, SmtpConnection, SmtpServer

MOST_AT_ONCE = 200
MOST_IN_LETTER = 50
# Mail about one's own keys comes even so.
MOST_LETTERS_AN_HOUR = 10
HOUR_MS = 3_600_000

_log = logging.getLogger("ledger.messages")


class PostOffice(NamedTuple):
    """The server that takes letters, who writes them, and their texts by language."""

    server: SmtpServer
    sender: LetterWriter
    texts: CatalogueTexts


class MailSender:
    """Sends the mail of one ledger; `step` is for one thread."""

    def __init__(  # noqa: PLR0913  # whom it asks before each letter
        self,
        store: MessageStore,
        now_ms: Callable[[], int],
        *,
        post: PostOffice,
        pauses: Sequence[int],
        are_active: Callable[[Collection[str]], frozenset[str]],
        may_hear: Callable[[Collection[str]], frozenset[str]],
        may_read: ReadableTo,
    ) -> None:
        """Whom of some people it still tells: `are_active` who act, `may_hear` who administer."""
        self._store = store
        self._now_ms = now_ms
        self._post = post
        self._pauses = pauses
        self._are_active = are_active
        self._may_hear = may_hear
        self._may_read = may_read
        self.failure: str | None = None

    def step(self, keep: Callable[[], bool]) -> bool:
        """Send what is due; tell whether anything was tried. `keep` prolongs the lease meanwhile.

        Raises UnavailableError `messages_unavailable`.
        """
        due: dict[str, list[Sending]] = defaultdict(list)
        for each in self._store.mail_due(self._now_ms(), limit=MOST_AT_ONCE):
            due[each.message.to].append(each)
        if not due:
            return False
        active = self._are_active(due.keys())
        try:
            with closing(SmtpConnection(self._post.server)) as connection:
                for person, sendings in due.items():
                    if not keep():
                        break  # another process sends the rest
                    box = self._store.mailbox(person) if person in active else None
                    self._send(connection, box, sendings[:MOST_IN_LETTER])
            self.failure = None
        except UnavailableError as error:
            if error.code != "mail_unavailable":
                raise
            self._put_off((each for sendings in due.values() for each in sendings), error.detail)
        return True

    def _send(
        self, connection: SmtpConnection, box: Mailbox | None, sendings: Sequence[Sending]
    ) -> None:
        about: list[Sending] = []
        tells_of_others = any(item_of(each.message).person for each in sendings)
        administers = tells_of_others and bool(self._may_hear([sendings[0].message.to]))
        statements = {item_of(each.message).statement for each in sendings} - {""}
        readable = self._may_read(sendings[0].message.to, statements) if statements else statements
        for each in sendings:
            if item_of(each.message).statement in statements - readable:
                self._note([each], Refusal(HIDDEN, is_final=True))
            elif item_of(each.message).person and not administers:
                self._note([each], Refusal("the person administers no more", is_final=True))
            elif item_of(each.message).address:
                self._note([each], self._letter(connection, None, [each]))
            elif box is None or not box.address:
                self._note([each], Refusal("the person has no address any more", is_final=True))
            elif not wants(box, each.message.kind):
                self._note([each], Refusal("the person does not want it", is_final=True))
            else:
                about.append(each)
        if about and not self._waits(about):
            self._note(about, self._letter(connection, box, about))

    def _waits(self, about: Sequence[Sending]) -> bool:
        """Put off what is not urgent if the person had their letters of this hour."""
        if any(each.message.kind in URGENT for each in about):
            return False
        sent = self._store.letters_since(about[0].message.to, self._now_ms() - HOUR_MS)
        if len(sent) < MOST_LETTERS_AN_HOUR:
            return False
        due_ms = sent[-MOST_LETTERS_AN_HOUR] + HOUR_MS + 1
        self._store.put_off([each.number for each in about], due_ms)
        return True

    def _letter(
        self, connection: SmtpConnection, box: Mailbox | None, sendings: Sequence[Sending]
    ) -> Refusal | None:
        post, messages = self._post, [each.message for each in sendings]
        address = item_of(messages[0]).address if box is None else box.address
        try:
            made = letter(post.sender, box, messages, post.texts, now_ms=self._now_ms())
        except Exception as error:  # noqa: BLE001  # one letter must not stop all the others
            _log.warning("a letter cannot be made: %s", type(error).__name__)
            return Refusal(f"the letter cannot be made ({type(error).__name__})", is_final=True)
        return connection.send(made, address)

    def _note(self, sendings: Sequence[Sending], refusal: Refusal | None) -> None:
        now_ms = self._now_ms()
        attempts = []
        for each in sendings:
            if refusal is None:
                attempts.append(SendAttempt(each.number, "delivered", now_ms, None, "taken"))
                continue
            next_ms = retries.next_ms(self._pauses, each.tries + 1, now_ms=now_ms)
            is_over = refusal.is_final or next_ms is None
            state: SendState = "given_up" if is_over else "waiting"
            at_ms = None if is_over else next_ms
            attempts.append(SendAttempt(each.number, state, now_ms, at_ms, refusal.said))
        if attempts:
            self._store.attempted(attempts)

    def _put_off(self, sendings: Iterable[Sending], said: str) -> None:
        """Try again later: the mail server itself cannot be used."""
        if self.failure is None:
            _log.warning("mail is not sent: %s", said)
        self.failure = said
        # What was noted in this step has another state by now, and is not due any more.
        due = {each.number for each in self._store.mail_due(self._now_ms(), limit=MOST_AT_ONCE)}
        left = [each for each in sendings if each.number in due]
        self._note(left, Refusal(said, is_final=False))
