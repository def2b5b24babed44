"""Small logs without a ledger: leaves, signed checkpoints, submissions to a witness."""

from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import EMPTY_ROOT, HASH_BYTES, Edge, Prover, node_hash
from ledger.tlog.submission import Submission
from ledger.tlog.vkeys import NoteSigner

NOW_S = 1_763_690_646


def root_of(hashes: bytes) -> bytes:
    """Return the root over concatenated leaf hashes, as RFC 9162 section 2.1.1 defines it."""
    count = len(hashes) // HASH_BYTES
    if count < 2:
        return hashes or EMPTY_ROOT
    left = HASH_BYTES << (count - 1).bit_length() - 1  # the largest power of two below the count
    return node_hash(root_of(hashes[:left]), root_of(hashes[left:]))


class Tree:
    """A log of given leaf hashes, signed by given keys."""

    def __init__(self, origin: str, leaves: bytes, signers: tuple[NoteSigner, ...]) -> None:
        edge, tiles = Edge().extend(leaves)
        rows = {(tile.level, tile.n): tile.hashes for tile in tiles}
        self.origin = origin
        self.signers = signers
        self.prover = Prover(edge.size, lambda level, n, width: rows[level, n][: 32 * width])

    def at(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, self.prover.root(size))

    def note(self, size: int) -> bytes:
        return checkpoint.sign(self.at(size), self.signers, now_s=NOW_S)

    def submit(
        self, old: int, new: int, *, proof: tuple[bytes, ...] | None = None, note: bytes = b""
    ) -> Submission:
        """Return the submission of one size to a witness that knows another size."""
        if proof is None:
            proof = self.prover.consistency(old, new) if old <= new else ()
        return Submission(old, proof, note or self.note(new))
