"""Write the grammar's vectors: `python -m tests.vectors.webauthn.make`.

`grammar.json` has a list for each reader. A case is a name, an input and what the reader says of
it: `detail` is null where the input is accepted, and is otherwise the refusal's whole detail; its
code follows from the reader that refused. An input is `hex`, `text` (UTF-8), or `runs`: hex and how
often it is repeated. Of `everyPrefix`, each input is accepted and each shorter beginning is
refused. `ed25519` has keys and signatures: what a verifier says of them after the strict form.

The expected details are written by hand in the tables beside this file; no reader computes them.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.vectors.webauthn import authenticators, clients, keys, objects, signatures
from tests.vectors.webauthn.cases import Case, described

FILE = Path(__file__).parent / "grammar.json"


def _group(cases: list[Case]) -> list[dict[str, Any]]:
    return [described(case) for case in cases]


@cache
def text() -> str:
    """Return the file."""
    vectors = {
        "expected": clients.EXPECTED,
        "cbor": _group(objects.CASES),
        "clientData": _group(clients.CASES),
        "registrationData": _group(authenticators.REGISTRATIONS),
        "assertionData": _group(authenticators.ASSERTIONS),
        "attestationObject": _group(authenticators.ATTESTATIONS),
        "coseKey": _group(keys.CASES),
        "signature": _group(signatures.CASES),
        "everyPrefix": [
            {"reader": reader, "hex": raw.hex()}
            for reader, raw in (*keys.WHOLE, *authenticators.WHOLE)
        ],
        "ed25519": signatures.verdicts(),
    }
    return json.dumps(vectors, indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
