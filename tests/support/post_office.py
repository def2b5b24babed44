"""A mail server on this machine, which keeps what it takes."""

import threading
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.server import free_port

PATIENCE_S = 60.0


class PostOffice:
    """An SMTP server without TLS; `answer` is what it says to each letter."""

    def __init__(self) -> None:
        self.port = free_port()
        self.letters: list[EmailMessage] = []
        self.answer = "250 taken"
        self._more = threading.Condition()
        self._controller: Controller | None = None
        self.open()

    def open(self) -> None:
        """Begin to listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        """Listen no more."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a ledger whose mail comes here."""
        return {
            "LEDGER_SMTP_URL": f"smtp://127.0.0.1:{self.port}",
            "LEDGER_MAIL_FROM": "ledger@example.com",
        }

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # its name
        """Take a letter, or refuse it."""
        if self.answer.startswith("250"):
            made = message_from_bytes(envelope.content, policy=default)
            assert isinstance(made, EmailMessage)
            assert [made["To"]] == envelope.rcpt_tos
            with self._more:
                self.letters.append(made)
                self._more.notify_all()
        return self.answer

    def wait_for(self, fits: Callable[[EmailMessage], bool]) -> EmailMessage:
        """Return the first letter that fits, once it is there."""

        def found() -> EmailMessage | None:
            return next((each for each in self.letters if fits(each)), None)

        with self._more:
            assert self._more.wait_for(lambda: found() is not None, PATIENCE_S), [
                (each["To"], each["Subject"]) for each in self.letters
            ]
            letter = found()
        assert letter is not None
        return letter


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    """Return a letter's text of a kind."""
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())
