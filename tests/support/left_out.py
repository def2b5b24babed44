"""Bundles whose maker leaves out events of a stream that a decision depends on."""

from functools import cache

from ledger.domain import events
from ledger.domain.events import Recorded
from ledger.verify.exhibits import exhibits
from tests.support.chronicle import Chronicle, statement_id
from tests.support.dossier import bundle_of, rebundled
from tests.support.keys import es256_key

STATEMENT = statement_id(1)
# By what is left out of the bundle: the positions of the events, and the decision that saw them.
LEFT_OUT = {
    "the end of a key just before its owner approves": ([14], 15),
    "what an earlier approver did before the next approval": ([16], 17),
    "an event of the ledger itself": ([12], 13),
    "all that people did after they registered": ([14, 16], 15),
}


@cache
def story() -> tuple[bytes, ...]:
    """Return a log in which Bob ends a key, then Bob, Alice and Carol approve."""
    told = Chronicle()
    told.found()  # 1
    told.announce(1)  # 2
    alice, bob = told.signer(1, "creator"), told.signer(2, "investor")
    told.register(alice, "Alice")  # 3 to 6
    told.register(bob, "Bob")  # 7 to 10
    told.attest(bob, es256_key(22))  # 11
    told.announce(2)  # 12
    terms = told.draft(alice, 1)  # 13
    told.revoke(bob, es256_key(22).kid, compromisedSince=str(told.time))  # 14
    told.sign(bob, bob.shared(terms), terms)  # 15
    told.attest(bob, es256_key(23))  # 16
    told.sign(alice, alice.shared(terms), terms)  # 17
    told.attest(bob, es256_key(24))  # 18
    told.auditor.finish()
    return tuple(told.states)


def whole() -> bytes:
    """Return the bundle that the ledger makes."""
    return bundle_of(story(), "statement", STATEMENT)


def without(positions: list[int]) -> bytes:
    """Return the bundle without these events, with the exhibits that follow from the others."""
    kept = [
        Recorded(position, events.decode(state))
        for position, state in enumerate(story(), start=1)
        if position not in positions
    ]
    changes: dict[str, bytes | None] = {**exhibits(kept, (STATEMENT,))}
    for each in positions:
        names = [f"entries/{each - 1}", f"bodies/{each - 1}", f"proofs/{each - 1}.tlog-proof"]
        changes |= dict.fromkeys(names)
    return rebundled(whole(), changes)
