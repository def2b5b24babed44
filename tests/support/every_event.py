"""The story of every type of event, told by a chronicle.

The tests of audits, bundles, verifiers and golden files use it.
"""

from functools import cache
from typing import Any

from ledger.domain.governance import policy_digest
from ledger.domain.ledger_acts import LostTree
from tests.support import comebacks
from tests.support.changes import governors, invite, set_charter, values
from tests.support.chronicle import FOUNDING, Chronicle, statement_id
from tests.support.fixed_keys import fixed_passkey
from tests.support.heads import NEXT_HEADS_KEY
from tests.support.keys import ed25519_key, es256_key
from tests.support.signers import LEDGER, Signer
from tests.support.type_definitions import define, definition, retire
from tests.support.versions import copied


def _reforms(bob: Signer, carol: Signer) -> list[dict[str, Any]]:
    """Return items of every kind but `set-governance` and those of `_leaving`."""
    cancelled = "0f0f0f0f-0000-4000-8000-000000000002"
    legal = {"user": bob.user, "role": "legal"}
    return [
        {"define-role": {"role": "legal"}},
        {"define-role": {"role": "board"}},
        {"close-role": {"role": "board"}},
        {"grant-role": legal},
        {"end-role": legal},
        invite("another", "legal", "2026-12-01T00:00:00.000Z", invitation=cancelled),
        {"cancel-invitation": {"invitation": cancelled}},
        {"suspend": {"user": carol.user}},
        {"reinstate": {"user": carol.user}},
        set_charter(values("invite"), values("open")),
        set_charter(values("open"), values("invite")),
        {"define-role": {"role": "staff"}},
    ]


def _leaving(alice: Signer, bob: Signer, since: str) -> list[dict[str, Any]]:
    """Return the items of Alice's leaving; Bob's passkey was stolen, and a type comes and goes."""
    return [
        {"declare-compromise": {"user": bob.user, "passkey": bob.passkey.id, "since": since}},
        {"deactivate": {"user": alice.user}},
        {"withdraw": {"statement": statement_id(4)}},
        {"erase": {"statement": statement_id(3), "status": "withdrawn"}},
        define(definition(name="offer")),
        retire(definition(name="offer"), "stop"),
    ]


def _comes_back(told: Chronicle, whom: Signer, by: tuple[Signer, Signer]) -> None:
    """Re-enrol somebody whose passkey was stolen, while changes need two people."""
    dave, carol = by
    two: dict[str, Any] = {"threshold": 2, "of": ["role:administrator"]}
    governing = {"user": carol.user, "role": "administrator"}
    items = {"reinstate": {"user": carol.user}}, {"grant-role": governing}, comebacks.re_enrol(whom)
    told.change(dave, 105, *items)
    carol.key = ed25519_key(31)
    told.attest(carol, carol.key)
    was = policy_digest(FOUNDING)
    raised = {"policy": two, "was": was, "people": governors(dave, carol)}
    told.change(dave, 106, {"set-governance": raised})
    comebacks.use_link(told, whom, fixed_passkey(14))
    admission = comebacks.admit(whom, fixed_passkey(14))
    told.approve_change(carol, told.change(dave, 107, admission, governance=two))
    told.add_passkey(dave, fixed_passkey(15))


def _leave(told: Chronicle, dave: Signer, alice: Signer, bob: Signer) -> None:
    """Alice leaves the new version of a statement; a change ends both."""
    replaced = told.draft(alice, 5)
    left = told.draft(alice, 4, supersedes=copied(replaced))
    told.sign(alice, alice.shared(left), left)
    told.retract(alice, left)
    told.change(dave, 104, *_leaving(alice, bob, str(told.time)))


def _is_forgotten(told: Chronicle, dave: Signer) -> None:
    """Erin comes and goes; her name is held, released and erased."""
    erin = told.signer(5, "investor")
    told.register(erin, "Erin")
    name = {"name": erin.user}
    held = {"hold": name}, {"release-hold": name}
    told.change(dave, 108, {"deactivate": {"user": erin.user}}, *held, {"erase": name})


def _lose(told: Chronicle, alice: Signer, dave: Signer) -> None:
    """Lose entries; Alice and Dave sign again, and Dave governs again."""
    told.restore(LostTree(len(told.states) + 7, None))
    alice.key = es256_key(21)  # her first one ended
    told.reaffirm(alice)
    told.reaffirm(dave)
    told.accept(dave, FOUNDING)


def _reject(told: Chronicle, alice: Signer, bob: Signer, carol: Signer) -> None:
    """Bob rejects, which makes approval impossible; Alice withdraws a new version."""
    strict = {"threshold": 2, "of": [f"user:{bob.user}", f"user:{carol.user}"]}
    refused = told.draft(alice, 2, policy=strict | {"assurance": "passkey"})
    told.reject(bob, refused, confirmed=True)
    withdrawn = told.draft(alice, 3, supersedes=copied(refused), content='{"amount":1.10}')
    told.reject(carol, withdrawn)
    told.withdraw(alice, withdrawn)


def _use(told: Chronicle, alice: Signer, bob: Signer) -> None:
    """Bob uses a statement; Alice confirms that it was not done, so he uses it again."""
    usable = {"by": [f"user:{bob.user}"], "times": 1, "until": "2027-11-21T00:00:00.000Z"}
    policy = {"threshold": 1, "of": [f"user:{alice.user}"]}
    order = told.draft(alice, 6, title="Order 17", policy=policy, usable=usable)
    told.sign(alice, alice.shared(order), order)
    told.use_statement(bob, order, "first-nonce-of-bob-0001", reference="order 17")
    told.report(bob, order, (1, 1), "not-done", confirmed=False)
    told.report(alice, order, (1, 1), "not-done", confirmed=True)
    told.use_statement(bob, order, "second-nonce-of-bob-002")
    told.report(bob, order, (1, 2), "done", confirmed=False)


def _automate(told: Chronicle, owner: Signer, by: Signer) -> None:
    """An administrator ends somebody's service account."""
    robot = ed25519_key(41)
    told.add_service(owner, robot)
    told.end_service(owner, robot.kid, by)


# Told once for all tests, which leave it as it is.
@cache
def every_type(*, end: bool = False) -> Chronicle:
    """Return a chronicle with each type of event; with `end`, also the freezing event."""
    told = Chronicle()
    told.found()
    dave = told.signer(4, "administrator")
    alice, bob = told.signer(1, "creator"), told.signer(2, "investor")
    carol = told.signer(3, "investor")
    told.register(dave, "Dave", "setup")
    told.invite(dave, 101, "investor", "0f0f0f0f-0000-4000-8000-000000000001")
    told.register(bob, "Bob", "0f0f0f0f-0000-4000-8000-000000000001")
    told.register(alice, "Alice Ångström")
    told.register(carol, "Carol")
    first = alice.passkey.id
    told.add_passkey(alice, fixed_passkey(11))
    told.remove_passkey(alice, first)
    told.attest(alice, es256_key(21), expires_at="2027-11-21T00:00:00.000Z")
    told.change(dave, 102, *_reforms(bob, carol))
    creating = {"grant-role": {"user": bob.user, "role": "creator"}}
    told.change(dave, 103, creating)
    # Two people approve, with both forms and both key types; then a third does.
    both = told.draft(alice, 1, title="Series A – “preferred”")
    told.sign(bob, bob.shared(both), both)
    told.sign(alice, alice.individual(both, key=es256_key(21), jti="1", ledger=LEDGER), both)
    told.sign(carol, carol.shared(both), both)
    _reject(told, alice, bob, carol)
    _use(told, alice, bob)
    told.revoke(carol, carol.key.kid, compromisedSince=str(told.time))
    told.revoke(bob, bob.key.kid)
    told.declare(
        alice,
        es256_key(21),
        passkey=first,
        since=str(told.time),
        also=[f"kid:{alice.key.kid}"],
    )
    told.suspend(carol, dave)
    told.announce(1)
    told.announce(2)
    told.retire(1)
    told.replace_heads_key(NEXT_HEADS_KEY.jwk)
    _lose(told, alice, dave)
    _leave(told, dave, alice, bob)
    _is_forgotten(told, dave)
    comebacks.set_codes(told, dave)
    comebacks.use_code(told, dave, fixed_passkey(12))
    comebacks.cancel(told, dave, fixed_passkey(12))
    told.add_passkey(dave, fixed_passkey(13))
    _comes_back(told, bob, (dave, carol))
    told.recover([carol.user], {"instead of Carol": "administrator"})
    told.cancel_operators(dave)
    _automate(told, carol, dave)
    if end:
        told.freeze()
    told.auditor.finish()
    return told
