"""Open the messages of a running ledger."""

from collections.abc import Collection, Iterable
from contextlib import ExitStack, closing

from ledger import clock
from ledger.messages.hearing import administers, may_read
from ledger.messages.letters import CatalogueTexts, LetterWriter
from ledger.messages.mail_sender import MailSender, PostOffice
from ledger.messages.messenger import Messenger
from ledger.messages.outbox import Models, Outbox
from ledger.messages.sender import Sender
from ledger.settings import Settings
from ledger.store.engines import open_messages
from projections import users


def open_messenger(
    settings: Settings, models: Models, ledger: str, opened: ExitStack, texts: CatalogueTexts
) -> Messenger:
    """Return what makes and sends messages, not started; `opened` stops and closes it.

    `texts` returns the texts of a language.
    """
    store = opened.enter_context(closing(open_messages(settings.log_address, settings.data)))

    def administrators(people: Iterable[str]) -> frozenset[str]:
        now = clock.to_text(models.now_ms())
        with models.views.reader() as db:
            at = models.views.position(db)
            found = frozenset(each for each in people if administers(db, each, at=at, now=now))
        return found - models.blocked()

    def active(people: Iterable[str]) -> frozenset[str]:
        now = clock.to_text(models.now_ms())
        with models.views.reader() as db:
            at = models.views.position(db)
            found = [users.by_id(db, each, at=at, now=now) for each in people]
        acting = frozenset(each.id for each in found if each and each.standing == "active")
        return acting - models.blocked()

    def readable(person: str, statements: Collection[str]) -> frozenset[str]:
        with models.views.reader() as db:
            return may_read(db, person, statements)

    sender = Sender(
        store,
        models.now_ms,
        pauses=settings.message_retries,
        private_hosts=settings.private_hosts,
        may_hear=administrators,
        may_read=readable,
    )
    mail = None
    if settings.smtp is not None:
        writer = LetterWriter(settings.origin, settings.name, settings.mail_from)
        post = PostOffice(settings.smtp, writer, texts)
        pauses = settings.message_retries
        mail = MailSender(
            store,
            models.now_ms,
            post=post,
            pauses=pauses,
            are_active=active,
            may_hear=administrators,
            may_read=readable,
        )
    outbox = Outbox(models, store, ledger, has_mail=mail is not None)
    messenger = Messenger(store, outbox, sender, mail, models.now_ms)
    opened.callback(messenger.stop)
    return messenger
