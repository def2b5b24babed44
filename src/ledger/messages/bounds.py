"""Bounds of what waits: mail beyond them becomes one message that counts, a webhook is paused.

Nothing is dropped unsaid: the letter tells how many messages it stands for, and a webhook that is
paused is shown to administrators, who can send what was given up once more.
"""

import hashlib

import msgspec

from ledger import clock
from ledger.encoding import b64u_encode
from ledger.messages.letters import URGENT, LetterItem, item_of
from ledger.store.ports.messages import Message, MessageStore, Sending

# A letter has room for as many.
MOST_MAIL = 50
KEPT_MAIL = 25
MOST_FOR_WEBHOOK = 10_000
_MOST_READ = 10_000


def bound(store: MessageStore, *, now_ms: int) -> None:
    """Hold every receiver to the bounds; raise UnavailableError `messages_unavailable`."""
    for person in store.crowded("mail", MOST_MAIL):
        _fold(store, person, now_ms)
    crowded = {*store.crowded("webhook", MOST_FOR_WEBHOOK)}
    for webhook in store.webhooks():
        if webhook.id in crowded:
            reason = f"more than {MOST_FOR_WEBHOOK} messages waited for it"
            store.note_webhook(webhook.id, paused=reason, failing_ms=webhook.failing_ms)


def _fold(store: MessageStore, person: str, now_ms: int) -> None:
    waiting = [
        each
        for each in store.waiting(person, limit=_MOST_READ)
        if each.message.channel == "mail" and each.message.kind not in URGENT
    ]
    old = waiting[:-KEPT_MAIL]
    if len(waiting) > MOST_MAIL:
        store.fold([each.number for each in old], _counted(person, old, now_ms))


def _counted(person: str, old: list[Sending], now_ms: int) -> Message:
    """Return the one message that stands for others; the same for the same ones."""
    messages = [each.message for each in old]
    count = sum(item_of(each).count or 1 for each in messages)
    item = LetterItem("folded", clock.to_text(now_ms), count=count)
    named = hashlib.sha256("\n".join(each.id for each in messages).encode()).digest()[:24]
    return Message(
        f"msg_{b64u_encode(named)}",
        "mail",
        person,
        "folded",
        "folded",
        max(each.position for each in messages),
        msgspec.json.encode(item),
        now_ms,
        min(each.due_ms for each in messages),
    )
