"""Given what a program requires, when evidence or a type is compared, then what is refused."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ledger.client import approval_rules
from ledger.client.approval_rules import ApprovalRules
from ledger.client.guard import Guarded
from ledger.domain.document import DocumentType
from ledger.domain.policy import Policy
from ledger.errors import MalformedError, RefusedError
from tests.support.type_definitions import definition

DIGEST = "0" * 64


def guarded(rules: ApprovalRules) -> Any:
    return Guarded(print, "deploy", cast(Any, None), cast(Any, None), rules)


def client(version: int) -> Any:
    return SimpleNamespace(definition=lambda _: definition(version))


@pytest.mark.parametrize(("version", "covered"), [(None, [1, 2, 3]), (2, [2])])
def test_a_rule_covers_every_version_of_a_type_or_one(
    version: int | None, covered: list[int]
) -> None:
    required = ApprovalRules(type="terms", version=version).required(DIGEST).type
    assert required is not None
    stated = [DocumentType("terms", each, DIGEST) for each in (1, 2, 3)]
    assert [each.version for each in stated if required.covers(each)] == covered
    assert not required.covers(DocumentType("offer", 2, DIGEST))


def test_a_version_without_a_type_is_refused() -> None:
    with pytest.raises(MalformedError, match="type_invalid"):
        ApprovalRules(policy={"threshold": 1, "of": ["role:investor"]}, version=1).required(DIGEST)


def test_nobody_is_asked_under_another_version_than_the_required_one() -> None:
    rules = ApprovalRules(type="terms", version=2)
    assert guarded(rules)._definition(client(2)) == definition(2)
    with pytest.raises(RefusedError, match="type_outdated"):
        guarded(rules)._definition(client(3))
    assert guarded(ApprovalRules(type="terms"))._definition(client(3)) == definition(3)


def test_the_programs_own_key_among_the_approvals_is_refused_and_its_passkey_is_not() -> None:
    people = SimpleNamespace(approvers=[SimpleNamespace(user="robot")])
    report, client = SimpleNamespace(statements=[people]), SimpleNamespace(user="robot")
    asked = Policy(threshold=1, of=("role:investor",))
    with pytest.raises(RefusedError, match="policy_own"):
        approval_rules._require_no_own_key(cast(Any, client), asked, cast(Any, report))
    needed = Policy(threshold=1, of=("role:investor",), assurance="passkey")
    approval_rules._require_no_own_key(cast(Any, client), needed, cast(Any, report))
