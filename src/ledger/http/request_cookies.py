"""The cookies that a request brings, as many as a browser keeps for one host.

A head has room for 32,000 of them, and every request is asked for its session and its language.
"""

from collections.abc import Iterable, Iterator

MOST = 256  # browsers keep 150 to 180


def values(headers: Iterable[tuple[bytes, bytes]], name: str) -> Iterator[bytes]:
    """Yield the values of the cookies of a name; names of headers are in lower case."""
    wanted, left = name.encode(), MOST
    for header, cookies in headers:
        if header != b"cookie" or not left:
            continue
        parts = cookies.split(b";", left)[:left]
        left -= len(parts)
        for part in parts:
            found, _, value = part.strip().partition(b"=")
            if found == wanted:
                yield value
