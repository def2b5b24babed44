"""Small logs without a ledger: leaves, signed checkpoints, and what is submitted to a witness."""

from ledger import checkpoint
from ledger.checkpoint import Checkpoint
from ledger.merkle import Edge, Prover
from ledger.notekeys import NoteSigner
from ledger.witnessing import Submission

NOW_S = 1_763_690_646


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
        """Return the submission of one size to a witness that knows another."""
        if proof is None:
            proof = self.prover.consistency(old, new) if old <= new else ()
        return Submission(old, proof, note or self.note(new))
