"""Cases of heads: a bundle says where its streams end, by the ledger's heads key."""

from ledger.verify import container
from tests.support.dossier import bundle_of
from tests.vectors.evidence.cases import (
    ASKED,
    Case,
    Changes,
    Files,
    failed,
    flipped,
    last_approval_left_out,
    left_open,
    left_out,
    states,
    without,
)

FILE = container.HEADS


def heads_of_fewer(_: Files) -> Changes:
    """The heads of the log before its last two events, where the checkpoint is of them all."""
    return {FILE: container.parse(bundle_of(states()[:16], "statement", *ASKED))[FILE]}


HEADS = (
    Case("the last approval left out", "statement", last_approval_left_out,
         found=failed("heads", "events_left_out")),
    Case("a person left out", "statement", left_out,
         found=left_open("signatures", "key_unknown", 13)
         | left_open("keys", "key_unknown", 13)
         | failed("heads", "events_left_out")),
    Case("no heads", "statement", without(FILE), verdict="unverifiable",
         found=left_open("heads", "heads_missing")),
    Case("a bit of the heads", "statement", flipped(FILE, -20),
         found=failed("heads", "jws_signature_invalid")),
    Case("no JWS in the place of the heads", "statement",
         lambda _: {FILE: bytes(range(256))},
         found=failed("heads", "jws_malformed")),
    Case("heads of the bundle without the last approval", "statement", heads_of_fewer,
         found=failed("heads", "heads_mismatch")),
    Case("heads beside the whole log", "redacted",
         lambda files: {FILE: files["README.txt"]},
         found=failed("readable", "file_unknown")),
)  # fmt: skip
