"""The limits that the reference names are the ones that the grammar has."""

import re
from pathlib import Path

from ledger.encoding import MAX_SAFE_INTEGER
from ledger.webauthn_grammar import authenticator_data, cbor, client_data, cose, rsa_modulus

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "webauthn-grammar.md"


def limits() -> dict[str, str]:
    """Return the rows of the page's first table."""
    table = PAGE.read_text("utf-8").split("## Limits")[1].split("##")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE)
    return dict(rows[1:])


def test_the_limits_of_the_reference_are_the_grammars() -> None:
    assert MAX_SAFE_INTEGER == 2**53 - 1
    assert limits() == {
        "a CBOR item, authenticator data": f"{cbor.MAX_BYTES:,} bytes",
        "levels of CBOR, the outermost item at level 1": str(cbor.MAX_DEPTH),
        "members of one array or map": str(cbor.MAX_MEMBERS),
        "items in all: containers, keys and values": str(cbor.MAX_ITEMS),
        "a CBOR integer": "−2^53 to 2^53 − 1",
        "client data": f"{client_data.MAX_BYTES:,} bytes",
        "credential id": f"1 to {authenticator_data.MAX_CREDENTIAL_ID_BYTES:,} bytes",
        "attestation statement format": f"1 to {authenticator_data.MAX_FORMAT_CHARS} characters",
        "RSA modulus": f"{cose.MIN_RSA_BITS:,} to {cose.MAX_RSA_BITS:,} bits",
        "smallest prime factor of an RSA modulus": f"above {rsa_modulus.MAX_SMALL_PRIME:,}",
    }
