"""Web origins in the one form that browsers write: the form that passkeys are bound to.

A browser compares origins as texts, and a ledger keeps its own for ever. So a form that a browser
would write in another way is refused, with the right form.
"""

import re

from ledger.domain.text import require_text
from ledger.errors import MalformedError

LOCAL_HOSTS = frozenset({"localhost"})

_ORIGIN = re.compile(r"([A-Za-z]+)://([^\s/?#\\@:\[\]]+|\[[^\s/?#\\@\[\]]*\])(?::([0-9]{1,9}))?/?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_HOST_CHARS = 253


def parse_web_origin(text: str) -> str:
    """Return the host of a web origin that is written as browsers write it.

    Raises MalformedError `origin_invalid`; the detail has the right form if there is one.
    """
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise _invalid("is scheme://host[:port] and nothing more")
    scheme, host, port = found[1].lower(), _to_ascii(found[2]), found[3]
    # Browsers offer passkeys and Web Cryptography only in secure contexts.
    if scheme != "https" and not (scheme == "http" and host in LOCAL_HOSTS):
        raise _invalid("is https, or http://localhost")
    require_domain(host)
    number = int(port or _DEFAULT_PORTS[scheme])
    if not 0 < number < 65_536:
        raise _invalid("has a port from 1 to 65535")
    right = f"{scheme}://{host}"
    if number != _DEFAULT_PORTS[scheme]:
        right += f":{number}"
    if text != right:
        raise _invalid(f"is written as browsers write it: {right}")
    return host


def require_domain(host: str) -> None:
    """Raise MalformedError `origin_invalid` unless a host is a domain name in lower-case ASCII.

    Browsers bind no passkey to an IP address.
    """
    labels = host.split(".")
    if host.startswith("[") or _NUMBER.fullmatch(labels[-1]):
        raise _invalid("has a domain name, not an IP address")
    if len(host) > MAX_HOST_CHARS or not all(map(_is_label, labels)):
        ascii_form = _to_ascii(host)
        hint = f": {ascii_form}" if ascii_form != host else ""
        raise _invalid(f"has a domain name of lower-case letters, digits and hyphens{hint}")


def _to_ascii(host: str) -> str:
    """Return a host in lower-case ASCII, with punycode; unchanged if there is no such form."""
    try:
        return host.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if label[2:4] != "--":
        return True
    if not label.startswith("xn--"):  # reserved (RFC 5890 section 2.3.1)
        return False
    try:
        name = label[4:].encode().decode("punycode")
        require_text(name, "name")
    except (UnicodeError, MalformedError):
        return False
    return not name.isascii()


def _invalid(detail: str) -> MalformedError:
    return MalformedError("origin_invalid", f"a web origin {detail}")
