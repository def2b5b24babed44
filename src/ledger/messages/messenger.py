"""The background thread of messages: it makes them, and sends them while it has the lease."""

import secrets
import time
from collections.abc import Callable, Sequence

from ledger.errors import UnavailableError
from ledger.messages.bounds import bound
from ledger.messages.mail_sender import MailSender
from ledger.messages.outbox import Outbox
from ledger.messages.sender import Sender
from ledger.store.ports.messages import LEASE_S, MessageStore, Webhook
from ledger.system.worker import Backoff, Worker

SETTLE_S = 0.1  # between two steps while events come
POLL_S = 1.0  # how often to look for other processes' events, and for deadlines
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
PRUNE_S = 3_600.0
BOUND_S = 2.0
ALARM_MS = 3_600_000  # a webhook that has failed for so long is reported


class Messenger:
    """Sends the messages of one ledger. Several processes may: one at a time does."""

    def __init__(
        self,
        store: MessageStore,
        outbox: Outbox,
        sender: Sender,
        mail: MailSender | None,
        now_ms: Callable[[], int],
    ) -> None:
        self.store = store
        self._outbox = outbox
        self._sender = sender
        self._mail = mail
        self._now_ms = now_ms
        self._holder = secrets.token_hex(16)
        self._leased_s = -float(LEASE_S)  # when the lease was last taken (`time.monotonic`)
        self._pruned_s = 0.0
        self._bounded_s = 0.0
        self._noticed: list[str] = []
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self._worker = Worker("messages", self._turn, backoff=backoff)

    def start(self) -> None:
        """Begin in a background thread."""
        self._worker.start()

    def wake(self) -> None:
        """Signal that the log has new events, or that somebody wants messages."""
        self._worker.wake()

    def stop(self) -> None:
        """Finish the attempts that run, end the thread, and let another process send."""
        self._sender.stop()
        self._worker.stop()
        try:
            self.store.release(self._holder)
        except UnavailableError:
            return  # the lease ends by itself

    def warnings(self) -> list[str]:
        """Return what administrators should know, as of the last turn of any process."""
        trouble = self._worker.trouble
        told = [] if trouble is None else [f"messages are not sent: {trouble}"]
        if self._mail is not None and self._mail.failure is not None:
            told.append(f"mail is not sent: {self._mail.failure}")
        return told + self._noticed

    @property
    def has_mail(self) -> bool:
        """Whether there is a mail server."""
        return self._mail is not None

    def _turn(self) -> None:
        self._noticed = _noticed(self.store.webhooks(), now_ms=self._now_ms())
        if not self._outbox.is_ready or not self._has_lease():
            self._worker.wait(POLL_S)
            return
        more = self._outbox.step()
        self._bound()
        sent = self._sender.step(self._has_lease)
        if self._mail is not None:
            sent = self._mail.step(self._has_lease) or sent
        self._prune()
        if more or sent:
            self._worker.rest(SETTLE_S)
        else:
            self._worker.rest(SETTLE_S)
            self._worker.wait(min(POLL_S, self._sender.rest_s()))

    def _has_lease(self) -> bool:
        """Tell whether this process has the lease; it is prolonged when a quarter of it is over."""
        now_s = time.monotonic()
        if now_s - self._leased_s < LEASE_S / 4:
            return True
        if not self.store.lease(self._holder):
            return False
        self._leased_s = now_s
        return True

    def _bound(self) -> None:
        if time.monotonic() - self._bounded_s > BOUND_S:
            bound(self.store, now_ms=self._now_ms())
            self._bounded_s = time.monotonic()

    def _prune(self) -> None:
        if time.monotonic() - self._pruned_s > PRUNE_S:
            self.store.prune(now_ms=self._now_ms())
            self._pruned_s = time.monotonic()


def _noticed(webhooks: Sequence[Webhook], *, now_ms: int) -> list[str]:
    """Return in words which webhooks do not work."""
    told = []
    if paused := sum(bool(each.paused) for each in webhooks):
        told.append(f"webhooks that are paused: {paused}")
    failing = [each.failing_ms for each in webhooks if each.failing_ms and not each.paused]
    if late := sum(since_ms < now_ms - ALARM_MS for since_ms in failing):
        told.append(f"webhooks that have failed for over an hour: {late}")
    return told
