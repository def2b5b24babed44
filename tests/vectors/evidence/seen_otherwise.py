"""What a bundle can say of what a decision has seen: the operator rewrites the event."""

from ledger.domain.charter import STREAM
from tests.vectors.evidence.cases import ALICE, BOB, Case, at, failed

SEEN = (
    Case("a decision that saw nothing", "full", forged=at(13, seen={}),
         found=failed("policy", "seen_mismatch", 13)),
    Case("a draft that saw a later version", "full",
         forged=at(12, seen={str(STREAM): 2, ALICE: 6}),
         found=failed("policy", "seen_mismatch", 12)),
    Case("a decision that names a person for nothing", "full", forged=at(14, seen={BOB: 4}),
         found=failed("policy", "seen_mismatch", 14)),
)  # fmt: skip
