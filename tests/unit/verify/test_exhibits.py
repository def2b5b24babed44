"""Which events a bundle has, and what it shows of them as files."""

import hashlib
import json
from uuid import UUID

import msgspec
import pytest

from ledger.domain import events
from ledger.domain.charter import STREAM
from ledger.domain.events import Recorded, StatementDrafted
from ledger.jose import parse_jwk, thumbprint, verify_multi_all
from ledger.verify.exhibits import exhibits
from ledger.verify.involved import involved
from tests.support.event_names import positions
from tests.support.every_event import every_type

STORY = every_type()
AT = positions(STORY)
RECORDED = [Recorded(n, event) for n, event in enumerate(STORY.events, start=1)]
APPROVED, REJECTED, WITHDRAWN, _, SUPERSEDED, LEFT = (
    str(each.stream)
    for each in STORY.events
    if isinstance(each.body, StatementDrafted) and each.body.type is None
)
ALICE, BOB, CAROL, DAVE = (UUID(int=number) for number in (1, 2, 3, 4))


def stream(name: UUID) -> list[Recorded]:
    return [each for each in RECORDED if each.event.stream == name]


def shown(*statements: str) -> list[Recorded]:
    streams = involved([UUID(each) for each in statements], stream)
    return [each for each in RECORDED if each.event.stream in streams]


def test_who_decided_and_whom_they_depend_on_are_involved() -> None:
    approved = {each.event.stream for each in shown(APPROVED)}
    # Dave signed none of it, but invited Bob.
    assert approved == {STREAM, UUID(APPROVED), ALICE, BOB, CAROL, DAVE}


def test_the_change_that_withdrew_a_statement_is_involved_and_nobody_signed_its_effect() -> None:
    drafted = {each.event.stream for each in shown(LEFT) if each.event.version == 1}
    (change,) = (
        each.event.stream
        for each in RECORDED
        if isinstance(each.event.body, StatementDrafted)
        and each.event.body.type is not None
        and LEFT in each.event.body.document
    )
    assert {UUID(LEFT), change, ALICE} <= drafted
    names = {name for name in exhibits(shown(LEFT), [LEFT]) if name.startswith("statements/")}
    assert [name for name in names if name.endswith("withdrawn-by-change.jws")] == []


def test_events_are_in_the_order_of_the_log_each_once() -> None:
    positions = [each.position for each in shown(APPROVED, WITHDRAWN)]
    assert positions == sorted(set(positions))


def test_a_superseded_statement_is_involved() -> None:
    assert UUID(REJECTED) in {each.event.stream for each in shown(WITHDRAWN)}
    assert UUID(WITHDRAWN) not in {each.event.stream for each in shown(REJECTED)}


def test_a_rejection_involves_nobody_who_did_not_decide() -> None:
    """Whether it ends the statement does not depend on who else there is."""
    streams = {each.event.stream for each in shown(REJECTED)}
    assert CAROL not in streams
    assert {STREAM, UUID(REJECTED)} < streams


def test_a_statement_is_shown_as_its_document_and_its_signatures() -> None:
    files = exhibits(shown(APPROVED), [APPROVED])
    where, drafted = f"statements/{APPROVED}", AT["statement-1 statement-drafted"]
    assert sorted(name for name in files if name.startswith(where)) == [
        f"{where}/{drafted}-statement-drafted.jws",
        f"{where}/{drafted + 1}-statement-signed.jws",
        f"{where}/{drafted + 2}-statement-signed.jws",
        f"{where}/{drafted + 3}-statement-signed.jws",
        f"{where}/document.json",
        f"{where}/jws.json",
    ]
    document = files[f"{where}/document.json"]
    assert document == STORY.events[drafted - 1].body.document.encode()  # type: ignore[union-attr]  # a draft
    digest = hashlib.sha256(document).hexdigest()
    assert digest == STORY.auditor.statements[UUID(APPROVED)].sha256


def test_the_general_jws_verifies_with_the_keys_beside_it() -> None:
    files = exhibits(shown(APPROVED), [APPROVED])
    keys = [json.loads(raw) for name, raw in files.items() if name.endswith(".jwk.json")]
    found = verify_multi_all(files[f"statements/{APPROVED}/jws.json"], {"keys": keys}, now=None)
    assert len(found.verified) == len(found.outcomes) == 2  # the individual one is not in it
    assert found.payload == files[f"statements/{APPROVED}/document.json"]


def test_no_approval_no_general_jws() -> None:
    assert not any(name.endswith("jws.json") for name in exhibits(shown(REJECTED), [REJECTED]))


def test_an_approval_that_was_taken_back_is_a_file_but_not_in_the_general_jws() -> None:
    names = [name.rpartition("/")[2] for name in exhibits(shown(LEFT), [LEFT])]
    retracted = AT["statement-4 approval-retracted"]
    signed = f"{retracted - 1}-statement-signed.jws"
    assert {signed, f"{retracted}-approval-retracted.jws"} < {*names}
    assert "jws.json" not in names


def test_people_have_the_keys_that_signed_and_only_those() -> None:
    names = {name for name in exhibits(shown(APPROVED), [APPROVED]) if name.startswith("people/")}
    signed = [events for events in STORY.events if str(events.stream) == APPROVED]
    kids = {(str(each.body.signer), each.body.kid) for each in signed[1:]}  # type: ignore[union-attr]  # approvals
    kids.add((str(ALICE), signed[0].body.kid))  # type: ignore[union-attr]  # a draft
    expected = {
        f"people/{user}/{kid}.{kind}.json" for user, kid in kids for kind in ("jwk", "attestation")
    }
    assert names == expected
    assert len(kids) == 4


def test_a_key_is_shown_with_its_end() -> None:
    files = exhibits(shown(APPROVED), [APPROVED])
    ended = AT["bob key-revoked"]
    revoked = STORY.events[ended - 1].body
    assert isinstance(revoked, events.KeyRevoked)
    key = json.loads(files[f"people/{BOB}/{revoked.kid}.attestation.json"])
    assert (key["status"], key["revokedPosition"], key["compromisedSince"]) == (
        "revoked",
        ended,
        None,
    )
    jwk = parse_jwk(json.loads(files[f"people/{BOB}/{revoked.kid}.jwk.json"]))
    assert thumbprint(jwk) == revoked.kid


def test_the_logs_keys_are_listed_retired_ones_too() -> None:
    assert exhibits(RECORDED, [])["keys/vkeys"].count(b"\n") == 6


@pytest.mark.parametrize("kid", ["", "../../x"])
def test_a_key_that_nobody_attested_is_not_shown(kid: str) -> None:
    changed = [
        Recorded(
            e.position,
            msgspec.structs.replace(e.event, body=msgspec.structs.replace(e.event.body, kid=kid)),
        )
        if e.position == AT["statement-1 statement-signed"]
        else e
        for e in shown(APPROVED)
    ]
    files = exhibits(changed, [APPROVED])
    assert not any(name.startswith(f"people/{BOB}/") for name in files)
