"""What a provider says is believed only if it is signed by its key, for us, for this sign-in."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from ledger.encoding import b64u_encode
from ledger.errors import RefusedError, UnavailableError
from ledger.organisation import provider as provider_module
from ledger.organisation.provider import Provider
from ledger.system.http_client import HttpResponse
from ledger.system.organisation_settings import OrganisationSettings
from tests.support.refusals import refused

ISSUER = "https://id.example"
NOW_S = 1_800_000_000
SHORT = b64u_encode(b"\xc1" + b"\x55" * 127)  # 1,024 bits
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
SETTINGS = OrganisationSettings(
    ISSUER,
    "ledger",
    "",
    is_required=False,
    private_hosts=frozenset(),
    scim_tokens=frozenset(),
    group_prefix="ledger-",
)
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "ledger",
    "sub": "248289761001",
    "iat": NOW_S,
    "exp": NOW_S + 300,
    "nonce": "n",
    "preferred_username": "alice",
}
Answer = Callable[[str, bytes | None], tuple[int, Any]]


class Stand(Provider):
    """A provider whose answers are given; `asked` are the addresses it was asked at."""

    def __init__(self, *keys: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        super().__init__(SETTINGS, "https://ledger.example")
        self.keys = [*(keys or (KEY.as_dict(private=False),))]
        self.metadata = METADATA if metadata is None else metadata
        self.token: Any = None
        self.asked: list[str] = []

    def _ask(self, url: str, form: bytes | None, headers: Any) -> HttpResponse:
        self.asked.append(url)
        body: Any = {"id_token": self.token}
        if url.endswith("/jwks"):
            body = {"keys": self.keys}
        elif form is None:
            body = self.metadata
        return HttpResponse(200, "application/json", json.dumps(body).encode(), 0)


def signed(claims: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    told = {"alg": "RS256", "kid": "one"} | header
    return jwt.encode(told, claims, key, algorithms=[told["alg"]])


def test_a_token_of_the_provider_for_us_names_its_person() -> None:
    found = Stand().identity(signed(CLAIMS | {"groups": ["ledger-legal", 7]}), "n", now_s=NOW_S)
    assert (found.subject, found.username) == ("248289761001", "alice")
    assert found.groups == ("ledger-legal",)


@pytest.mark.parametrize(
    "name", ["a\0b", "a\nb", "a\u202eb", "a\u200bb", "\u3164", "x" * 256, 7, None]
)
def test_a_name_that_no_page_can_show_is_dropped(name: Any) -> None:
    told = CLAIMS | {"preferred_username": name, "groups": [name, "ledger-legal"]}
    found = Stand().identity(signed(told), "n", now_s=NOW_S)
    assert (found.username, found.groups) == ("", ("ledger-legal",))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"iss": f"{ISSUER}/"},
        {"aud": "another"},
        {"aud": []},
        {"aud": ["another"]},
        {"aud": ["ledger", "another"]},
        {"aud": ["ledger", "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "m"},
        {"nonce": ""},
        {"iat": NOW_S - 601},
        {"iat": NOW_S + 61},
        {"exp": NOW_S - 60},
        {"sub": ""},
        {"sub": "a\nb"},
        {"sub": "a\0b"},
        {"sub": "a\u202eb"},
        {"sub": "x" * 256},
        {"sub": 7},
        {"exp": "soon"},
    ],
)
def test_a_token_of_another_kind_time_or_sign_in_is_refused(change: dict[str, Any]) -> None:
    with refused(RefusedError, "provider_refused"):
        Stand().identity(signed(CLAIMS | change), "n", now_s=NOW_S)


def test_a_token_without_a_signature_or_with_a_shared_secret_is_refused() -> None:
    body = b64u_encode(json.dumps(CLAIMS).encode())
    none = b64u_encode(b'{"alg":"none","kid":"one"}')
    secret = OctKey.generate_key(256)
    shared = jwt.encode({"alg": "HS256", "kid": "one"}, CLAIMS, secret, algorithms=["HS256"])
    for token in (f"{none}.{body}.", f"{none}.{body}", shared):
        with refused(RefusedError, "provider_refused"):
            Stand().identity(token, "n", now_s=NOW_S)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "e30.e30.e30", "x" * 70_000, "\x00.a.b"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with refused(RefusedError, "provider_refused"):
        Stand().identity(token, "n", now_s=NOW_S)


def test_a_token_of_another_key_or_with_a_changed_byte_is_refused() -> None:
    other = RSAKey.generate_key(2048, {"kid": "one"})
    good = signed(CLAIMS)
    for token in (signed(CLAIMS, other), good[:-2] + ("AA" if good[-2:] != "AA" else "BB")):
        with refused(RefusedError, "provider_refused"):
            Stand().identity(token, "n", now_s=NOW_S)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{"kty": "RSA"}],
        [{"kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB"}],
        [{"kty": "oct", "kid": "one", "k": "AAAA"}],
        [KEY.as_dict(private=False) | {"use": "enc"}],
        [KEY.as_dict(private=False) | {"alg": "RS512"}],
        [KEY.as_dict(private=False), KEY.as_dict(private=False)],
        [{"kty": "RSA", "kid": "one", "n": SHORT, "e": "AQAB"}],
    ],
)
def test_keys_that_cannot_have_signed_verify_nothing(keys: list[dict[str, Any]]) -> None:
    stand = Stand()
    stand.keys = keys
    with refused(RefusedError, "provider_refused"):
        stand.identity(signed(CLAIMS), "n", now_s=NOW_S)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-256", {"kid": "two"}), "ES256"),
        (OKPKey.generate_key("Ed25519", {"kid": "two"}), "Ed25519"),
        (RSAKey.generate_key(2048, {"kid": "two"}), "PS256"),
    ],
)
def test_the_other_algorithms_of_providers_are_taken(key: Any, algorithm: str) -> None:
    stand = Stand(key.as_dict(private=False))
    token = signed(CLAIMS, key, alg=algorithm, kid="two")
    assert stand.identity(token, "n", now_s=NOW_S).subject == CLAIMS["sub"]


def test_an_unknown_key_makes_the_keys_be_read_again_but_not_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand = Stand()
    stand.identity(signed(CLAIMS), "n", now_s=NOW_S)
    known = len(stand.asked)
    for _ in range(3):
        with refused(RefusedError, "provider_refused"):
            stand.identity(signed(CLAIMS, kid="new"), "n", now_s=NOW_S)
    assert len(stand.asked) == known
    monkeypatch.setattr(provider_module, "REFETCH_S", -1.0)
    stand.keys = [KEY.as_dict(private=False) | {"kid": "new"}]
    assert stand.identity(signed(CLAIMS, kid="new"), "n", now_s=NOW_S).subject == CLAIMS["sub"]


def test_a_sign_in_has_state_nonce_and_a_hashed_verifier() -> None:
    where, flow = Stand().begin("/inbox", now_s=NOW_S)
    assert where.startswith(f"{ISSUER}/authorize?response_type=code&client_id=ledger&")
    assert f"state={flow.state}" in where
    assert f"nonce={flow.nonce}" in where
    assert "code_challenge_method=S256" in where
    assert flow.verifier not in where
    assert len({flow.state, flow.nonce, flow.verifier}) == 3


def test_a_code_is_exchanged_for_who_came_back() -> None:
    stand = Stand()
    _, flow = stand.begin("/", now_s=NOW_S)
    stand.token = signed(CLAIMS | {"nonce": flow.nonce})
    assert stand.finish(flow, "c", issuer=ISSUER, now_s=NOW_S).subject == CLAIMS["sub"]
    with refused(RefusedError, "provider_refused"):
        stand.finish(flow, "c", issuer="https://evil.example", now_s=NOW_S)
    for token in (None, 7, {"a": 1}):
        stand.token = token
        with refused(RefusedError, "provider_refused"):
            stand.finish(flow, "c", issuer=None, now_s=NOW_S)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://id.example/authorize"},
        {"token_endpoint": "ftp://id.example/token"},
        {"token_endpoint": 7},
        {"jwks_uri": "x" * 3_000},
    ],
)
def test_metadata_of_another_issuer_or_without_https_is_not_used(change: dict[str, Any]) -> None:
    with refused(UnavailableError, "provider_unavailable"):
        Stand(metadata=METADATA | change).begin("/", now_s=NOW_S)


def test_a_thousand_keys_are_not_read() -> None:
    stand = Stand()
    stand.keys = [{"kty": "RSA"}] * 1_000
    with refused(UnavailableError, "provider_unavailable"):
        stand.begin("/", now_s=NOW_S)


def test_a_provider_that_failed_is_not_asked_at_once_again() -> None:
    stand = Stand(metadata={})
    for _ in range(3):
        with refused(UnavailableError, "provider_unavailable"):
            stand.begin("/", now_s=NOW_S)
    assert len(stand.asked) == 1


def test_a_provider_that_leads_inward_is_not_asked() -> None:
    for issuer in ("https://127.0.0.1", "https://169.254.169.254", "https://[fd00:ec2::254]"):
        inward = OrganisationSettings(
            issuer,
            "ledger",
            "",
            is_required=False,
            private_hosts=frozenset(),
            scim_tokens=frozenset(),
            group_prefix="",
        )
        with refused(UnavailableError, "provider_unavailable"):
            Provider(inward, "https://ledger.example").begin("/", now_s=NOW_S)


def test_ten_thousand_groups_are_not_kept() -> None:
    token = signed(CLAIMS | {"groups": [f"g{n}" for n in range(2_000)]})
    assert Stand().identity(token, "n", now_s=NOW_S).groups == ()
