"""Three signers, and the error of a refused signing."""

import json
from typing import Any

import pytest

from ledger.encoding import b64u_decode
from ledger.errors import LedgerError
from ledger.jose import (
    generate,
    sign_multi,
)

ALICE, BOB, CAROL = generate("EdDSA"), generate("ES256"), generate("EdDSA")
KEYS = [ALICE.public, BOB.public, CAROL.public]


def header(jws: dict[str, Any], index: int = 0) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(b64u_decode(jws["signatures"][index]["protected"]))
    return decoded


def refused(*arguments: Any, **options: Any) -> str:
    with pytest.raises(LedgerError) as error:
        sign_multi(*arguments, **options)
    return error.value.code
