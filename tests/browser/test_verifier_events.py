"""What an event says of itself is the same in Python and in the offline verifier, for every tag."""

import json
import re
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.browser.verifier_modules import opened

TESTS = Path(__file__).parents[1]
VECTORS = TESTS / "vectors" / "events"
EXPLAINED: dict[str, dict[str, Any]] = json.loads((VECTORS / "explained.json").read_text())
NESTING = json.loads((VECTORS / "nesting.json").read_text())
EXAMPLES = [
    {"type": tag, "position": 100, "version": 2, "at": "2026-11-21T03:04:05.678Z"} | example
    for tag, declared in EXPLAINED.items()
    for example in declared["examples"]
]
# Every event of the story that the examples are from.
TOLD = [
    json.loads(each["entry"]) | {"body": json.loads(each["body"])}
    for path in (TESTS / "golden").glob("*.json")
    for each in json.loads(path.read_text())
]
SAID = itemgetter("type", "stream", "body")
FOUNDING = EXAMPLES[0] | {"position": 1, "version": 1}
# What the auditor says of an event that follows the founding. It has no person and no statement.
AUDITED = {
    "ledger-created.v1": "ledger_founded_twice",
    "log-keys-announced.v1": None,
    "log-keys-retired.v1": "log_keys_refused",
    "heads-key-replaced.v1": None,
    "ledger-restored.v1": "restore_misplaced",
    "operator-invited.v1": "lost_not_counting",
    "operator-invitations-cancelled.v1": "event_misplaced",
    "log-frozen.v1": None,
}
# An example as the event that `decodeEvent` makes of its stored bytes.
DECODED = """async (example) => {
    const { decodeEvent } = await import("/verify/domain/events.js");
    const { concat } = await import("/verify/encoding.js");
    const { bytesOf } = await import("/static/js/lib/digest.js");
    const salted = concat(new Uint8Array(32), bytesOf(JSON.stringify(example.body)));
    return decodeEvent(example, example.position, salted);
}"""
DERIVED = f"""async (example) => {{
    const events = await import("/verify/domain/events.js");
    const {{ claims }} = await import("/verify/domain/claims.js");
    const event = await ({DECODED})(example);
    return {{
        actor: events.actorOf(event),
        signature: events.signatureOf(event),
        kid: events.kidOf(event),
        claims: await claims(event),
    }};
}}"""
# The code that each consumer of an event refuses it with, null where it takes it.
CONSUMED = f"""async ([first, example, earlier]) => {{
    const events = await import("/verify/domain/events.js");
    const {{ evolveCharter }} = await import("/verify/domain/charter.js");
    const {{ evolvePerson }} = await import("/verify/domain/person.js");
    const {{ evolveStatement }} = await import("/verify/domain/statement.js");
    const {{ Auditor }} = await import("/verify/verify/auditor.js");
    const checks = await import("/verify/verify/event_checks.js");
    const [founding, event] = [await ({DECODED})(first), await ({DECODED})(example)];
    const jwks = await checks.keysOf([event]);
    const given = {{ events: [event], keys: jwks, mode: "full" }};
    const fold = {{ ledger: evolveCharter, person: evolvePerson, statement: evolveStatement }}[
        events.streamOf(event.type)
    ];
    let state = null;
    for (const each of earlier) state = await fold(state, await ({DECODED})(each));
    const attempts = {{
        fold: () => fold(state, event),
        audit: async () => {{
            const auditor = new Auditor();
            await auditor.add(founding);
            await auditor.add(event);
        }},
        signatures: () => checks.verifySignature(event, given),
        attestations: () => new checks.Attestations([event]).add(event),
        keys: () => new checks.KeyHistory(jwks, "full").add(event),
    }};
    const found = {{}};
    for (const [name, attempt] of Object.entries(attempts)) {{
        try {{
            await attempt();
            found[name] = null;
        }} catch (error) {{
            found[name] = error.code ?? String(error);
        }}
    }}
    return found;
}}"""


def test_every_tag_declares_in_javascript_what_it_declares_in_python(page: Page) -> None:
    members = ["stream", "actor", "evidence", "dependsOn", "claims"]
    expected = {
        tag: {name: declared[name] for name in members} for tag, declared in EXPLAINED.items()
    }
    found = page.evaluate(
        """async (members) => {
            const { DECLARED } = await import("/verify/domain/events.js");
            const { fromEntries, entries } = Object;
            const picked = (each) => fromEntries(members.map((name) => [name, each[name]]));
            return fromEntries(entries(DECLARED).map(([tag, each]) => [tag, picked(each)]));
        }""",
        members,
    )
    assert found == expected


@pytest.mark.parametrize("levels", [*NESTING["accepted"], *NESTING["refused"]])
def test_a_policy_of_many_levels_is_refused_before_any_stack_ends(page: Page, levels: int) -> None:
    found = page.evaluate(
        """async (levels) => {
            const { decodeEvent } = await import("/verify/domain/events.js");
            const { concat } = await import("/verify/encoding.js");
            const { bytesOf } = await import("/static/js/lib/digest.js");
            const node = '{"threshold":1,"of":[';
            const [begin, end] = [node.repeat(levels + 1), "]}".repeat(levels + 1)];
            const policy = `${begin}"role:administrator"${end}`;
            const body = bytesOf(`{"change":"c","policy":${policy}}`);
            try {
                decodeEvent({ type: "governance-set.v1" }, 1, concat(new Uint8Array(32), body));
                return null;
            } catch (error) {
                return error.code ?? String(error);
            }
        }""",
        levels,
    )
    assert found == (None if levels in NESTING["accepted"] else "event_malformed")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_who_acted_and_what_proves_it_is_derived_alike(page: Page, example: Any) -> None:
    expected = {name: example[name] for name in ("actor", "signature", "kid", "claims")}
    assert page.evaluate(DERIVED, example) == expected


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_every_consumer_of_the_verifier_knows_every_tag(page: Page, example: Any) -> None:
    (told,) = [each for each in TOLD if SAID(each) == SAID(example)]
    mine = [each for each in TOLD if each["stream"] == told["stream"] and each["seq"] < told["seq"]]
    earlier = sorted(mine, key=itemgetter("seq"))
    found = page.evaluate(CONSUMED, [FOUNDING, example, earlier])
    # Alone in a log, an event lacks the key of the person or of the ledger that signed it.
    tag, of_ledger, signed = example["type"], example["actor"] is None, bool(example["signature"])
    by_person = "key_unknown" if signed and not of_ledger else None
    by_ledger = None if tag == FOUNDING["type"] or not signed else "not_founded"
    is_effect = EXPLAINED[tag]["actor"] in ("change", "version")
    assert found == {
        "fold": None,
        "audit": "effect_unexpected" if is_effect else AUDITED.get(tag, "event_misplaced"),
        "signatures": by_ledger if of_ledger else by_person,
        "attestations": None,
        "keys": by_person,
    }


def test_a_tag_that_the_verifier_does_not_know_is_a_failure(page: Page) -> None:
    found = page.evaluate(
        """async () => {
            const events = await import("/verify/domain/events.js");
            const { claims } = await import("/verify/domain/claims.js");
            const event = { type: "role-revoked.v1", stream: "s", body: {} };
            const derivations = [
                events.streamOf,
                ...[events.actorOf, events.signatureOf, events.kidOf, claims],
            ];
            return Promise.all(derivations.map(async (derive, n) => {
                try { return String(await derive(n < 1 ? event.type : event)); }
                catch (error) { return error.code; }
            }));
        }"""
    )
    assert found == ["event_unknown"] * 5


@pytest.mark.parametrize(
    ("module", "constant", "tag"),
    [
        ("domain/events", "STATEMENT_WITHDRAWN", "statement-withdrawn.v1"),
        ("domain/charter", "LOG_FROZEN", "log-frozen.v1"),
        ("domain/person", "ROLE_GRANTED", "role-granted.v1"),
        ("domain/statement", "STATEMENT_WITHDRAWN", "statement-withdrawn.v1"),
        ("verify/decisions", "KEY_REVOKED", "key-revoked.v1"),
        ("verify/event_checks", "ROLE_GRANTED", "role-granted.v1"),
        ("verify/shown_statements", "STATEMENT_WITHDRAWN", "statement-withdrawn.v1"),
    ],
)
def test_a_module_that_forgets_a_tag_does_not_load(
    chromium: Chromium, module: str, constant: str, tag: str
) -> None:
    path = f"verify/{module}.js"
    row = re.compile(rf"^  \[TAG\.{constant}\]:.*?(?=^  \[TAG\.|^}}\))", re.MULTILINE | re.DOTALL)

    def forget(source: str) -> str:
        changed, count = row.subn("", source)
        assert count == 1
        return changed

    with opened(chromium, {path: forget}) as page:
        found = page.evaluate("(path) => import(path).then(() => null, String)", f"/{path}")
    assert found == f"Error: a table by tag lacks or adds {tag}"
