"""The offline verifier's modules, one by one, held to the vectors of others and to Python."""

import hashlib
import json
import random
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from ledger.domain import events
from ledger.encoding import b64_encode
from ledger.jose import parse_compact
from ledger.tlog import checkpoint, merkle
from ledger.tlog.vkeys import parse_vkey
from ledger.verify.container import parse, write
from tests.browser.verifier_modules import code, codes, raw
from tests.vectors.evidence.cases import good, states

VECTORS = Path(__file__).parents[1] / "vectors" / "tlog"
NOTES: dict[str, Any] = json.loads((VECTORS / "notes.json").read_text())
TREES: list[dict[str, Any]] = json.loads((VECTORS / "trees.json").read_text())["trees"]
KEYS = [NOTES["ed25519"]["vkey"], NOTES["mlDsa44"]["vkey"]]


def mutations(whole: bytes, count: int) -> list[bytes]:
    """Return a text with one byte changed, left out, put in, or with its end cut off."""
    chosen = random.Random(1)
    found = []
    for n in range(count):
        at = chosen.randrange(len(whole))
        middle = (bytes([whole[at] ^ 1 << chosen.randrange(8)]), b"", b"\n" + whole[at : at + 1])
        found.append(whole[:at] + middle[n % 4] + whole[at + 1 :] if n % 4 < 3 else whole[:at])
    return found


def test_checkpoints_of_another_implementation_verify_under_both_keys(page: Page) -> None:
    calls = [
        [raw(each["note"].encode()), [{"vkey": key}], NOTES["origin"]]
        for each, key in product(NOTES["notes"], KEYS)
    ]
    assert codes(page, "tlog/checkpoint", "verifyNote", calls) == [None] * len(calls)


def test_a_changed_checkpoint_is_refused_for_the_reason_that_python_gives(page: Page) -> None:
    note = NOTES["notes"][-1]["note"].encode()
    # Most of a note is one long signature, so its beginning has its own share.
    texts = mutations(note, 200) + [each + note[200:] for each in mutations(note[:200], 200)]
    keys = [parse_vkey(key) for key in KEYS]
    named = [{"vkey": key} for key in KEYS]
    origin = NOTES["origin"]
    expected = [code(checkpoint.verify_note, text, keys, expected_origin=origin) for text in texts]
    assert len(set(expected)) >= 5
    calls = [[raw(text), named, origin] for text in texts]
    assert codes(page, "tlog/checkpoint", "verifyNote", calls) == expected


def test_a_changed_proof_is_refused_for_the_reason_that_python_gives(page: Page) -> None:
    texts = mutations(parse(good("statement"))["proofs/12.tlog-proof"], 200)
    expected = [code(checkpoint.parse_proof, text) for text in texts]
    assert {None, "proof_malformed"} == set(expected)
    assert codes(page, "tlog/checkpoint", "parseProof", [[raw(text)] for text in texts]) == expected


def test_a_container_of_more_files_than_a_zip_file_counts_is_written_and_read(page: Page) -> None:
    """The page writes it and Python's digest says that it is the same; then each byte counts."""
    flipped = (20, 40, 60, 97)  # places from the end, in each record after the last header
    whole = write({f"{n:06d}": b"x" for n in range(65_536)})
    texts = [whole, whole[:-98] + whole[-22:]]
    texts += [whole[:-at] + bytes([whole[-at] ^ 1]) + whole[-at + 1 :] for at in flipped]
    expected = [code(parse, text) for text in texts]
    assert expected == [None, *["bundle_malformed"] * 5]
    script = """async (flipped) => {
        const { parseContainer, writeContainer } = await import("/verify/verify/container.js");
        const { sha256Hex } = await import("/static/js/lib/digest.js");
        const { joinAll } = await import("/verify/encoding.js");
        const named = (n) => [String(n).padStart(6, "0"), new Uint8Array([120])];
        const written = (count) =>
            writeContainer(new Map(Array.from({ length: count }, (_, n) => named(n))));
        const codeOf = (bytes) => {
            try { parseContainer(bytes); } catch (error) { return error.code; }
            return null;
        };
        const whole = written(65536);
        const digests = await Promise.all([2, 65535].map((n) => sha256Hex(written(n))));
        digests.push(await sha256Hex(whole));
        const codes = [codeOf(whole), codeOf(joinAll([whole.slice(0, -98), whole.slice(-22)]))];
        for (const at of flipped) {
            whole[whole.length - at] ^= 1;
            codes.push(codeOf(whole));
            whole[whole.length - at] ^= 1;
        }
        return { codes, digests };
    }"""
    others = [write({f"{each:06d}": b"x" for each in range(n)}) for n in (2, 65_535)]
    digests = [hashlib.sha256(each).hexdigest() for each in (*others, whole)]
    found = page.evaluate(script, flipped)
    assert found == {"codes": expected, "digests": digests}


def test_a_changed_vkey_is_refused(page: Page) -> None:
    texts = [each.decode("latin-1") for key in KEYS for each in mutations(key.encode(), 200)]
    weak = [f"w+{name}+{b64_encode(bytes([1]) + y)}" for name, y in weak_keys()]
    expected = [code(parse_vkey, text) for text in (*texts, *weak)]
    assert set(expected) == {"vkey_invalid"}
    assert codes(page, "tlog/vkeys", "parseVkey", [[text] for text in (*texts, *weak)]) == expected


def weak_keys() -> list[tuple[str, bytes]]:
    """Return Ed25519 keys of small order, or in a second spelling, with their right ids."""
    prime = 2**255 - 19
    named = []
    for number in (0, 1, prime - 1, prime, prime + 1, 2**255 + 1):
        y = number.to_bytes(32, "little")
        named.append((hashlib.sha256(b"w\n\1" + y).hexdigest()[:8], y))
    return named


def test_inclusion_proofs_verify_and_no_other_index_size_or_hash_does(page: Page) -> None:
    calls: list[list[Any]] = []
    expected: list[str | None] = []
    for tree in TREES[:12]:
        size, root = tree["size"], bytes.fromhex(tree["root"])
        for each in tree["inclusion"]:
            index, proof = each["index"], [bytes.fromhex(one) for one in each["proof"]]
            leaf = hashlib.sha256(b"\0entry %d" % index).digest()
            for at, of, path in (
                (index, size, proof),
                (index + 1, size, proof),
                (index, size + 1, proof),
                (index, size, proof[:-1]),
                (index, size, [*proof, leaf]),
            ):
                calls.append([raw(leaf), at, of, [raw(one) for one in path], raw(root)])
                expected.append(code(merkle.verify_inclusion, leaf, at, of, path, root))
    assert {None, "inclusion_refused"} == set(expected)
    assert codes(page, "tlog/merkle", "verifyInclusion", calls) == expected


def test_a_changed_jws_is_parsed_or_refused_like_in_python(page: Page) -> None:
    body = events.decode(states()[12]).body
    assert isinstance(body, events.StatementSigned)
    texts = [each.decode("latin-1") for each in mutations(body.jws.encode(), 300)]
    expected = [code(parse_compact, text) for text in texts]
    assert len(set(expected)) >= 4
    assert codes(page, "jose/compact", "parseCompact", [[text] for text in texts]) == expected


def test_a_changed_container_is_refused_like_in_python(page: Page) -> None:
    small = write({"a": b"", "b/c.txt": b"Two files.", "d": bytes(100)})
    whole = [bytes([*small[:at], small[at] ^ 1, *small[at + 1 :]]) for at in range(len(small))]
    texts = [small, *whole, *mutations(small, 200)]
    expected = [code(parse, text) for text in texts]
    assert expected[0] is None
    assert {None, "bundle_malformed", "bundle_name_invalid"} == set(expected)
    assert (
        codes(page, "verify/container", "parseContainer", [[raw(text)] for text in texts])
        == expected
    )


def test_a_verdict_has_the_indication_that_python_gives(page: Page) -> None:
    cases = json.loads((VECTORS.parent / "indications/indications.json").read_text())["cases"]
    script = """async (cases) => {
        const { indicated } = await import("/verify/verify/indications.js");
        const named = ([name, outcome, code]) => ({ name, outcome, code, says: "So." });
        return cases.map(({ verdict, checks, requirements, statuses }) => Object.values(indicated({
            verdict,
            checks: checks.map(named),
            statements: statuses.map((status) => ({ status })),
            requirements: requirements.map(([name, met, undecided]) =>
                ({ name, met, undecided, says: "So." })),
        })));
    }"""
    assert page.evaluate(script, cases) == [case["expected"] for case in cases]
