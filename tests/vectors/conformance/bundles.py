"""The bundles of the conformance suite, genuine and forged, identical in every run."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from ledger.domain import challenges, events
from ledger.domain.passkey import AssertionEvidence
from ledger.encoding import b64u_decode
from ledger.verify import container
from ledger.verify.container import MANIFEST, README, Mode
from tests.support.checked_by_hand import of_a_type
from tests.support.chronicle import Chronicle, statement_id
from tests.support.dossier import UNTOUCHED, bundle_of, rebundled
from tests.support.every_event import every_type
from tests.support.fixed_keys import fixed_passkey
from tests.support.forgery import resealed
from tests.support.keys import ed25519_key, es256_key
from tests.support.signers import LEDGER, NONCE, Clock, Signer, assertion
from tests.vectors.conformance.signatures import recorded_ml_dsa_key
from tests.vectors.evidence.cases import (
    ALICE,
    ASKED,
    AT_13,
    BOB,
    _attested,
    _drafted,
    _signed,
    at,
    broken,
    good,
    made,
    manifest_with,
    moved,
    states,
)
from tests.vectors.evidence.table import CASES
from tests.vectors.forged import cases as forgeries

Forge = Callable[[list[bytes]], list[bytes]]


@cache
def _table() -> dict[tuple[str, str], Any]:
    return {(each.mode, each.name): each for each in CASES}


def of_table(mode: Mode, name: str) -> bytes:
    """Return a bundle of tests/vectors/evidence."""
    return made(_table()[mode, name])


def forged(name: str) -> bytes:
    """Return a bundle of tests/vectors/forged."""
    return forgeries.forged(name).bundle()


def of_operator(forge: Callable[[], Forge], mode: Mode = "redacted") -> bytes:
    """Return the bundle of a log that an operator rewrote, and signed."""
    return bundle_of(forge()(list(states())), mode, *ASKED)


# --- genuine -------------------------------------------------------------------------------------


def undecided() -> bytes:
    return bundle_of(states(), "statement", UNTOUCHED)


def of_every_type(number: int) -> bytes:
    """Return the bundle of a statement, from before the log's first key was retired."""
    told = list(every_type().states)
    announced = [isinstance(events.decode(each).body, events.LogKeysAnnounced) for each in told]
    return bundle_of(told[: announced.index(True) + 1], "statement", statement_id(number))


@cache
def _of_a_type() -> tuple[bytes, ...]:
    return tuple(of_a_type(recorded_ml_dsa_key(), drafts=0).states)


def ml_dsa() -> bytes:
    return bundle_of(_of_a_type(), "statement", statement_id(1))


def other_readme() -> bytes:
    return rebundled(good("statement"), {README: b"All is well.\n"})


# --- changed by somebody who passes them on ------------------------------------------------------


def trailing() -> bytes:
    return good("statement") + b"\n"


def changed_readme() -> bytes:
    return container.write(container.parse(good("statement")) | {README: b"All is well.\n"})


def unlisted_readme() -> bytes:
    files = container.parse(good("statement"))
    listed = json.loads(files[MANIFEST])["files"]
    del listed[README]
    changed = manifest_with(files=listed)(files)[MANIFEST]
    assert changed is not None
    return container.write(files | {MANIFEST: changed})


def revocation_withheld() -> bytes:
    """Leave out the body of Bob's last event, and show his key as if it were in force."""
    raw, last = good("redacted"), len(states()) - 1
    shown = container.parse(bundle_of(states()[:last], "redacted", *ASKED))
    exhibits = {name: each for name, each in shown.items() if name.startswith("people/")}
    return rebundled(raw, exhibits | {f"bodies/{last}": None})


# --- rewritten by an operator ---------------------------------------------------------------------


def broken_approval() -> Forge:
    return at(13, jws=broken(_signed(13).jws))


def broken_ml_dsa() -> bytes:
    told = list(_of_a_type())
    last = max(n for n, each in enumerate(told) if _is_approval(each))
    body = events.decode(told[last]).body
    assert isinstance(body, events.StatementSigned)
    forged_states = at(last + 1, jws=broken(body.jws))(told)
    return bundle_of(forged_states, "statement", statement_id(1))


def _is_approval(state: bytes) -> bool:
    return isinstance(events.decode(state).body, events.StatementSigned)


def other_nonce() -> Forge:
    return at(4, nonce="AAAA")


def attested_another() -> Forge:
    shown = _attested(11)
    return at(5, assertion=shown.assertion, sign_count=shown.sign_count)


def possession_of_another() -> Forge:
    return at(5, possession=ed25519_key(1).jws(bytes(32), typ="key-possession+jws"))


def unconfirmed() -> Forge:
    return at(16, assertion=None, sign_count=None)


def confirmed_another() -> Forge:
    shown = _attested(9)
    return at(16, assertion=shown.assertion, sign_count=shown.sign_count)


def confirmed_elsewhere() -> Forge:
    return _confirmed(origin="https://evil.example")


def confirmed_unasked() -> Forge:
    return _confirmed(user_verified=False)


def _confirmed(**changes: Any) -> Forge:
    """Let Bob's passkey confirm his rejection in another way."""
    passkey = fixed_passkey(2)
    for name, value in changes.items():
        setattr(passkey, name, value)
    body = events.decode(states()[15]).body
    assert isinstance(body, events.StatementRejected)
    challenge = challenges.confirm(jws=body.act, ledger=LEDGER, user=BOB)
    shown: AssertionEvidence = assertion(passkey.get(challenge))
    return at(16, assertion=shown, sign_count=passkey.sign_count)


def of_other_content() -> Forge:
    return _individual(content="{}")


def of_other_statement() -> Forge:
    return _individual(statementId=UNTOUCHED)


def of_other_signer() -> Forge:
    return _individual(signer=BOB)


def of_other_ledger() -> Forge:
    return _individual(ledger="ledger.example/somewhere")


def _individual(**members: str) -> Forge:
    """Let Alice's second key sign another payload in the individual form."""
    payload = json.loads(b64u_decode(_signed(14).jws.split(".")[1])) | members
    assert _signed(14).signer == ALICE
    return at(14, jws=es256_key(21).jws(json.dumps(payload).encode()))


def approved_twice() -> Forge:
    """Record Bob's approval once more, as the next event of the statement."""

    def forge(told: list[bytes]) -> list[bytes]:
        again = resealed(told[12], version=4, body={"seen": {}, "status": "approved"})
        return [*told[:14], again, *told[14:]]

    return forge


def revoked_before() -> Forge:
    """Record that Bob's key ended before his two decisions, which saw it."""

    def forge(told: list[bytes]) -> list[bytes]:
        told = moved(18, 13)(told)
        return at(17, seen={BOB: 5})(at(14, seen={BOB: 5})(told))

    return forge


def ended_before() -> Forge:
    """Let Alice's passkey attest her second key until half a second before its approval."""
    ends = "2026-11-21T03:04:18.000Z"
    alice = Signer(1, passkey=fixed_passkey(1))
    shown = alice.submission(es256_key(21), nonce=NONCE, expires_at=ends)
    evidence = {"assertion": shown.assertion, "possession": shown.possession}
    return at(11, expires_at=ends, sign_count=alice.passkey.sign_count, **evidence)


def took_a_role() -> bytes:
    told = Chronicle()
    told.found()
    told.announce(1)
    alice, bob = told.signer(1, "creator"), told.signer(2, "investor")
    told.register(alice, "Alice")
    told.register(bob, "Bob")
    told.draft(alice, 1)
    return bundle_of(at(7, role="auditor")(list(told.states)), "full", statement_id(1))


def signed_early() -> Forge:
    early = Clock(AT_13 - 360_000)
    jws = Signer(2, "investor", time=early).shared(_drafted(12).document.encode())
    return at(13, jws=jws, iat=early.ms // 1000)
