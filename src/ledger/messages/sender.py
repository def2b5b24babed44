"""Sends what the outbox holds: each receiver in turn, in parallel, with pauses after failures.

A message that fails is tried again after growing pauses, and given up after the last one. While a
receiver does not answer at all, its other messages wait too. A webhook with a message that was
given up, and with no success for half of the time that its attempts took, is paused: nothing more
is sent to it until an administrator resumes it.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

from ledger.messages import retries
from ledger.messages.delivery import SendResult, deliver
from ledger.messages.outline import is_of_statement
from ledger.store.ports.messages import (
    LEASE_S,
    MessageStore,
    SendAttempt,
    Sending,
    SendState,
    Webhook,
)

MOST_AT_ONCE = 8
MOST_DUE = 64
# A receiver that is slow keeps the others waiting no longer than this and one attempt more.
TURN_S = 2.0
KEEP_S = LEASE_S / 4
HIDDEN = "the receiver may not read this statement any more"
_REST_S = (1.0, 60.0)  # the first and the longest pause of a receiver that does not answer

# Which of these statements a person may read, by their ids.
ReadableTo = Callable[[str, Collection[str]], frozenset[str]]

_log = logging.getLogger("ledger.messages")


class Sender:
    """Sends the messages of one ledger; `step` is for one thread."""

    def __init__(
        self,
        store: MessageStore,
        now_ms: Callable[[], int],
        *,
        pauses: Sequence[int],
        private_hosts: Collection[str],
        may_hear: Callable[[Iterable[str]], frozenset[str]],
        may_read: ReadableTo,
    ) -> None:
        """`may_hear` returns those of these people who still administer."""
        self._store = store
        self._now_ms = now_ms
        self._pauses = pauses
        self._private_hosts = private_hosts
        self._may_hear = may_hear
        self._may_read = may_read
        self._stopping = Event()
        self._is_ours = Event()
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="messages")
        # By webhook: how often in a row nothing answered, and until when it rests (monotonic).
        self._resting: dict[str, tuple[int, float]] = {}

    def stop(self) -> None:
        """Begin no further attempt, and wait for those that run."""
        self._stopping.set()
        self._pool.shutdown()

    def step(self, keep: Callable[[], bool]) -> bool:
        """Send what is due; tell whether anything was tried. `keep` prolongs the lease meanwhile.

        Once another process has the lease, no further attempt begins.
        Raises UnavailableError `messages_unavailable`.
        """
        if not keep():  # the step before this one may have taken longer than the lease
            return False
        self._is_ours.set()
        webhooks = [each for each in self._store.webhooks() if not each.paused]
        if not webhooks:
            return False
        hearing = self._may_hear({each.owner for each in webhooks})
        runs = []
        for webhook in webhooks:
            if webhook.owner not in hearing:
                self._pause(
                    webhook, "its owner does not administer the ledger any more, or is blocked"
                )
            elif self._rest_s(webhook) <= 0:
                due = self._readable(webhook)
                if due:
                    runs.append(self._pool.submit(self._send_all, webhook, due))
        waiting = {*runs}
        while waiting:
            waiting = wait(waiting, timeout=KEEP_S).not_done
            if not keep():
                self._is_ours.clear()
        for run in runs:
            run.result()
        return bool(runs)

    def _readable(self, webhook: Webhook) -> list[Sending]:
        """Return what is due to a webhook; give up what its owner may not read any more."""
        due = self._store.due(webhook.id, self._now_ms(), limit=MOST_DUE)
        about = {each.message.subject for each in due if is_of_statement(each.message.kind)}
        hidden = about - self._may_read(webhook.owner, about) if about else about
        gone = [each for each in due if each.message.subject in hidden]
        if gone:
            now_ms = self._now_ms()
            self._store.attempted(
                [SendAttempt(each.number, "given_up", now_ms, None, HIDDEN) for each in gone]
            )
        return [each for each in due if each.message.subject not in hidden]

    def rest_s(self) -> float:
        """Return for how long nothing is due, at most a minute."""
        next_ms = self._store.next_due_ms()
        if next_ms is None:
            return 60.0
        due_s = (next_ms - self._now_ms()) / 1000
        resting_s = [until - time.monotonic() for _, until in self._resting.values()]
        return min(60.0, max(due_s, min(resting_s, default=0.0), 0.05))

    def _send_all(self, webhook: Webhook, due: Sequence[Sending]) -> None:
        began_s, failing_ms = time.monotonic(), webhook.failing_ms
        for sending in due:
            if self._stopping.is_set() or not self._is_ours.is_set():
                return
            if time.monotonic() - began_s > TURN_S:
                return
            answer = deliver(webhook, sending.message, self._private_hosts)
            attempt = self._attempt(sending, answer)
            self._store.attempted([attempt])
            if answer.is_delivered:
                self._resting.pop(webhook.id, None)
                if failing_ms is not None:
                    failing_ms = None
                    self._store.note_webhook(webhook.id, paused="", failing_ms=None)
                continue
            if failing_ms is None:
                failing_ms = attempt.at_ms
                self._store.note_webhook(webhook.id, paused="", failing_ms=failing_ms)
            if self._is_over(webhook, attempt, answer, failing_ms):
                return
            if not answer.reached:
                self._let_rest(webhook)
                return

    def _attempt(self, sending: Sending, answer: SendResult) -> SendAttempt:
        now_ms = self._now_ms()
        if answer.is_delivered:
            return SendAttempt(sending.number, "delivered", now_ms, None, answer.said)
        tries, asked_s = sending.tries + 1, answer.retry_after_s
        next_ms = retries.next_ms(self._pauses, tries, now_ms=now_ms, asked_s=asked_s)
        state: SendState = "given_up" if next_ms is None else "waiting"
        return SendAttempt(sending.number, state, now_ms, next_ms, answer.said)

    def _is_over(
        self, webhook: Webhook, attempt: SendAttempt, answer: SendResult, since_ms: int
    ) -> bool:
        """Tell whether a webhook is of no use any more; then it is paused."""
        if answer.is_gone:
            self._pause(webhook, "the receiver answered HTTP 410: it wants nothing more")
            return True
        if attempt.state != "given_up":
            return False
        _log.warning("a message of webhook %s is given up: %s", webhook.id, answer.said)
        if attempt.at_ms - since_ms < sum(self._pauses) * 500:
            return False  # for less than half of the time of all attempts
        self._pause(webhook, f"every attempt failed for too long: {answer.said}")
        return True

    def _pause(self, webhook: Webhook, reason: str) -> None:
        _log.warning("webhook %s is paused: %s", webhook.id, reason)
        self._store.note_webhook(webhook.id, paused=reason, failing_ms=webhook.failing_ms)

    def _rest_s(self, webhook: Webhook) -> float:
        return self._resting.get(webhook.id, (0, 0.0))[1] - time.monotonic()

    def _let_rest(self, webhook: Webhook) -> None:
        times = self._resting.get(webhook.id, (0, 0.0))[0]
        first_s, longest_s = _REST_S
        pause_s = min(first_s * 2 ** min(times, 10), longest_s)
        self._resting[webhook.id] = (times + 1, time.monotonic() + pause_s)
