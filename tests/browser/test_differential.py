"""One verdict: Python and the verifier's modules say the same of mutated inputs of every kind.

This is the short form, with one seed; `python -m tests.differential` is the long one.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from ledger.domain import entry
from ledger.encoding import b64_encode
from ledger.jose import parse_compact
from tests.differential.bundle_files import SIGNED, SIGNERS
from tests.differential.comparison import compare
from tests.differential.engines import Engine, in_page, node
from tests.differential.kinds import KINDS
from tests.differential.served import Mutant
from tests.differential.stories import stories
from tests.support.vectors import vector

GOLDEN = Path(__file__).parents[1] / "golden"
BUNDLES = 30  # a bundle takes as long as a hundred other inputs
VECTORS: list[dict[str, Any]] = vector("differential")
# Every input of these kinds is read: what was refused is in what was read.
READ_ALWAYS = {"general", "bundle"}


@pytest.fixture(scope="module")
def engine(page: Page) -> Engine:
    return in_page(page)


@pytest.mark.parametrize("each", VECTORS, ids=lambda each: f"{each['kind']}: {each['name']}")
def test_an_input_that_had_two_verdicts_has_one(engine: Engine, each: dict[str, Any]) -> None:
    given = edited(**each["input"]) if each["kind"] == "event" else dict(each["input"])
    verdict = KINDS[each["kind"]].python(given)
    assert engine(each["kind"], [given]) == [verdict]
    assert verdict == each["verdict"] or (verdict.startswith("ok ") and each["verdict"] == "ok")


def edited(type: str, before: str, after: str) -> dict[str, Any]:
    """Return the body of an event of its golden file, with one change."""
    body = json.loads((GOLDEN / f"{type}.json").read_text())[0]["body"]
    assert body.count(before) == 1
    return {"raw": b64_encode(body.replace(before, after).encode()), "type": type}


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_inputs_have_one_verdict(engine: Engine, kind: str) -> None:
    inputs = BUNDLES if kind == "bundle" else 100 + 5 * KINDS[kind].share
    found = compare(engine, kind, "short", range(inputs))
    assert found.disagreements == []
    assert found.accepted >= 1
    assert kind in READ_ALWAYS or len(found.codes) >= 2
    assert found.unknown < found.inputs / 10


def test_every_signature_of_a_story_can_be_made_anew() -> None:
    bodies = [json.loads(entry.split(state)[2]) for told, *_ in stories() for state in told]
    signatures = [body[name] for body in bodies for name in SIGNED if body.get(name)]
    kids = {parse_compact(each).header.kid for each in signatures}
    assert kids <= SIGNERS.keys()
    assert len(kids) >= 5


def test_node_gives_the_same_verdicts_as_a_browser() -> None:
    with node() as engine:
        for kind in KINDS:
            found = compare(engine, kind, "node", range(20))
            assert (kind, found.disagreements) == (kind, [])


def test_every_verifier_accepts_all_that_the_server_accepts(engine: Engine, tmp_path: Path) -> None:
    people = Mutant(tmp_path / "data")
    people.send(100, "short")
    ours, theirs = people.verdicts(engine)
    people.close()
    assert ours == theirs
    assert people.answers["201"] >= 10
    assert len(people.answers) >= 10
