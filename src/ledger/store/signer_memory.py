"""The signer's memory of one of several servers: what all of them share, and what this one knows.

The shared part is in the database of the log, and orders the signers. A recovery of that database
takes it back together with the log, and nothing in the database would show the loss. So each server
also keeps its own part in a file, and writes it before it signs:

    shared: (last) becomes (new), compared and changed in one step     this server may sign new
    own file: new, durably                                             new outlives the database
    signed and published                                               new is served

Crash points: after the first step nothing is signed yet, and any server may sign what was promised.
A recovery that loses the first step loses no signature.

A server whose own part is empty does not rely on the shared part: the database may have been taken
back. It waits for a confirmation, as after the loss of its file.
"""

from collections.abc import Sequence

from ledger.domain.epochs import SignedTree
from ledger.store.ports.signer_memory import SignerMemory
from ledger.tlog.checkpoint import Checkpoint


class ServerSignerMemory:
    """A shared part and an own part, which are signer's memories too."""

    def __init__(self, shared: SignerMemory, own: SignerMemory) -> None:
        self._shared = shared
        self._own = own

    def close(self) -> None:
        """Close both parts."""
        self._shared.close()
        self._own.close()

    def get(self, origin: str) -> Checkpoint | None:
        """Return the larger of both parts' trees; of two of one size, this server's own."""
        return _larger(self._shared.get(origin), self._own.get(origin))

    def known(self) -> list[SignedTree]:
        """Return all trees of both parts, the newest epoch last; none if this server knows none."""
        own = self._own.known()
        return joined(own, self._shared.known()) if own else []

    def swap(self, expected: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `expected` by `new`, durably; return False, unchanged, if another is stored."""
        shared, own = self._shared.get(new.origin), self._own.get(new.origin)
        if _larger(shared, own) != expected or not self._shared.swap(shared, new):
            return False
        if own is None or not self._own.swap(own, new):
            epochs = {each.checkpoint.origin: each.epoch for each in self._shared.known()}
            self._own.learn(SignedTree(epochs[new.origin], new))
        return True

    def begin(self, epoch: int, first: Checkpoint) -> bool:
        """Store the tree from which an origin goes on; return False if this server knows it."""
        self._shared.begin(epoch, first)
        return self._own.begin(epoch, first)

    def learn(self, signed: SignedTree) -> None:
        """Remember a tree that is published or promised, unless a larger one is remembered."""
        self._shared.learn(signed)
        self._own.learn(signed)


def _larger(shared: Checkpoint | None, own: Checkpoint | None) -> Checkpoint | None:
    if shared is None or own is None:
        return own or shared
    return shared if shared.size > own.size else own


def joined(own: Sequence[SignedTree], shared: Sequence[SignedTree]) -> list[SignedTree]:
    """Return the trees of both parts without repetitions, the newest epoch last."""
    return sorted(dict.fromkeys([*own, *shared]), key=lambda each: each.epoch)
