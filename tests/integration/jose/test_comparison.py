"""docs/reference/jws-compared.md says of other libraries what they do, in the locked versions."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ledger.jose import generate, import_private, sign
from tests.support.architecture import ROOT
from tests.support.jose_libraries import COMPACT, QUESTIONS, accepts, head, rows

PAGE = (ROOT / "docs/reference/jws-compared.md").read_text("utf-8")
SIGNERS = {
    "ES256": generate("ES256"),
    "EdDSA": generate("EdDSA"),
    "RS256": import_private(rsa.generate_private_key(65537, 2048), alg="RS256"),
    "PS256": generate("PS256", rsa_bits=2048),
    "HS256": import_private(bytes(range(32)), alg="HS256"),
}


@pytest.mark.parametrize("alg", SIGNERS)
@pytest.mark.parametrize("library", COMPACT)
def test_every_library_accepts_what_is_right(library: str, alg: str) -> None:
    """A library that refused everything would answer most questions with yes."""
    signer = SIGNERS[alg]
    jwk = signer.to_jwk() if alg == "HS256" else signer.to_public_jwk()
    assert accepts(COMPACT[library], sign(b"x", signer), jwk, alg)
    assert not accepts(COMPACT[library], sign(b"x", signer)[:-4] + "AAAA", jwk, alg)


def test_the_page_has_the_answer_of_every_library_to_every_question() -> None:
    assert len(rows()) == len(QUESTIONS)
    for row in (head(), *rows()):
        assert row in PAGE, row


def test_the_page_has_no_other_rows() -> None:
    table = [line for line in PAGE.splitlines() if line.startswith("| ")]
    assert table == [head(), *rows()]
