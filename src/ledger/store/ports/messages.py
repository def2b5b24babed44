"""The port of messages: who wants them, how far the log was read for them, and what is to be sent.

It is a part of what a server may forget. Losing it loses the receivers and what was still to be
sent; the log is not touched. Then messages begin anew with the events that come after.
Every call may raise UnavailableError `messages_unavailable`.
"""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

import msgspec

# How long a message is kept after its last attempt, and how many that are finished.
DAY_MS = 86_400_000
KEEP_MS = 30 * DAY_MS
MOST_KEPT = 100_000
# For how long at most a server that was killed keeps others from sending.
LEASE_S = 10
# How long at most an attempt to deliver a webhook's message takes.
ATTEMPT_S = 10

Channel = Literal["webhook", "mail"]
SendState = Literal["waiting", "delivered", "given_up"]


class OutboxPlace(msgspec.Struct, frozen=True):
    """How far the log was read: a position, its leaf hash, and deadlines up to a time in ms."""

    position: int
    leaf: bytes
    until_ms: int


class Message(msgspec.Struct, frozen=True):
    """What one receiver is to be told of one event, exactly as every attempt sends it.

    `to` is a webhook's id or a person's. Messages to one receiver about one `subject`, a stream,
    are sent in the order of their numbers. `due_ms` is when the first attempt is due.
    """

    id: str
    channel: Channel
    to: str
    subject: str
    kind: str
    position: int
    body: bytes
    made_ms: int
    due_ms: int


class Sending(msgspec.Struct, frozen=True):
    """A message and its result: `said` tells of the last attempt in words."""

    number: int
    message: Message
    state: SendState
    tries: int
    tried_ms: int | None
    said: str


class SendAttempt(msgspec.Struct, frozen=True):
    """The result of an attempt; `next_ms` is when the next one is due, None for the last one."""

    number: int
    state: SendState
    at_ms: int
    next_ms: int | None
    said: str


class Webhook(msgspec.Struct, frozen=True):
    """An address that a person registered for messages about events after position `since`.

    `secret` is 32 random bytes that sign them. `paused` tells why it gets none at present.
    `failing_ms` is when the first attempt failed since the last success, None while it works.
    """

    id: str
    owner: str
    url: str
    secret: bytes
    since: int
    made_ms: int
    paused: str = ""
    failing_ms: int | None = None


# When mail is sent: at once, once a day, or at once and about the person's own keys only.
MailTimes = Literal["at-once", "daily", "security"]


class Mailbox(msgspec.Struct, frozen=True):
    """A person's mail address, verified at `verified_ms`; empty and None without one.

    `pending` is an address to which a code was sent: the digest of the code, until when it can be
    typed, and how many attempts are left. Mail is about what came after position `since`. No mail
    is sent from `quiet_from` to `quiet_to`, minutes of a day in `zone`; both are 0 for no such
    time. `leave` are 16 random bytes that end mail. `language` is the tag of that of letters.
    """

    person: str
    address: str
    verified_ms: int | None
    pending: str
    code_sha256: bytes
    code_until_ms: int
    code_tries: int
    since: int
    leave: bytes
    times: MailTimes = "at-once"
    quiet_from: int = 0
    quiet_to: int = 0
    zone: str = "UTC"
    language: str = "en"


class MessageStore(Protocol):
    """The messages of one ledger; every call is one short transaction, safe for any thread."""

    def close(self) -> None:
        """Close the storage."""
        ...

    def lease(self, holder: str) -> bool:
        """Take or prolong the right to send; False while another process has it.

        It ends when it is released, LEASE_S after it was prolonged last, or with the process.
        """
        ...

    def release(self, holder: str) -> None:
        """Give the right to send back."""
        ...

    # --- the outbox -----------------------------------------------------------------------------

    def cursor(self) -> OutboxPlace | None:
        """Return how far the log was read; None before the first time."""
        ...

    def advance(
        self, old: OutboxPlace | None, new: OutboxPlace, messages: Sequence[Message]
    ) -> bool:
        """Keep messages and move the cursor, both or neither.

        A message whose id is kept is left as it is. Return False, and change nothing, unless the
        cursor is `old`.
        """
        ...

    def put(self, message: Message) -> None:
        """Keep a message that comes from no event."""
        ...

    def due(self, to: str, now_ms: int, *, limit: int) -> list[Sending]:
        """Return messages to send to a receiver now: of each subject the first that waits."""
        ...

    def next_due_ms(self) -> int | None:
        """Return when the next message is due, None without one."""
        ...

    def attempted(self, attempts: Sequence[SendAttempt]) -> None:
        """Keep the results of attempts; a message that was forgotten meanwhile stays forgotten."""
        ...

    def sent_to(self, to: str, *, before: int | None, limit: int) -> list[Sending]:
        """Return messages to a receiver, the newest first; `before` is a number."""
        ...

    def again(self, to: str, number: int, *, now_ms: int) -> bool:
        """Have a message to this receiver sent once more; False if it is not kept."""
        ...

    def prune(self, *, now_ms: int, most: int = MOST_KEPT) -> None:
        """Forget finished messages: after KEEP_MS, and the oldest of more than `most` messages.

        What waits is never forgotten here.
        """
        ...

    def forget(self, subject: str, *, before: int) -> None:
        """Forget every message about a stream from before a position, in every state."""
        ...

    def crowded(self, channel: Channel, most: int) -> list[str]:
        """Return the receivers for whom more than `most` messages wait."""
        ...

    def waiting(self, to: str, *, limit: int) -> list[Sending]:
        """Return what waits for a receiver, the oldest first."""
        ...

    def fold(self, numbers: Sequence[int], into: Message) -> None:
        """Keep one message in place of several that wait, both or neither."""
        ...

    def put_off(self, numbers: Sequence[int], due_ms: int) -> None:
        """Let messages that wait be due at another time; this is no attempt."""
        ...

    def letters_since(self, person: str, since_ms: int) -> list[int]:
        """Return the times at which mail to a person was delivered, each once, the oldest first."""
        ...

    # --- webhooks -------------------------------------------------------------------------------

    def add_webhook(self, webhook: Webhook, *, most: int) -> bool:
        """Keep a webhook; False if there are `most`."""
        ...

    def webhooks(self) -> list[Webhook]:
        """Return all webhooks, the oldest first."""
        ...

    def remove_webhook(self, webhook: str) -> bool:
        """Forget a webhook and its messages; False if there is none."""
        ...

    def resume_webhook(self, webhook: str, *, since: int) -> bool:
        """Send to a webhook again what comes after a position; False if there is none."""
        ...

    def note_webhook(self, webhook: str, *, paused: str, failing_ms: int | None) -> None:
        """Keep how a webhook does; giving up on it gives up its waiting messages."""
        ...

    # --- mail and feeds -------------------------------------------------------------------------

    def mailboxes(self) -> list[Mailbox]:
        """Return every mailbox, also those that are not verified."""
        ...

    def mailbox(self, person: str) -> Mailbox | None:
        """Return a person's mailbox, None without one."""
        ...

    def take_code(self, name: str, *, day: int, most: int) -> bool:
        """Count a code for a person or an address; False if `most` were counted on this day.

        No call forgets the count of a day before the day is over.
        """
        ...

    def keep_code(self, mailbox: Mailbox) -> None:
        """Keep a new mailbox; of one that is there, change the pending address and its code."""
        ...

    def verify_mailbox(
        self, person: str, code_sha256: bytes, *, at_ms: int, since: int, leave: bytes
    ) -> bool:
        """Let the pending address be the person's; False if there is another code by now."""
        ...

    def choose_times(
        self, person: str, times: MailTimes, *, quiet: tuple[int, int], zone: str, language: str
    ) -> None:
        """Keep when a person wants mail and in which language, and nothing else."""
        ...

    def end_mail(self, person: str, leave: bytes) -> None:
        """Send about the person's own keys only, if `leave` still is the mailbox's."""
        ...

    def take_try(self, person: str) -> Mailbox | None:
        """Take one of the attempts to type a code; return the mailbox, None if none is left."""
        ...

    def remove_mailbox(self, person: str, *, keep: Collection[str]) -> None:
        """Forget a person's mailbox and mail, but for what waits and is of the kinds to keep."""
        ...

    def mail_due(self, now_ms: int, *, limit: int) -> list[Sending]:
        """Return mail to send now, the oldest first."""
        ...

    def keep_feed(self, person: str, token_sha256: bytes | None) -> None:
        """Keep the digest of the token of a person's feeds, in place of the one before."""
        ...

    def has_feed(self, person: str) -> bool:
        """Tell whether a person has feeds."""
        ...

    def feed_owners(self) -> list[str]:
        """Return everybody who has feeds."""
        ...

    def person_of_feed(self, token_sha256: bytes) -> str | None:
        """Return whose feeds a token opens, None for another one."""
        ...
