"""The names of places for private keys: a file's path, a `pkcs11:` URI, or `ssh-agent:SHA256:…`.

These texts are in settings, which other programs can see, so none of them may contain a secret.
A PIN is in a file, and the URI names that file (RFC 7512 section 2.4, `pin-source`).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote_to_bytes

import msgspec

from ledger.errors import MalformedError

_PKCS11 = "pkcs11:"
_AGENT = "ssh-agent:"
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}", re.ASCII)
_PATH_ATTRIBUTES = frozenset({"token", "serial", "object", "id", "type"})
_QUERY_ATTRIBUTES = frozenset({"module-path", "pin-source"})
# RFC 7512 section 2.3: the characters of a value, and a byte in percent-encoding.
_VALUE = re.compile(r"(?:[A-Za-z0-9\-._~:\[\]@!$'()*+,=&/?|]|%[0-9A-Fa-f]{2})+", re.ASCII)


class Pkcs11Uri(msgspec.Struct, frozen=True):
    """A key in a PKCS#11 token: the token's label, the key's label and id, where given.

    `module` is the path of the device's library, `pin` of the file with the user's PIN.
    """

    text: str
    module: str
    token: str
    serial: bytes | None
    label: str | None
    id: bytes | None
    pin: Path | None

    def __str__(self) -> str:
        return self.text


class AgentKey(msgspec.Struct, frozen=True):
    """A key in an ssh-agent: its fingerprint as `ssh-add -l` prints it, and the agent's socket."""

    fingerprint: str
    socket: Path

    def __str__(self) -> str:
        return f"{_AGENT}{self.fingerprint}"


ExternalPlace = Pkcs11Uri | AgentKey
KeyPlace = Path | ExternalPlace


class LogKeyPlaces(msgspec.Struct, frozen=True):
    """Where the log's keys are: a PEM file, and places that keep Ed25519 keys outside it.

    The ML-DSA-44 keys are always in the file.
    """

    file: Path
    external: tuple[ExternalPlace, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, (self.file, *self.external)))


def parse_key_place(text: str, *, agent: str | None) -> KeyPlace:
    """Return the place that a text names; `agent` is the socket of the ssh-agent.

    Raises MalformedError `key_place_invalid`.
    """
    if text.startswith(_PKCS11):
        return _parse_uri(text)
    if not text.startswith(_AGENT):
        return Path(text)
    fingerprint = text.removeprefix(_AGENT)
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise _invalid(
            "after ssh-agent: write SHA256: and 43 characters, as ssh-add -l prints them"
        )
    if not agent:
        raise _invalid("SSH_AUTH_SOCK does not name the socket of an ssh-agent")
    return AgentKey(fingerprint, Path(agent))


def parse_log_key_places(text: str, default: Path, *, agent: str | None) -> LogKeyPlaces:
    """Return the places that a text names: one path, or places separated by spaces.

    `default` is the file if the text names none. A path beside other places must contain no
    space. Raises MalformedError `key_place_invalid`.
    """
    words = text.split()
    if not any(word.startswith((_PKCS11, _AGENT)) for word in words):
        return LogKeyPlaces(Path(text))
    places = [parse_key_place(word, agent=agent) for word in words]
    files = [place for place in places if isinstance(place, Path)]
    if len(files) > 1:
        raise _invalid("log keys have one file")
    external = tuple(place for place in places if not isinstance(place, Path))
    return LogKeyPlaces(files[0] if files else default, external)


def _parse_uri(text: str) -> Pkcs11Uri:
    path, _, query = text.removeprefix(_PKCS11).partition("?")
    if "pin-value" in query or "pin-value" in path:
        raise _invalid("a setting contains no PIN: put it into a file, and name it with pin-source")
    named = _attributes(path, ";", _PATH_ATTRIBUTES)
    asked = _attributes(query, "&", _QUERY_ATTRIBUTES)
    if "module-path" not in asked or "token" not in named or not {"object", "id"} & {*named}:
        raise _invalid("a pkcs11: URI needs token, object or id, and module-path")
    if named.get("type", b"private") != b"private":
        raise _invalid("a pkcs11: URI names a private key")
    return Pkcs11Uri(
        text=text,
        module=_text(asked["module-path"]),
        token=_text(named["token"]),
        serial=named.get("serial"),
        label=_text(named["object"]) if "object" in named else None,
        id=named.get("id"),
        pin=_pin_file(_text(asked["pin-source"])) if "pin-source" in asked else None,
    )


def _attributes(text: str, separator: str, known: frozenset[str]) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    for part in text.split(separator) if text else ():
        name, _, value = part.partition("=")
        if name not in known or name in found or not _VALUE.fullmatch(value):
            names = ", ".join(sorted(known))
            raise _invalid(f"{name or 'an attribute'} must be one of {names}, once, with a value")
        found[name] = unquote_to_bytes(value)
    return found


def _pin_file(source: str) -> Path:
    """Return the path of `pin-source`, which is `file:/path` or a path.

    A source that starts a program, `|…` in RFC 7512, is refused.
    """
    path = Path(source.removeprefix("file:").removeprefix("//"))
    if not path.is_absolute():
        raise _invalid("pin-source must be file: and the absolute path of a file with the PIN")
    return path


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid("an attribute is not UTF-8") from error


def _invalid(rule: str) -> MalformedError:
    return MalformedError("key_place_invalid", rule)
