"""Keys in a PKCS#11 token: SoftHSM signs, and what the token does not give is said by name."""

import sys
from pathlib import Path

import pytest

from ledger.errors import ConflictError, LedgerError, NotFoundError, UnavailableError
from ledger.jose import parse_compact, verify_compact
from ledger.keystore.hsm import HsmKey
from ledger.keystore.opening import open_external, open_signing_key
from tests.support.softhsm import SoftHsm, place_of


def refusal(uri: str) -> LedgerError:
    with pytest.raises(LedgerError) as refused:
        open_external(place_of(uri))
    return refused.value


def test_a_key_in_a_token_signs(hsm: SoftHsm) -> None:
    uri = hsm.uri(hsm.create_key())
    key = open_signing_key(place_of(uri))
    verify_compact(parse_compact(key.sign(b"{}", typ="act+jwt")), key.jwk)
    assert open_signing_key(place_of(uri)).jwk == key.jwk


def test_a_key_is_named_by_its_id_too(hsm: SoftHsm) -> None:
    label = hsm.create_key()
    encoded = "".join(f"%{label[n : n + 2]}" for n in range(0, len(label), 2))
    by_id = hsm.uri(label).replace(f"object={label}", f"id={encoded}")
    assert open_external(place_of(by_id)).public == open_external(place_of(hsm.uri(label))).public


def test_a_token_without_such_a_key_says_so(hsm: SoftHsm) -> None:
    refused = refusal(hsm.uri("another"))
    assert isinstance(refused, NotFoundError)
    assert refused.code == "signer_key_missing"


def test_two_keys_of_one_name_are_refused(hsm: SoftHsm) -> None:
    label = hsm.create_key()
    hsm.pkcs11_tool("--keypairgen", "--key-type", "EC:edwards25519", "--label", label)
    assert refusal(hsm.uri(label)).code == "signer_key_missing"


def test_a_key_of_another_type_is_refused(hsm: SoftHsm) -> None:
    assert refusal(hsm.uri(hsm.create_key(kind="EC:prime256v1"))).code == "signer_key_missing"


@pytest.mark.parametrize("change", ["token", "module", "pin", "bytes"])
def test_a_token_that_cannot_be_reached_may_come_back(
    hsm: SoftHsm, tmp_path: Path, change: str
) -> None:
    label = hsm.create_key()
    (tmp_path / "pin").write_bytes(b"\xff")
    uri = {
        "token": hsm.uri(label, token="another"),
        "module": hsm.uri(label).replace(hsm.module, "/none.so"),
        "pin": hsm.uri(label, pin=Path("/none")),
        "bytes": hsm.uri(label, pin=tmp_path / "pin"),
    }[change]
    refused = refusal(uri)
    assert isinstance(refused, UnavailableError)
    assert refused.code == "signer_unavailable"
    assert uri in refused.detail


def test_a_session_that_the_device_lost_is_opened_again(hsm: SoftHsm) -> None:
    key = HsmKey(place_of(hsm.uri(hsm.create_key())))
    message = b"message"
    signature = key.sign(message)
    hsm.restart()
    assert key.sign(message) == signature


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_key_that_is_gone_or_another_one_signs_nothing(hsm: SoftHsm, is_replaced: bool) -> None:
    label = hsm.create_key()
    key = HsmKey(place_of(hsm.uri(label)))
    for kind in ("privkey", "pubkey"):
        hsm.pkcs11_tool("--delete-object", "--type", kind, "--label", label)
    if is_replaced:
        hsm.pkcs11_tool("--keypairgen", "--key-type", "EC:edwards25519", "--label", label)
    hsm.restart()
    with pytest.raises(UnavailableError) as refused:
        key.sign(b"message")
    assert refused.value.code == "signer_unavailable"
    assert ("another key" in refused.value.detail) is is_replaced


def test_without_the_package_the_refusal_says_what_to_install(
    hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    refused = refusal(hsm.uri("any"))
    assert isinstance(refused, ConflictError)
    assert refused.code == "hsm_support_missing"
    assert "pip install 'approval-ledger[hsm]'" in refused.detail
