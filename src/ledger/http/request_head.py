"""What the head of a request may say (RFC 9112), decided before its body is read."""

import re
from collections.abc import Iterable, Sequence

_MAX_LENGTH_DIGITS = 18
# A name or an address with an optional port (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
_HOST = re.compile(
    rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{0,5}))?",
)
_MAX_PORT = 65_535
# Each decides something here. Of two, a proxy may read one and this server the other.
_ONCE = frozenset((b"content-type", b"origin", b"authorization", b"sec-fetch-site"))


def refused_head(
    version: str,
    method: bytes,
    target: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    *,
    max_body_bytes: int,
) -> int | None:
    """Return the status that refuses a request by its head, None for one that is taken.

    Names of headers are in lower case.
    """
    if version not in ("1.1", "1.0"):
        return 505
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        return 400  # RFC 9112 section 3.2
    if not all(map(_is_host, hosts)):
        return 400  # the same section; the framework would fail on it
    if method == b"CONNECT":
        return 501
    if not _is_for_an_origin_server(method, target, hosts):
        return 400
    seen: set[bytes] = set()
    for name, value in headers:
        if name in _ONCE:
            if name in seen:
                return 400
            seen.add(name)
        if name == b"expect" and value.lower() != b"100-continue":
            return 417  # RFC 9110 section 10.1.1
        if name == b"transfer-encoding" and (version == "1.0" or value.lower() != b"chunked"):
            return 400 if version == "1.0" else 501  # RFC 9112 section 6.1
        if name == b"content-length" and _is_over(value, max_body_bytes):
            return 413
    return None


def told_bytes(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Return the length that an accepted head gives its body, 0 for one in chunks or without."""
    told = dict(headers)
    return 0 if b"transfer-encoding" in told else int(told.get(b"content-length", 0))


def _is_for_an_origin_server(method: bytes, target: bytes, hosts: Sequence[bytes]) -> bool:
    """Tell whether a target is a path, `*` of OPTIONS, or an absolute form that agrees with Host.

    RFC 9112 section 3.2.2 has a server ignore Host where the two differ; a request that says two
    things is refused here instead, so that nothing in front can be led to read it otherwise.
    """
    if b"#" in target:
        return False  # a fragment is the client's own (RFC 9112 section 3.2)
    if target.startswith(b"/"):
        return True
    if target == b"*":
        return method == b"OPTIONS"
    scheme, _, rest = target.partition(b"://")
    authority = rest.partition(b"/")[0].partition(b"?")[0].lower()
    return scheme.lower() in (b"http", b"https") and [authority] == [each.lower() for each in hosts]


def _is_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value)
    return found is not None and int(found[1] or 0) <= _MAX_PORT


def _is_over(content_length: bytes, limit: int) -> bool:
    return len(content_length) > _MAX_LENGTH_DIGITS or int(content_length) > limit
