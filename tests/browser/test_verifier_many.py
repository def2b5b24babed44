"""A bundle with very many of one kind costs the page in proportion, not by the square.

What is counted is work that does not depend on the machine: hashes, members that are read, people
that are looked up.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

FEW, TIMES = 300, 4
GOLDEN = Path(__file__).parents[1] / "golden"
# Every event of the story of the golden files, by position, as `decodeEvent` makes it.
TOLD = [
    json.loads(each["entry"]) | {"body": json.loads(each["body"])}
    for path in sorted(GOLDEN.glob("*.json"))
    for each in json.loads(path.read_text("utf-8"))
]
STORY = [
    {"type": each["type"], "stream": each["stream"], "version": each["seq"], "at": each["at"]}
    | {"body": each["body"]}
    for each in sorted(TOLD, key=lambda each: each["seq"])
]

RESTORES = """async (count) => {
    const { requireTree } = await import("/verify/verify/tree.js");
    const { leafHash, rootOf } = await import("/static/js/lib/tree.js");
    const { hex } = await import("/static/js/lib/digest.js");
    const { tilesOf } = await import("/verify/tlog/tiles.js");
    const entries = Array.from({ length: count }, (_, n) => ({ raw: new Uint8Array([n, n >> 8]) }));
    const leaves = await Promise.all(entries.map(({ raw }) => leafHash(raw)));
    const events = [];
    for (let size = 0; size < count; size += 1) {
        const root = hex(await rootOf(leaves.slice(0, size)));
        const body = { kept: { size, root } };
        events.push({ type: "ledger-restored.v1", position: size + 1, body });
    }
    const note = { root: await rootOf(leaves) };
    const digest = crypto.subtle.digest;
    let hashes = 0;
    crypto.subtle.digest = function (...given) { hashes += 1; return digest.apply(this, given); };
    try {
        await requireTree({ tiles: [], note }, events, async (ask) => {
            for (const each of entries) await ask(each);
        });
        events.at(-1).body.kept.root = hex(new Uint8Array(32));
        const refused = await requireTree({ tiles: [], note }, events, async (ask) => {
            for (const each of entries) await ask(each);
        }).then(() => null, (error) => [error.code, error.position]);
        if (`${refused}` !== `root_mismatch,${count}`) throw new Error(`${refused}`);
    } finally {
        crypto.subtle.digest = digest;
    }
    return hashes;
}"""

EXHIBITS = """async ([story, count]) => {
    const { requireExhibits } = await import("/verify/verify/exhibits.js");
    const first = (type) => story.find((each) => each.type === type);
    const [attested, signed] = [first("key-attested.v1"), first("statement-signed.v1")];
    const about = story.filter(({ stream }) => stream === signed.stream);
    let reads = 0;
    const counted = (event) => new Proxy(event, {
        get(target, name) { reads += 1; return target[name]; },
    });
    const as = (event, n, more) => {
        const stream = event === attested ? event.stream : signed.stream;
        return { ...event, stream, version: n, position: n, body: { ...event.body, ...more } };
    };
    const taken = first("approval-retracted.v1");
    const kids = Array.from({ length: count }, (_, n) => `kid${n}`);
    const events = [
        first("ledger-created.v1"),
        ...story.filter(({ stream }) => stream === attested.stream),
        ...kids.map((kid, n) => as(attested, 100 + n, { kid })),
        about.find(({ type }) => type === "statement-drafted.v1"),
        ...kids.map((kid, n) => as(signed, 10_000 + n, { kid })),
        ...kids.map((_, n) => as(taken, 20_000 + n, { signer: `${n}` })),
    ].map(counted);
    const found = await requireExhibits(new Map(), events, [signed.stream])
        .then(() => null, (error) => error.code ?? error.stack);
    if (found !== "exhibit_mismatch") throw new Error(found);
    return reads;
}"""

LOSSES = """async ([story, count]) => {
    const charters = await import("/verify/domain/charter.js");
    const { People } = await import("/verify/domain/people.js");
    const first = (type) => story.find((each) => each.type === type);
    const person = {
        keys: new Map(), passkeys: new Map(), link: null, codes: [], accepted: new Map(),
    };
    const people = new People();
    let reads = 0;
    const told = (user) => people.set(user, new Proxy(person, {
        get(target, name) { reads += 1; return target[name]; },
    }));
    for (let n = 0; n < count; n += 1) told(`${n}`);
    let charter = await charters.evolveCharter(null, first("ledger-created.v1"));
    const restored = first("ledger-restored.v1");
    for (let n = 1; n <= count; n += 1) {
        const at = new Date(Date.parse(restored.at) + n).toISOString();
        const vkeys = restored.body.vkeys.map((vkey) => `${vkey}${n}`);
        const event = { ...restored, at, body: { ...restored.body, vkeys, epoch: n } };
        charter = await charters.evolveCharter(charter, event);
        const keys = charter.logKeys;
        charter = { ...charter, logKeys: new Proxy(keys, {
            get(target, name) {
                // A copy of the list costs little; a change of each of its members counts.
                if (name === "map") reads += target.length;
                return Reflect.get(target, name);
            },
        }) };
        const before = people.lose(event);
        if (before.size !== (n === 1 ? count : 1)) throw new Error(`${before.size} at ${n}`);
        if (!charters.precedesLoss(charter, restored.at)) throw new Error("before no loss");
        if (charters.lostEpochOf(charter) !== n) throw new Error("another epoch");
        told("1");
    }
    if (charter.knownLogKeys.size !== count * restored.body.vkeys.length) throw new Error("keys");
    return reads;
}"""

WAITING = """async (count) => {
    const { KnownStates } = await import("/verify/verify/known_states.js");
    const states = new KnownStates();
    const activeFrom = "2026-12-24T00:00:00.000Z";
    const later = { reEnrols: true, removed: false, needsAdmission: false, activeFrom };
    let asked = 0;
    states.people = new (class extends Map { get(key) { asked += 1; return super.get(key); } })();
    for (let n = 0; n < count; n += 1) {
        states.people.set(`${n}`, { passkeys: new Map([["a", later]]), keys: new Map() });
        states.noteReEnrolling(`${n}`);
    }
    const end = Date.parse(activeFrom);
    for (let n = count; n > 0; n -= 1) states.settle(end - n);
    if (states.reEnrolling.size !== count) throw new Error("before the end");
    states.settle(end);
    if (states.reEnrolling.size) throw new Error("after the end");
    return asked;
}"""


@pytest.mark.parametrize(
    ("work", "told"), [(RESTORES, False), (EXHIBITS, True), (LOSSES, True), (WAITING, False)],
    ids=["restores", "keys of a person", "losses and people", "people who come back"],
)  # fmt: skip
def test_four_times_as_many_cost_about_four_times_as_much(
    page: Page, work: str, told: bool
) -> None:
    def cost(count: int) -> Any:
        return page.evaluate(work, [STORY, count] if told else count)

    few, many = cost(FEW), cost(FEW * TIMES)
    assert few > FEW
    assert many < 1.5 * TIMES * few


def test_a_signer_whose_stream_is_no_persons_is_refused(page: Page) -> None:
    """The exhibits are computed before anything is decided."""
    code = page.evaluate(
        """async (story) => {
        const { requireExhibits } = await import("/verify/verify/exhibits.js");
        const first = (type) => story.find((each) => each.type === type);
        const attested = first("key-attested.v1");
        const signed = first("statement-signed.v1");
        const mine = story.filter(({ stream }) => stream === attested.stream);
        const decided = { ...signed, body: { ...signed.body, kid: attested.body.kid } };
        const events = [first("ledger-created.v1"), ...mine.slice(1), decided];
        return requireExhibits(new Map(), events, [signed.stream])
            .then(() => null, (error) => error.code ?? error.stack);
    }""",
        STORY,
    )
    assert code == "event_misplaced"


def test_the_events_of_one_stream_are_noted_in_place(page: Page) -> None:
    """A list that is copied for each of 60,000 events takes seconds."""
    took_ms = page.evaluate("""async () => {
        const { KnownStates } = await import("/verify/verify/known_states.js");
        const states = new KnownStates();
        const before = performance.now();
        for (let n = 1; n <= 60_000; n += 1) states.notePlace("a", n);
        if (states.erasing("a").positions.length !== 60_000) throw new Error("not all");
        return performance.now() - before;
    }""")
    assert took_ms < 500
