"""Public test vectors of signatures and JWSs: what `ledger.jose` says of each, beside its authors.

A verdict is `good`, or the code of the refusal; `why` classifies each that differs. The page
docs/reference/jws-vectors.md has the table; `python -m tests.support.signature_vectors` prints it.
"""

import json
import lzma
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from ledger.encoding import b64u_decode, parse_json
from ledger.errors import LedgerError
from ledger.jose import Key, parse_key, verify_multi_all
from ledger.jose.algorithms import ALL_ALGORITHMS, InvalidSignature
from tests.support.architecture import ROOT

FOLDER = ROOT / "tests/vectors"
SIGNATURES, JOSE = "wycheproof/signatures.json.xz", "wycheproof/jose.json.xz"
JSON_SUITE = "jsontestsuite/suite.json.xz"
GOOD = "good"
# The salt of these signatures has not the length of the hash.
OTHER_SALTS = ("rsa_pss_2048_sha256_mgf1_0", "rsa_pss_4096_sha512_mgf1_32")


class Verdict(NamedTuple):
    """One test: its set, its number, what its authors expect and what we say."""

    set: str
    id: int
    expected: str
    ours: str
    test: dict[str, Any]

    @property
    def differs(self) -> bool:
        """Tell whether the authors and we disagree; `acceptable` leaves it to the reader."""
        return self.expected != "acceptable" and (self.expected == "valid") != (self.ours == GOOD)


@cache
def published(file: str) -> dict[str, Any]:
    """Return one file of vectors."""
    found: dict[str, Any] = json.loads(lzma.decompress((FOLDER / file).read_bytes()))
    return found


def signature_verdicts() -> Iterator[Verdict]:
    """Verify every signature with the function that verifies a JWS of its algorithm."""
    for each in published(SIGNATURES)["sets"]:
        keys = [_key(jwk, each["alg"]) for jwk in each["keys"]]
        for test in each["tests"]:
            key = keys[test["key"]]
            ours = key if isinstance(key, str) else _verify(key, each["alg"], test)
            yield Verdict(each["name"], test["id"], test["result"], ours, test)


def _key(jwk: dict[str, str], alg: str) -> Key | str:
    try:
        return parse_key(jwk | {"alg": alg})
    except LedgerError as error:
        return error.code


def _verify(key: Key, alg: str, test: dict[str, Any]) -> str:
    try:
        key.verifiers[alg](b64u_decode(test["signature"]), b64u_decode(test["message"]))
    except InvalidSignature:
        return "jws_signature_invalid"
    return GOOD


def jose_verdicts() -> Iterator[Verdict]:
    """Verify every whole JWS; of a key pair with its public half, and no other algorithm."""
    for each in published(JOSE)["sets"]:
        for group in each["groups"]:
            keys = group.get("public", group["private"])
            for test in group["tests"]:
                yield Verdict(
                    each["name"], test["tcId"], test["result"], _verify_jws(test["jws"], keys),
                    test | {"group": group["comment"]},
                )  # fmt: skip


def _verify_jws(jws: Any, keys: dict[str, Any]) -> str:
    text = jws if isinstance(jws, str) else json.dumps(jws)
    try:
        found = verify_multi_all(text, keys, algorithms=sorted(ALL_ALGORITHMS), now=None)
    except LedgerError as error:
        return error.code
    errors = [outcome.error for outcome in found.outcomes if outcome.error is not None]
    return errors[0].code if errors else GOOD


def json_verdicts() -> Iterator[Verdict]:
    """Parse every text; `y` must be accepted, `n` refused, `i` is free."""
    expected = {"y": "valid", "n": "invalid", "i": "acceptable"}
    for number, (name, text) in enumerate(published(JSON_SUITE)["texts"].items()):
        try:
            parse_json(b64decode(text))
            ours = GOOD
        except LedgerError as error:
            ours = error.code
        yield Verdict("JSONTestSuite", number, expected[name[0]], ours, {"comment": name})


@cache
def verdicts() -> list[Verdict]:
    """Return all verdicts."""
    return [*signature_verdicts(), *jose_verdicts(), *json_verdicts()]


def why(verdict: Verdict) -> str | None:
    """Return the class of a verdict that differs from its authors'; None for one that must not."""
    test, ours = verdict.test, verdict.ours
    comment, group = test.get("comment"), test.get("group")
    refused, taken = ours != GOOD, ours == GOOD
    classes = {
        "salt": refused and verdict.set in OTHER_SALTS,
        "short tag": refused and test.get("tag", 512) < _tag_bits(verdict.set),
        "short secret": ours == "jwk_invalid" and comment == "short key",
        "context": refused and bool(test.get("context")),
        "key's alg": ours == "jws_alg_not_allowed" and comment == "Figure20",
        "no such alg": ours == "jwk_invalid" and comment == "Figure27",
        "characters": refused and str(comment).startswith("InvalidCharacterInserted"),
        "duplicate names": ours == "json_duplicate_member",
        "serialization": taken and comment == "rejectsValidJsonSerialization",
        "mixed set": taken and group == "jws_mixedSymmetryKeyset",
        "same kid": taken and group == "jws_duplicate_kid",
        "padding lost": taken and str(comment).startswith("invalidBase64Padding"),
    }
    return next((name for name, holds in classes.items() if holds), None)


def _tag_bits(name: str) -> int:
    return int(name.removeprefix("hmac_sha")) if name.startswith("hmac") else 0


def rows() -> list[str]:
    """Return the rows of the table in docs/reference/jws-vectors.md."""
    found = []
    sets = {name: each["published"] for name, each in _published_sets()}
    for name in dict.fromkeys(verdict.set for verdict in verdicts()):
        mine = [verdict for verdict in verdicts() if verdict.set == name]
        agree = [verdict for verdict in mine if not verdict.differs]
        counts = Counter(verdict.ours == GOOD for verdict in agree)
        classes = Counter(why(verdict) for verdict in mine if verdict.differs)
        told = ", ".join(f"{number} × {kind}" for kind, number in sorted(classes.items())) or "–"
        tests = f"{len(mine)} of {sets.get(name, len(mine))}"
        found.append(f"| `{name}` | {tests} | {counts[True]} | {counts[False]} | {told} |")
    return found


def _published_sets() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in (SIGNATURES, JOSE):
        for each in published(file)["sets"]:
            yield each["name"], each


if __name__ == "__main__":
    print("\n".join(rows()))
