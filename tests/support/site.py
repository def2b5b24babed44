"""The public log of a running server, as somebody without any other access has it."""

from collections.abc import Iterator
from typing import Any

import httpx

from ledger.encoding import b64_decode
from ledger.tlog.merkle import WIDTH
from ledger.tlog.tiles import tile_path

PUBLISH_TRIES = 20  # of two seconds each


class Site:
    """The public log of one server, as somebody without any other access has it."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.vkeys: list[str] = [each["vkey"] for each in self.json("keys")["logKeys"]]
        self.sizes: list[int] = []

    def get(self, path: str) -> bytes:
        answer = self.client.get(f"/log/{path}")
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.content

    def json(self, path: str) -> Any:
        known = {"keys": "/.well-known/ledger-keys"}
        answer = self.client.get(known.get(path, f"/log/{path}"))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def note(self, size: int) -> str:
        return self.get(f"checkpoints/{size}").decode()

    def root(self, size: int) -> bytes:
        return b64_decode(self.note(size).split("\n")[2])

    def consistency(self, old: int, new: int) -> list[bytes]:
        return [*map(b64_decode, self.json(f"consistency?from={old}&to={new}")["proof"])]

    def inclusion(self, index: int, size: int) -> list[bytes]:
        text = self.get(f"entries/{index}/proof?size={size}").decode()
        head, _, note = text.partition("\n\n")
        assert note == self.note(size)
        first, second, *hashes = head.split("\n")
        assert (first, second) == ("c2sp.org/tlog-proof@v1", f"index {index}")
        return [*map(b64_decode, hashes)]

    def entries(self, size: int) -> Iterator[bytes]:
        """Yield the entries of a tree, from bundles."""
        for n in range(-(-size // WIDTH)):
            width = min(WIDTH, size - n * WIDTH)
            raw = self.get(f"tile/entries/{tile_path(n, width)}")
            for _ in range(width):
                end = 2 + int.from_bytes(raw[:2], "big")
                yield raw[2:end]
                raw = raw[end:]
            assert raw == b""

    def published(self, size: int) -> None:
        """Wait for the checkpoint of the newest size: the proof of its last entry waits for it."""
        for _ in range(PUBLISH_TRIES):
            if self.client.get(f"/log/entries/{size - 1}/proof").status_code == 200:
                break
        assert self.get("checkpoint").split(b"\n")[1] == b"%d" % size
        self.sizes.append(size)
