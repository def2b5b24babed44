"""Readers: who may read a statement, and who gets the answer that it is not there."""

from typing import Any

import msgspec
import pytest

from ledger.domain import readers
from ledger.domain.document import Document, parse_document
from ledger.domain.readers import Audience, Reader
from ledger.domain.vocabulary import ReadBy, RegistrationMode
from ledger.errors import MalformedError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, DAVE, ERIN, EVERYBODY, user
from tests.support.signers import CHARTER, Signer

POLICY = {"threshold": 1, "of": [user(BOB)], "veto": ["role:administrator"]}


def drafted(**members: Any) -> Document:
    return parse_document(ALICE.document(**({"policy": POLICY} | members)))


def reading(audience: Audience) -> list[Signer]:
    return [each for each in EVERYBODY if audience.may_read(Reader(each.user, each.roles))]


def test_a_statement_for_everyone_is_read_by_everyone() -> None:
    assert reading(readers.audience(drafted(), "everyone")) == [*EVERYBODY]


def test_a_statement_for_participants_is_read_by_them_and_by_auditors() -> None:
    assert reading(readers.audience(drafted(), "participants")) == [ALICE, BOB, DAVE, ERIN]


def test_named_readers_read_it_too() -> None:
    named = drafted(readers=[user(CAROL)])
    assert reading(readers.audience(named, "participants")) == [*EVERYBODY]
    by_role = drafted(policy={"threshold": 1, "of": [user(BOB)]}, readers=["role:investor"])
    assert reading(readers.audience(by_role, "participants")) == [ALICE, BOB, CAROL, ERIN]


def test_the_drafters_of_its_type_read_it_too() -> None:
    for drafter in (user(CAROL), "role:observer"):
        found = readers.audience(drafted(), "participants", drafters=(drafter,))
        assert found.members >= {drafter}
    of_type = readers.audience(drafted(), "participants", drafters=(user(CAROL),))
    assert reading(of_type) == [*EVERYBODY]


def test_an_auditor_reads_everything_and_takes_part_in_nothing() -> None:
    audience = readers.audience(drafted(), "participants")
    parts = [each for each in EVERYBODY if audience.has_participant(Reader(each.user, each.roles))]
    assert parts == [ALICE, BOB, DAVE]


@pytest.mark.parametrize(
    ("members", "mode", "expected"),
    [
        ({}, "open", "everyone"),
        ({}, "invite", "participants"),
        ({"readers": []}, "open", "participants"),
        ({"readers": []}, "invite", "participants"),
        ({"readers": ["role:creator"]}, "open", "participants"),
    ],
)
def test_the_mode_of_registration_counts_where_the_document_names_no_readers(
    members: dict[str, Any], mode: RegistrationMode, expected: ReadBy
) -> None:
    assert readers.read_by(drafted(**members), mode) == expected


def test_a_change_is_read_by_everyone_in_either_mode() -> None:
    change = parse_document(DAVE.change({"define-role": {"role": "legal"}}))
    modes: list[RegistrationMode] = ["open", "invite"]
    assert [readers.read_by(change, mode) for mode in modes] == ["everyone", "everyone"]


@pytest.mark.parametrize(
    "named",
    [
        ["user:bob@example.com"],
        ["user:"],
        ["role:Investor"],
        ["everyone"],
        ["role:investor", "role:investor"],
        [f"user:{number:08x}-0000-4000-8000-000000000000" for number in range(257)],
    ],
)
def test_readers_that_no_ledger_can_have_are_refused(named: list[str]) -> None:
    with refused(MalformedError, "readers_invalid"):
        drafted(readers=named)


def test_a_reader_is_a_role_that_the_ledger_has() -> None:
    readers.require_known(drafted(readers=["role:auditor", user(CAROL)]), CHARTER.roles)
    with refused(MalformedError, "readers_invalid"):
        readers.require_known(drafted(readers=["role:lawyer"]), CHARTER.roles)
    known = msgspec.structs.replace(CHARTER, defined=frozenset({"lawyer"})).roles
    readers.require_known(drafted(readers=["role:lawyer"]), known)
