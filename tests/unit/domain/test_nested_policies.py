"""Policies in events nest a few levels: the verdict depends on no reader's stack."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import entry, events
from ledger.domain.events import Event, StatementDrafted, encode
from ledger.errors import CorruptError
from ledger.verify.auditor import AuditError, Auditor
from tests.golden.make import events_of_every_type
from tests.support.refusals import refused

STREAM = UUID("7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001")
AT = "2026-11-21T03:04:05.678Z"
VECTORS = Path(__file__).parents[2] / "vectors"
NESTING: dict[str, Any] = json.loads((VECTORS / "events/nesting.json").read_text())
NODE = '{"threshold":1,"of":['


def governance_of(levels: int) -> bytes:
    """Return the stored state of a policy with so many levels of nested nodes."""
    nested = NODE * levels + f'{NODE}"role:administrator"]}}' + "]}" * levels
    body = f'{{"change":"c","policy":{nested}}}'.encode()
    tag = "governance-set.v1"
    return entry.seal(at=AT, seq=4, stream=STREAM, tag=tag, body=body, salt=bytes(32))


@pytest.mark.parametrize("levels", NESTING["accepted"])
def test_a_policy_of_few_levels_is_taken(levels: int) -> None:
    events.decode(governance_of(levels))


@pytest.mark.parametrize("levels", NESTING["refused"])
def test_a_policy_of_many_levels_is_refused_before_any_stack_ends(levels: int) -> None:
    with refused(CorruptError, "event_malformed"):
        events.decode(governance_of(levels))


def test_a_draft_that_nobody_decides_ends_no_stack() -> None:
    bodies = [each.body for each in events_of_every_type()]
    body = next(each for each in bodies if isinstance(each, StatementDrafted))
    document = json.loads(body.document) | {"policy": 0}
    policy = f'{NODE * 5000}"role:investor"{"]}" * 5000}'
    nested = json.dumps(document).replace('"policy": 0', f'"policy": {policy}')
    deep = Event(STREAM, 1, AT, msgspec.structs.replace(body, document=nested))
    with refused(AuditError, "log_invalid"):
        Auditor().add(1, encode(deep, salt=bytes(32)), decide=False)
