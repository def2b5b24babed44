"""The places of keys that settings name."""

from pathlib import Path

import pytest

from ledger.errors import MalformedError
from ledger.keystore.places import (
    AgentKey,
    LogKeyPlaces,
    Pkcs11Uri,
    parse_key_place,
    parse_log_key_places,
)
from ledger.settings import read_settings

AGENT = "/run/agent.sock"
FINGERPRINT = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
URI = "pkcs11:token=ledger;object=log?module-path=/usr/lib/hsm.so&pin-source=file:/etc/pin"


def test_a_text_without_a_scheme_is_the_path_of_a_file() -> None:
    assert parse_key_place("/etc/ledger/my key.pem", agent=None) == Path("/etc/ledger/my key.pem")


def test_a_pkcs11_uri_names_token_key_module_and_the_file_of_the_pin() -> None:
    assert parse_key_place(URI, agent=None) == Pkcs11Uri(
        text=URI,
        module="/usr/lib/hsm.so",
        token="ledger",
        serial=None,
        label="log",
        id=None,
        pin=Path("/etc/pin"),
    )


def test_the_attributes_of_a_uri_are_percent_encoded() -> None:
    uri = "pkcs11:token=My%20Token;serial=ab;id=%01%ff;type=private?module-path=/a%3fb"
    found = parse_key_place(uri, agent=None)
    assert found == Pkcs11Uri(uri, "/a?b", "My Token", b"ab", None, b"\x01\xff", None)


@pytest.mark.parametrize("source", ["/etc/pin", "file:/etc/pin", "file:///etc/pin"])
def test_the_source_of_a_pin_is_a_file(source: str) -> None:
    uri = f"pkcs11:token=t;object=o?module-path=/m&pin-source={source}"
    found = parse_key_place(uri, agent=None)
    assert isinstance(found, Pkcs11Uri)
    assert found.pin == Path("/etc/pin")


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:",
        "pkcs11:token=t?module-path=/m",
        "pkcs11:object=o?module-path=/m",
        "pkcs11:token=t;object=o",
        "pkcs11:token=;object=o?module-path=/m",
        "pkcs11:token=t;object=o;object=p?module-path=/m",
        "pkcs11:token=t;object=o;slot-id=1?module-path=/m",
        "pkcs11:token=t;object=o;type=public?module-path=/m",
        "pkcs11:token=t;object=%ff?module-path=/m",
        "pkcs11:token=t;object=%zz?module-path=/m",
        "pkcs11:token=t;object=a b?module-path=/m",
        "pkcs11:token=t;object=o?module-path=/m&module-path=/n",
        "pkcs11:token=t;object=o?module-path=/m&pin-source=|/bin/pin",
        "pkcs11:token=t;object=o?module-path=/m&pin-source=pin",
        "pkcs11:token=t;object=o?module-path=/m&pin-value=1234",
        "ssh-agent:",
        "ssh-agent:MD5:00",
        f"ssh-agent:{FINGERPRINT}=",
    ],
)
def test_a_malformed_place_is_refused(uri: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_key_place(uri, agent=AGENT)
    assert refused.value.code == "key_place_invalid"


@pytest.mark.parametrize("name", ["LEDGER_OWN_KEY", "LEDGER_LOG_KEYS"])
def test_a_pin_in_a_setting_is_refused_and_not_repeated(name: str) -> None:
    uri = "pkcs11:token=t;object=o?module-path=/m&pin-value=19283746"
    with pytest.raises(MalformedError) as refused:
        read_settings({name: uri})
    assert refused.value.code == "setting_invalid"
    assert refused.value.detail.startswith(f"{name} ")
    assert "19283746" not in str(refused.value)


def test_a_key_in_an_agent_is_named_by_its_fingerprint() -> None:
    found = parse_key_place(f"ssh-agent:{FINGERPRINT}", agent=AGENT)
    assert found == AgentKey(FINGERPRINT, Path(AGENT))
    assert str(found) == f"ssh-agent:{FINGERPRINT}"


def test_a_key_in_an_agent_needs_the_agents_socket() -> None:
    with pytest.raises(MalformedError) as refused:
        parse_key_place(f"ssh-agent:{FINGERPRINT}", agent=None)
    assert "SSH_AUTH_SOCK" in refused.value.detail
    settings = read_settings({"LEDGER_OWN_KEY": f"ssh-agent:{FINGERPRINT}", "SSH_AUTH_SOCK": AGENT})
    assert settings.own_key == AgentKey(FINGERPRINT, Path(AGENT))


def test_log_keys_are_in_one_file_and_any_number_of_other_places() -> None:
    default = Path("data/log-keys.pem")

    def parsed(text: str) -> LogKeyPlaces:
        return parse_log_key_places(text, default, agent=AGENT)

    uri, agent = parse_key_place(URI, agent=None), AgentKey(FINGERPRINT, Path(AGENT))
    assert not isinstance(uri, Path)
    assert parsed("/a b/keys.pem") == LogKeyPlaces(Path("/a b/keys.pem"))
    assert parsed(URI) == LogKeyPlaces(default, (uri,))
    both = parsed(f"/keys.pem  {URI}\nssh-agent:{FINGERPRINT}")
    assert both == LogKeyPlaces(Path("/keys.pem"), (uri, agent))
    assert str(both) == f"/keys.pem {URI} ssh-agent:{FINGERPRINT}"
    with pytest.raises(MalformedError) as refused:
        parsed(f"/a.pem /b.pem {URI}")
    assert refused.value.code == "key_place_invalid"
