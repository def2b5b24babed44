"""docs/how-to/verify-without-us.md: its programs refuse what an operator or a passer-on forges."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from ledger.domain import challenges, events
from ledger.verify import container
from tests.support.authenticator import Passkey
from tests.support.checked_by_hand import BOBS_ROBOT, of_a_type, of_programs, programs
from tests.support.chronicle import statement_id
from tests.support.dossier import APPROVED, UNTOUCHED, bundle_of, rebundled
from tests.support.keys import ed25519_key
from tests.support.signers import LEDGER, NONCE, registration
from tests.vectors.evidence.cases import (
    ASKED,
    _attested,
    at,
    bobs_approval,
    broken,
    good,
    moved,
    other_terms,
    states,
    stranger,
)


def test_the_programs_accept_what_nobody_forged(tmp_path: Path) -> None:
    programs(tmp_path, good("statement"), "tree.py", "signatures.py")


def test_an_entry_without_its_proof_is_refused(tmp_path: Path) -> None:
    raw = rebundled(good("statement"), {"proofs/12.tlog-proof": None})
    with pytest.raises(FileNotFoundError, match=r"12\.tlog-proof"):
        programs(tmp_path, raw, "tree.py")


@pytest.mark.parametrize("name", ["018", "18", "99"])
def test_an_entry_that_the_log_does_not_have_is_refused(tmp_path: Path, name: str) -> None:
    entry = container.parse(good("statement"))["entries/12"]
    for mode in ("statement", "redacted"):
        raw = rebundled(good(mode), {f"entries/{name}": entry})
        with pytest.raises(AssertionError, match="an entry that the tree does not have"):
            programs(tmp_path / mode, raw, "unpack.py", "tree.py")


def test_a_redacted_bundle_with_another_entry_of_a_key_is_refused(tmp_path: Path) -> None:
    """Its proofs are of the statements' events only, so all entries have to lead to the root."""
    name = "tile/entries/000.p/18"
    pack = container.parse(good("redacted"))[name].replace(b"T03:04:09", b"T03:04:08")
    with pytest.raises(AssertionError, match="the entries do not lead to the root"):
        programs(tmp_path, rebundled(good("redacted"), {name: pack}), "unpack.py", "tree.py")


def _registered(**passkey: Any) -> Callable[[list[bytes]], list[bytes]]:
    """Rewrite Alice's first registration: a passkey of another site, or one that asks nobody."""
    new = Passkey(**passkey)
    shown = registration(new.create(challenges.register(ledger=LEDGER, nonce=NONCE)))
    return at(4, credential_id=new.id, registration=shown)


FORGED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "a registration for another nonce": (at(4, nonce="AAAA"), "challenge"),
    "a registration of another site": (_registered(origin="https://evil.example"), "origin"),
    "a registration of another relying party": (_registered(rp_id="evil.example"), "RP ID"),
    "a registration without user verification": (_registered(user_verified=False), "verified"),
    "an attestation of another key": (at(5, assertion=_attested(11).assertion), "challenge"),
    "an attestation by a passkey of somebody else": (
        at(9, assertion=_attested(5).assertion),
        "the passkey is somebody else's",
    ),
    "an attestation for another time": (at(11, expires_at=None), "challenge"),
    "an attestation of a key in another home": (at(5, home="synced"), "challenge"),
    "a key in the place of the attested one": (at(5, jwk=_attested(9).jwk), "of another key"),
    "a key that somebody else holds": (at(11, possession=_attested(5).possession), "the challenge"),
    "a key that nobody showed to hold": (
        at(5, possession=ed25519_key(1).jws(bytes(32), typ="key-possession+jws")),
        "did not sign the challenge",
    ),
    "a key that was attested later": (moved(11, 14), "2GHwjuY105"),
    "an approval by a key that nobody attested": (at(13, jws=stranger()), ed25519_key(99).kid),
    "an approval in somebody else's name": (
        at(13, signer="00000000-0000-0000-0000-000000000001"),
        "the key is somebody else's",
    ),
    "an approval of another statement": (at(13, jws=bobs_approval(of=17)), "something else"),
    "the individual form shown as the shared one": (at(14, form="shared"), "something else"),
    "another document": (at(12, document=other_terms()), "something else"),
    "a rejection confirmed for another act": (
        at(16, assertion=_attested(9).assertion),
        "challenge",
    ),
    "a rejection confirmed by somebody else": (
        at(16, assertion=_attested(5).assertion),
        "somebody else's",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_an_operator_forges_is_refused(tmp_path: Path, name: str) -> None:
    """An operator has the log's key, so the tree is as it must be, and the files are too."""
    forge, said = FORGED[name]
    raw = bundle_of(forge(list(states())), "statement", *ASKED)
    programs(tmp_path, raw, "tree.py")
    with pytest.raises(Exception, match=said):
        programs(tmp_path, raw, "signatures.py")


@pytest.mark.parametrize(
    ("position", "member"), [(12, "act"), (13, "jws"), (14, "jws"), (16, "act")]
)
def test_a_signature_with_a_changed_byte_is_refused(
    tmp_path: Path, position: int, member: str
) -> None:
    text = getattr(events.decode(states()[position - 1]).body, member)
    told = at(position, **{member: broken(text)})(list(states()))
    with pytest.raises(Exception, match="Signature verification failed"):
        programs(tmp_path, bundle_of(told, "statement", *ASKED), "signatures.py")


def test_an_ml_dsa_signature_with_a_changed_byte_is_refused(tmp_path: Path) -> None:
    told = of_a_type()
    bodies = [events.decode(each).body for each in told.states]
    signed = [n for n, body in enumerate(bodies) if isinstance(body, events.StatementSigned)][-1]
    body = bodies[signed]
    assert isinstance(body, events.StatementSigned)
    forged = at(signed + 1, jws=broken(body.jws))(list(told.states))
    raw = bundle_of(forged, "statement", statement_id(1))
    with pytest.raises(InvalidSignature):
        programs(tmp_path, raw, "signatures.py")


def test_an_approval_by_a_service_account_is_refused(tmp_path: Path) -> None:
    told = of_programs()
    bodies = [events.decode(each).body for each in told.states]
    drafted = next(body for body in bodies if isinstance(body, events.StatementDrafted))
    jws = BOBS_ROBOT.jws(drafted.document.encode(), iat=1)
    forged = at(len(bodies), jws=jws, kid=BOBS_ROBOT.kid)(list(told.states))
    with pytest.raises(AssertionError, match="a service account does not sign this"):
        programs(tmp_path, bundle_of(forged, "statement", statement_id(1)), "signatures.py")


SHOWN: dict[str, bytes] = {
    f"statements/{APPROVED}/document.json": b"{}",
    f"statements/{APPROVED}/13-statement-signed.jws": b"a.b.c",
    f"statements/{APPROVED}/15-statement-signed.jws": b"a.b.c",
    f"statements/{UNTOUCHED}/document.json": b"{}",
    f"people/00000000-0000-0000-0000-000000000001/{_attested(9).kid}.jwk.json": b"{}",
    f"people/00000000-0000-0000-0000-000000000002/{_attested(9).kid}.jwk.json": b"{}",
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_that_is_not_what_the_log_has_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        programs(tmp_path, rebundled(good("statement"), {name: SHOWN[name]}), "signatures.py")
