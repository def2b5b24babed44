"""Messages in the tables of the database, shared by all servers of a ledger.

Each call is one statement, or two that do not depend on each other. A statement does the same when
it is repeated after a lost connection. Only an advance of the cursor that is repeated says that the
cursor is not there any more, which is true.
"""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import astuple

from ledger.store.ports.messages import (
    DAY_MS,
    KEEP_MS,
    LEASE_S,
    MOST_KEPT,
    Channel,
    Message,
    OutboxPlace,
    SendAttempt,
    Sending,
    Webhook,
)
from ledger.store.postgres.mailboxes import PostgresMailboxes
from ledger.store.postgres.shared_state import SharedState

# The database's clock decides, so that the clocks of servers may differ.
_LEASE = """
    INSERT INTO ledger.outbox_lease VALUES(1, %s, clock_timestamp() + make_interval(secs => %s))
    ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE outbox_lease.holder = excluded.holder OR outbox_lease.until <= clock_timestamp()
    RETURNING 1
"""
_BEGIN = """
    WITH moved AS (
        INSERT INTO ledger.outbox VALUES(1, %s, %s, %s) ON CONFLICT (id) DO NOTHING RETURNING 1)
"""
_MOVE = """
    WITH moved AS (
        UPDATE ledger.outbox SET position = %s, leaf = %s, until_ms = %s
            WHERE position = %s AND leaf = %s AND until_ms = %s RETURNING 1)
"""
_KEEP = """
    , kept AS (
        INSERT INTO ledger.message(id, channel, receiver, subject, kind, position, body, made_ms,
            due_ms, state, tries, said)
        SELECT g.id, g.channel, g.receiver, g.subject, g.kind, g.position, g.body, g.made_ms,
            g.due_ms, 'waiting', 0, ''
        FROM moved, unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
            %s::bytea[], %s::bigint[], %s::bigint[]) WITH ORDINALITY
            AS g(id, channel, receiver, subject, kind, position, body, made_ms, due_ms, n)
        ORDER BY g.n
        ON CONFLICT (id) DO NOTHING)
    SELECT 1 FROM moved
"""
_PUT = """
    INSERT INTO ledger.message(id, channel, receiver, subject, kind, position, body, made_ms,
        due_ms, state, tries, said)
    VALUES(%s, %s, %s, %s, %s, %s, %s, %s, %s, 'waiting', 0, '') ON CONFLICT (id) DO NOTHING
"""
# The columns are in the order of the fields of Message, then of Sending.
_SENDING = (
    "SELECT number, id, channel, receiver, subject, kind, position, body, made_ms, due_ms, state,"
    " tries, tried_ms, said FROM ledger.message m"
)
_FIRST = (
    "NOT EXISTS(SELECT 1 FROM ledger.message e WHERE e.receiver = m.receiver"
    " AND e.subject = m.subject AND e.state = 'waiting' AND e.number < m.number)"
)
# An attempt is known by its time, so that a repeated statement counts it once.
_ATTEMPTED = """
    UPDATE ledger.message m SET state = g.state, tries = m.tries + 1, tried_ms = g.at_ms,
        due_ms = coalesce(g.next_ms, m.due_ms), said = g.said
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[])
        AS g(state, at_ms, next_ms, said, number)
    WHERE m.number = g.number AND m.tried_ms IS DISTINCT FROM g.at_ms
"""
_NOTE = """
    WITH given_up AS (
        UPDATE ledger.message SET state = 'given_up', said = %s,
            tried_ms = coalesce(tried_ms, due_ms)
        WHERE %s <> '' AND receiver = %s AND state = 'waiting')
    UPDATE ledger.webhook SET paused = %s, failing_ms = %s WHERE id = %s
"""
_PRUNE = """
    DELETE FROM ledger.message WHERE state <> 'waiting'
        AND (tried_ms < %s OR number <= (SELECT max(number) FROM ledger.message) - %s)
"""
_FOLD = f"""
    WITH gone AS (
        DELETE FROM ledger.message WHERE number = ANY(%s::bigint[]) AND state = 'waiting')
    {_PUT}
"""  # noqa: S608  # constants
_CROWDED = """
    SELECT receiver FROM ledger.message WHERE state = 'waiting' AND channel = %s
        GROUP BY receiver HAVING count(*) > %s
"""
_PUT_OFF = """
    UPDATE ledger.message SET due_ms = %s WHERE number = ANY(%s::bigint[]) AND state = 'waiting'
"""
_LETTERS = """
    SELECT DISTINCT tried_ms FROM ledger.message WHERE receiver = %s AND channel = 'mail'
        AND state = 'delivered' AND tried_ms >= %s ORDER BY tried_ms
"""
_ADD = """
    WITH kept AS (SELECT count(*) AS many, coalesce(bool_or(id = %s), false) AS known
        FROM ledger.webhook),
    added AS (
        INSERT INTO ledger.webhook SELECT %s, %s, %s, %s, %s, %s, %s, %s FROM kept
            WHERE many < %s AND NOT known)
    SELECT many < %s OR known FROM kept
"""
_REMOVE = """
    WITH gone AS (DELETE FROM ledger.message WHERE receiver = %s)
    DELETE FROM ledger.webhook WHERE id = %s RETURNING 1
"""


class PostgresMessages(PostgresMailboxes):
    """The messages of the ledger in one database."""

    def __init__(self, url: str) -> None:
        super().__init__(SharedState(url))

    def close(self) -> None:
        """Close the connections."""
        self._shared.close()

    def lease(self, holder: str) -> bool:
        """Take or prolong the right to send; False while another server has it."""
        return bool(self._change(_LEASE, holder, LEASE_S))

    def release(self, holder: str) -> None:
        """Give the right to send back."""
        self._change("DELETE FROM ledger.outbox_lease WHERE holder = %s", holder)

    # --- the outbox -----------------------------------------------------------------------------

    def cursor(self) -> OutboxPlace | None:
        """Return how far the log was read; None before the first time."""
        for position, leaf, until_ms in self._rows(
            "SELECT position, leaf, until_ms FROM ledger.outbox"
        ):
            return OutboxPlace(position, bytes(leaf), until_ms)
        return None

    def advance(
        self, old: OutboxPlace | None, new: OutboxPlace, messages: Sequence[Message]
    ) -> bool:
        """Keep messages and move the cursor, both or neither, if it is `old`."""
        place = [new.position, new.leaf, new.until_ms]
        if old is not None:
            place += [old.position, old.leaf, old.until_ms]
        columns = [
            [getattr(each, field) for each in messages] for field in Message.__struct_fields__
        ]
        query = (_BEGIN if old is None else _MOVE) + _KEEP
        return bool(self._change(query, *place, *columns))

    def put(self, message: Message) -> None:
        """Keep a message that comes from no event."""
        self._change(_PUT, *astuple(message))

    def due(self, to: str, now_ms: int, *, limit: int) -> list[Sending]:
        """Return messages to send to a receiver now: of each subject the first that waits."""
        query = (
            f"{_SENDING} WHERE receiver = %s AND state = 'waiting' AND due_ms <= %s AND {_FIRST}"
            " ORDER BY number LIMIT %s"
        )
        return [*map(_sending, self._rows(query, to, now_ms, limit))]

    def next_due_ms(self) -> int | None:
        """Return when the next message is due, None without one."""
        query = f"SELECT min(due_ms) FROM ledger.message m WHERE state = 'waiting' AND {_FIRST}"  # noqa: S608  # constants
        ((found,),) = self._rows(query)
        return None if found is None else int(found)

    def attempted(self, attempts: Sequence[SendAttempt]) -> None:
        """Keep the results of attempts."""
        fields = ("state", "at_ms", "next_ms", "said", "number")
        columns = [[getattr(each, field) for each in attempts] for field in fields]
        self._change(_ATTEMPTED, *columns)

    def sent_to(self, to: str, *, before: int | None, limit: int) -> list[Sending]:
        """Return messages to a receiver, the newest first; `before` is a number."""
        query = (
            f"{_SENDING} WHERE receiver = %s AND number < coalesce(%s::bigint, number + 1)"
            " ORDER BY number DESC LIMIT %s"
        )
        return [*map(_sending, self._rows(query, to, before, limit))]

    def again(self, to: str, number: int, *, now_ms: int) -> bool:
        """Have a message to this receiver sent once more; False if it is not kept."""
        query = (
            "UPDATE ledger.message SET state = 'waiting', tries = 0, due_ms = %s"
            " WHERE receiver = %s AND number = %s RETURNING 1"
        )
        return bool(self._change(query, now_ms, to, number))

    def prune(self, *, now_ms: int, most: int = MOST_KEPT) -> None:
        """Forget finished messages: after KEEP_MS, and the oldest of more than `most` messages."""
        self._change(_PRUNE, now_ms - KEEP_MS, most)
        self._change("DELETE FROM ledger.mail_code WHERE day < %s", now_ms // DAY_MS)

    def forget(self, subject: str, *, before: int) -> None:
        """Forget every message about a stream from before a position."""
        query = "DELETE FROM ledger.message WHERE subject = %s AND position < %s"
        self._change(query, subject, before)

    # --- bounds -----------------------------------------------------------------------------------

    def crowded(self, channel: Channel, most: int) -> list[str]:
        """Return the receivers for whom more than `most` messages wait."""
        return [str(to) for (to,) in self._rows(_CROWDED, channel, most)]

    def waiting(self, to: str, *, limit: int) -> list[Sending]:
        """Return what waits for a receiver, the oldest first."""
        query = f"{_SENDING} WHERE receiver = %s AND state = 'waiting' ORDER BY number LIMIT %s"
        return [*map(_sending, self._rows(query, to, limit))]

    def fold(self, numbers: Sequence[int], into: Message) -> None:
        """Keep one message in place of several that wait, both or neither."""
        self._change(_FOLD, [*numbers], *astuple(into))

    def put_off(self, numbers: Sequence[int], due_ms: int) -> None:
        """Let messages that wait be due at another time; this is no attempt."""
        self._change(_PUT_OFF, due_ms, [*numbers])

    def letters_since(self, person: str, since_ms: int) -> list[int]:
        """Return the times at which mail to a person was delivered, each once, the oldest first."""
        return [int(at_ms) for (at_ms,) in self._rows(_LETTERS, person, since_ms)]

    # --- webhooks -------------------------------------------------------------------------------

    def add_webhook(self, webhook: Webhook, *, most: int) -> bool:
        """Keep a webhook; False if there are `most`."""
        row = [getattr(webhook, field) for field in Webhook.__struct_fields__]
        ((kept,),) = self._change(_ADD, webhook.id, *row, most, most)
        return bool(kept)

    def webhooks(self) -> list[Webhook]:
        """Return all webhooks, the oldest first."""
        query = (
            "SELECT id, owner, url, secret, since, made_ms, paused, failing_ms"
            " FROM ledger.webhook ORDER BY made_ms, id"
        )
        found = self._rows(query)
        return [
            Webhook(id_, owner, url, bytes(secret), *more)
            for id_, owner, url, secret, *more in found
        ]

    def remove_webhook(self, webhook: str) -> bool:
        """Forget a webhook and its messages; False if there is none."""
        return bool(self._change(_REMOVE, webhook, webhook))

    def resume_webhook(self, webhook: str, *, since: int) -> bool:
        """Send to a webhook again what comes after a position; False if there is none."""
        query = (
            "UPDATE ledger.webhook SET paused = '', failing_ms = NULL, since = %s WHERE id = %s"
            " RETURNING 1"
        )
        return bool(self._change(query, since, webhook))

    def note_webhook(self, webhook: str, *, paused: str, failing_ms: int | None) -> None:
        """Keep how a webhook does; giving up on it gives up its waiting messages."""
        self._change(_NOTE, paused, paused, webhook, paused, failing_ms, webhook)

    # --- mail -------------------------------------------------------------------------------------

    def mail_due(self, now_ms: int, *, limit: int) -> list[Sending]:
        """Return mail to send now, the oldest first."""
        query = (
            f"{_SENDING} WHERE channel = 'mail' AND state = 'waiting' AND due_ms <= %s"
            " ORDER BY number LIMIT %s"
        )
        return [*map(_sending, self._rows(query, now_ms, limit))]


def _sending(row: Sequence[Any]) -> Sending:
    number, id_, channel, to, subject, kind, position, body, made_ms, due_ms, *more = row
    message = Message(id_, channel, to, subject, kind, position, bytes(body), made_ms, due_ms)
    return Sending(number, message, *more)
