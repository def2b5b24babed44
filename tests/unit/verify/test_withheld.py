"""A bundle of a statement has the bodies that it needs, and no body of anything else."""

import pytest

from ledger.domain.events import (
    Body,
    GovernanceAccepted,
    HoldPlaced,
    InvitationCancelled,
    InvitationIssued,
    KeyAttested,
    LedgerCreated,
    PasskeyAdded,
    StatementDrafted,
    TypeDefined,
    UserRegistered,
)
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from ledger.verify.report import VerificationReport
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of, log_signer, rebundled
from tests.support.withholding import (
    CHANGE,
    PLAIN,
    SECRET,
    TYPED,
    bundle,
    company,
    index_of,
    shown,
)
from tests.vectors.changes.company import Company

PARTS: tuple[Mode, ...] = ("statement", "redacted")


def reported(raw: bytes) -> VerificationReport:
    return verify(raw, expected_keys=(log_signer().key,), now_ms=company().time.ms)


@pytest.mark.parametrize("mode", PARTS)
def test_a_bundle_has_no_body_of_a_stream_or_type_that_its_statement_does_not_need(
    mode: Mode,
) -> None:
    raw = bundle(PLAIN, mode)
    found = {*shown(raw).values()}
    left_out = {TypeDefined, InvitationIssued, InvitationCancelled, GovernanceAccepted, HoldPlaced}
    assert found & left_out == set()
    assert {LedgerCreated, UserRegistered, PasskeyAdded, KeyAttested, StatementDrafted} <= found
    assert SECRET.encode() not in raw
    streams = {str(company().events[index].stream) for index in shown(raw)}
    assert TYPED not in streams
    assert CHANGE not in streams
    assert company().ben.user not in streams
    report = reported(raw)
    assert (report.verdict, report.statements[0].status) == ("verified", "approved")


@pytest.mark.parametrize("mode", PARTS)
def test_a_statement_of_a_type_comes_with_the_types(mode: Mode) -> None:
    raw = bundle(TYPED, mode)
    assert TypeDefined in shown(raw).values()
    assert InvitationIssued not in shown(raw).values()
    assert reported(raw).verdict == "verified"


@pytest.mark.parametrize("mode", PARTS)
def test_a_change_comes_with_all_that_its_effects_rest_on(mode: Mode) -> None:
    raw = bundle(CHANGE, mode)
    assert {TypeDefined, InvitationIssued, InvitationCancelled} <= {*shown(raw).values()}
    assert reported(raw).verdict == "verified"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (PLAIN, LedgerCreated),
        (PLAIN, KeyAttested),
        (TYPED, TypeDefined),
        (CHANGE, TypeDefined),
        (CHANGE, InvitationCancelled),
    ],
)
@pytest.mark.parametrize("mode", PARTS)
def test_a_body_that_the_statement_needs_is_missed(
    mode: Mode, statement: str, kind: type[Body]
) -> None:
    raw = bundle(statement, mode)
    index = next(index for index, each in shown(raw).items() if each is kind)
    content = reported(rebundled(raw, {f"bodies/{index}": None})).checks[1]
    assert (content.outcome, content.code, content.position) == (
        "unverifiable",
        "body_missing",
        index + 1,
    )


def test_an_invitation_by_which_somebody_came_is_there_and_is_missed() -> None:
    raw = bundle_of_bens_approval()
    index = index_of(InvitationIssued)
    assert f"bodies/{index}" in container.parse(raw)
    assert reported(raw).verdict == "verified"
    policy = reported(rebundled(raw, {f"bodies/{index}": None})).checks[5]
    assert (policy.outcome, policy.code) == ("unverifiable", "invitation_missing")


def bundle_of_bens_approval() -> bytes:
    """Return the bundle of a statement that Ben approved, who came by an invitation."""
    told = Company()
    told.announce(1)
    raw = told.draft(told.cal, 5, policy={"threshold": 1, "of": [f"user:{told.ben.user}"]})
    told.sign(told.ben, told.ben.shared(raw), raw)
    return bundle_of(tuple(told.states), "statement", statement_id(5))
