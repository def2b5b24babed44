"""Mail by SMTP, with the standard library: one connection for some letters.

The operator's server takes them. `smtps://` is TLS from the first byte; `smtp://` is STARTTLS, and
without it only to this machine and to hosts that the operator names for it.
"""

import math
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Collection
from email.message import EmailMessage
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ledger.errors import MalformedError, UnavailableError
from ledger.system.bounded_socket import BoundedSocket
from ledger.system.pinned_connection import trust

WAIT_S = 10.0  # for the connection, and for each reply
MAX_REPLY_BYTES = 60_000
MAX_ADDRESS_CHARS = 254  # RFC 5321 section 4.5.3.1.3, without its brackets
# One mailbox in ASCII: no quotes, no comments, no spaces, no line ends. RFC 5322 allows = and ?,
# too, but `=?` begins an encoded word (RFC 2047), which a library decodes to other addresses.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
).fullmatch
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class SmtpServer(NamedTuple):
    """The server that takes mail; `repr` shows no password."""

    host: str
    port: int
    is_tls: bool
    may_be_plain: bool
    user: str
    password: str

    def __repr__(self) -> str:
        """Return the server without its credentials."""
        return f"SmtpServer({self.host}:{self.port})"


class Refusal(NamedTuple):
    """Why a letter was not taken; `is_final` if it would not be taken later, either."""

    said: str
    is_final: bool


def parse_smtp_url(url: str, plain_hosts: Collection[str]) -> SmtpServer | None:
    """Return the server of `smtp(s)://[user:password@]host[:port]`, None for no text.

    Raises MalformedError `url_invalid`, which repeats nothing: the URL may have a password.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment)
    if parts.scheme not in ("smtp", "smtps") or not host or not is_bare or not url.isprintable():
        raise MalformedError("url_invalid", "must be smtp(s)://[user:password@]host[:port]")
    is_tls = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    may_be_plain = not is_tls and (host in _LOOPBACK or host in plain_hosts)
    return SmtpServer(host, port or (465 if is_tls else 587), is_tls, may_be_plain, user, password)


def require_mail_address(text: str) -> str:
    """Return a mail address of the plain form `name@host`; raise MalformedError `mail_invalid`."""
    if len(text) > MAX_ADDRESS_CHARS or not _ADDRESS(text) or len(text.partition("@")[0]) > 64:
        raise MalformedError("mail_invalid", "this is no mail address of the form name@host")
    return text


class SmtpConnection:
    """A connection to the server; a letter that it refuses leaves it open."""

    def __init__(self, server: SmtpServer) -> None:
        """Connect and sign in; raise UnavailableError `mail_unavailable`."""
        try:
            self._smtp = self._connect(server)
        except (smtplib.SMTPException, OSError) as error:
            raise UnavailableError("mail_unavailable", _reason(error)) from error

    def close(self) -> None:
        """End it."""
        try:
            self._smtp.quit()
        except (smtplib.SMTPException, OSError):
            self._smtp.close()

    def send(self, letter: EmailMessage, address: str) -> Refusal | None:
        """Send a letter to one address; return why it was not taken, None if it was.

        The address is not read from the letter: what a header means is a matter of its encoding.

        Raises UnavailableError `mail_unavailable` if the connection failed.
        """
        try:
            self._smtp.send_message(letter, to_addrs=[address])
        except smtplib.SMTPRecipientsRefused as error:
            code = next((code for code, _ in error.recipients.values()), 0)
            return Refusal(f"the mail server answered {code}", code >= 500)
        except smtplib.SMTPResponseException as error:
            return Refusal(f"the mail server answered {error.smtp_code}", error.smtp_code >= 500)
        except (smtplib.SMTPNotSupportedError, ValueError) as error:
            # The connection works: the fault is this one letter's.
            return Refusal(f"the letter cannot be sent ({type(error).__name__})", is_final=True)
        except (smtplib.SMTPException, OSError) as error:
            raise UnavailableError("mail_unavailable", _reason(error)) from error
        return None

    @staticmethod
    def _connect(server: SmtpServer) -> smtplib.SMTP:
        if server.is_tls:
            smtp: smtplib.SMTP = _TlsSmtp(server.host, server.port, timeout=WAIT_S, context=trust())
        else:
            smtp = _Smtp(server.host, server.port, timeout=WAIT_S)
        try:
            smtp.ehlo()
            if not server.is_tls and smtp.has_extn("starttls"):
                smtp.starttls(context=trust())
                smtp.ehlo()
            elif not server.is_tls and not server.may_be_plain:
                raise smtplib.SMTPNotSupportedError("STARTTLS")
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


class _Smtp(smtplib.SMTP):
    """Bounds each reply in time and bytes; the library bounds each line of one, in bytes only."""

    _bounded: BoundedSocket

    def getreply(self) -> tuple[int, bytes]:
        """Return the code and the text of a reply; raise SMTPServerDisconnected."""
        if self.file is None and self.sock is not None:  # TLS begins with a new socket
            self._bounded = BoundedSocket(self.sock, WAIT_S, math.inf)
            self.file = self._bounded.makefile("rb")
        self._bounded.limit(WAIT_S, time.monotonic() + WAIT_S, MAX_REPLY_BYTES)
        reply = super().getreply()
        if self.sock is not None:
            self.sock.settimeout(WAIT_S)  # what is sent next does not pay for a slow reply
        return reply


class _TlsSmtp(_Smtp, smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""


def _reason(error: Exception) -> str:
    """Return why there is no connection, without what the server or the library repeats."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return "the mail server refuses the user or the password"
        case smtplib.SMTPNotSupportedError():
            return "the mail server offers no TLS, or no sign-in that is known"
        case ssl.SSLError():
            return "the mail server's certificate does not verify"
        case TimeoutError():
            return "the mail server does not answer"
        case socket.gaierror():
            return "the mail server's name is not found"
        case smtplib.SMTPResponseException():
            return f"the mail server answered {error.smtp_code}"
    return f"the mail server cannot be used ({type(error).__name__})"
