"""The request that a person copies from their account page, for a key or a service account."""

import json
from typing import Any

import pytest

from ledger.client.login import AskedService, _parts
from ledger.domain.holdings import ServiceScope
from ledger.encoding import b64u_encode
from ledger.errors import MalformedError
from tests.support.refusals import refused

SERVICE: dict[str, Any] = {"acts": ["draft"], "name": "deploy", "types": [], "untyped": True}
ASKED: dict[str, Any] = {"expiresAt": "2027-01-01T00:00:00.000Z", "service": SERVICE}


def third(value: object) -> str:
    return b64u_encode(json.dumps(value).encode())


def test_a_request_for_a_key_has_two_parts() -> None:
    assert _parts("user.nonce") == ("user", "nonce", None)


def test_a_request_for_a_service_account_has_a_third_one() -> None:
    scope = ServiceScope("deploy", ("draft",), (), untyped=True)
    asked = AskedService("2027-01-01T00:00:00.000Z", scope)
    assert _parts(f"user.nonce.{third(ASKED)}") == ("user", "nonce", asked)


@pytest.mark.parametrize(
    "request_",
    [
        "",
        ".",
        "user",
        "user.",
        ".nonce",
        "user.nonce.",
        "user.nonce.e30.more",
        "user.nonce.e30",
        "user.nonce.!",
        "user.nonce.bm90IGpzb24",
        f"user.nonce.{third(ASKED | {'more': 1})}",
        f"user.nonce.{third(ASKED | {'service': SERVICE | {'acts': ['sign']}})}",
        f"user.nonce.{third(ASKED | {'service': {}})}",
        f"user.nonce.{third(ASKED | {'service': SERVICE | {'name': 'deploy' + chr(27) + '[2J'}})}",
        f"user.nonce.{third(ASKED)[:-2]}",
    ],
)
def test_another_request_is_refused(request_: str) -> None:
    with refused(MalformedError, "request_invalid"):
        _parts(request_)
