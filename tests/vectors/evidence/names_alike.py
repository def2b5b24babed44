"""What a bundle can say of a name that looks like another: the operator rewrites a registration."""

from ledger.domain.skeletons import skeletons
from tests.vectors.evidence.cases import Case, at, failed

NAMES = (
    Case("two people whose names look alike", "full",
         forged=at(10, name_skeletons=skeletons("alice \u00c5NGSTR\u00d6M").sha256),
         found=failed("policy", "claimed_twice", 10)),
    Case("a name without its skeletons", "full", forged=at(10, name_skeletons=()),
         found=failed("policy", "name_skeletons_invalid", 10)),
    Case("a name whose skeletons are by other tables", "full",
         forged=at(10, name_skeletons=("0" * 64,), unicode="99.0.0"), verdict="verified"),
)  # fmt: skip
