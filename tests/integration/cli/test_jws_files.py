"""`ledger jws` with the files that people have: exact bytes, key files of other programs."""

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from ledger.__main__ import main
from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import Hints, Sign, generate, import_private, sign, sign_multi
from tests.support.strangers import Reply, stranger

ALICE = generate("EdDSA")
BARE = {name: ALICE.to_public_jwk()[name] for name in ("kty", "crv", "x")}
SECRET = {"kty": "oct", "k": b64u_encode(bytes(range(32)))}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> Any:
    (tmp_path / "alice.jwk").write_text(json.dumps(ALICE.to_jwk()))
    (tmp_path / "alice.json").write_text(json.dumps(ALICE.to_public_jwk()))
    (tmp_path / "claims.json").write_text('{"iss":"a","sub":"u1"}')
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, bytes]:
        status = main(["jws", *arguments])
        captured = capfdbinary.readouterr()
        return status, captured.err.decode(), captured.out

    return run


def keep(run: Any, name: str, *arguments: str) -> None:
    status, err, out = run(*arguments)
    assert (status, err) == (0, "")
    Path(name).write_bytes(out)


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)  # noqa: S607  # the PATH's


@pytest.mark.parametrize(
    "payload",
    [b"a.b.c\n", b"a.b.c", b"a\r\n", b"\n", b" {} \n", b"\xef\xbb\xbftext", b"\0", b'{"a":1}\n\n'],
)
def test_exactly_the_bytes_of_the_file_are_signed_and_given_back(run: Any, payload: bytes) -> None:
    Path("payload").write_bytes(payload)
    keep(run, "jws", "sign", "payload", "--key", "alice.jwk")
    assert b64u_decode(json.loads(Path("jws").read_text())["payload"]) == payload
    assert run("verify", "jws", "--keys", "alice.json", "--output", "back")[0] == 0
    assert Path("back").read_bytes() == payload
    status, err, out = run("verify", "jws", "--keys", "alice.json", "--output", "-")
    assert (status, out) == (0, payload)
    assert err.endswith("verified: 1 of 1 signatures\n")
    keep(run, "detached", "sign", "payload", "--key", "alice.jwk", "--detached")
    assert run("verify", "detached", "--keys", "alice.json", "--payload", "payload")[0] == 0


def test_a_jws_of_another_program_over_a_file_is_good(run: Any) -> None:
    Path("payload").write_bytes(b"a.b.c\n")
    Path("jws").write_text(sign(b"a.b.c\n", ALICE, detached=True) + "\r\n")
    assert run("verify", "jws", "--keys", "alice.json", "--payload", "payload")[0] == 0


def test_an_empty_payload_is_signed_when_it_is_asked_for(run: Any) -> None:
    Path("empty").write_bytes(b"")
    keep(run, "jws", "sign", "empty", "--key", "alice.jwk", "--empty")
    status, _, out = run("verify", "jws", "--keys", "alice.json")
    assert status == 0
    assert out.endswith(b"payload, 0 bytes:\n\n")


def test_a_detached_payload_is_named_when_a_signature_is_appended(run: Any) -> None:
    Path("payload").write_bytes(b"x\n")
    for form in ("--detached", "--compact"):
        keep(run, "jws", "sign", "payload", "--key", "alice.jwk", "--detached", form)
        keep(run, "two", "sign", "payload", "--append", "jws", "--key", "alice.jwk")
        given = ("two", "--keys", "alice.json", "--payload", "payload")
        assert run("verify", *given)[0] == 0
    keep(run, "jws", "sign", "payload", "--key", "alice.jwk", "--detached")
    status, err, _ = run("sign", "--append", "jws", "--key", "alice.jwk")
    assert (status, "name its FILE" in err) == (2, True)


def test_keys_of_openssl_sign_and_verify(run: Any) -> None:
    Path("payload").write_bytes(b"x")
    openssl("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    Path("public.crlf").write_bytes(Path("public.pem").read_bytes().replace(b"\n", b"\r\n"))
    Path("key.crlf").write_bytes(Path("key.pem").read_bytes().replace(b"\n", b"\r\n"))
    for key in ("key.pem", "key.crlf"):
        keep(run, "jws", "sign", "payload", "--key", key)
        for public in ("public.pem", "public.crlf"):
            assert run("verify", "jws", "--keys", public)[0] == 0
    keep(run, "public.jwk", "key", "--public", "key.pem")
    assert run("verify", "jws", "--keys", "public.jwk")[0] == 0
    locked = ("pkey", "-in", "key.pem", "-aes256", "-passout", "pass:hunter2", "-out", "locked.pem")
    openssl(*locked)
    Path("passphrase").write_bytes(b"hunter2\r\n")
    keep(run, "jws", "sign", "payload", "--key", "locked.pem", "--passphrase-file", "passphrase")
    assert run("verify", "jws", "--keys", "public.pem")[0] == 0
    status, err, _ = run("sign", "payload", "--key", "locked.pem")
    assert (status, "passphrase_wrong" in err) == (1, True)


def test_a_missing_key_is_no_bad_signature(run: Any) -> None:
    bob = generate("ES256")
    Path("both").write_text(json.dumps(sign_multi(b"x", [ALICE, bob])))
    Path("alice.bare").write_text(
        json.dumps({n: ALICE.to_public_jwk()[n] for n in ("kty", "crv", "x")})
    )
    for keys in ("alice.json", "alice.bare"):
        status, _, out = run("verify", "both", "--keys", keys)
        assert status == 3
        assert [line[:9] for line in out.decode().splitlines()[:2]] == ["0  good  ", "1  no key"]
    Path("bob").write_text(json.dumps(sign_multi(b"x", [Sign(bob, protected={"kid": "b"})])))
    status, _, out = run("verify", "bob", "--keys", "alice.bare")
    assert (status, out[:9]) == (3, b"1  no key".replace(b"1", b"0"))
    assert run("verify", "both", "--keys", "alice.json", "--algorithms", "ES256")[0] == 1


def test_one_key_alone_verifies_one_signature_under_any_kid(run: Any) -> None:
    named = sign_multi(b"x", [Sign(ALICE, protected={"kid": "2026-01"})])
    Path("jws").write_text(json.dumps(named))
    Path("bare").write_text(json.dumps(BARE))
    assert run("verify", "jws", "--keys", "bare")[0] == 0
    assert run("verify", "jws", "--keys", "alice.json")[0] == 3


def test_several_files_of_keys_are_one_set(run: Any) -> None:
    bob = generate("ES256")
    Path("bob.json").write_text(json.dumps(bob.to_public_jwk()))
    Path("both").write_text(json.dumps(sign_multi(b"x", [ALICE, bob])))
    assert run("verify", "both", "--keys", "alice.json", "--keys", "bob.json")[0] == 0


def test_a_shared_secret_verifies_without_a_policy_and_proves_no_signer(run: Any) -> None:
    Path("secret.jwk").write_text(json.dumps(SECRET))
    Path("jws").write_text(json.dumps(sign_multi(b"x", [import_private(SECRET, alg="HS256")])))
    given = ("verify", "jws", "--keys", "secret.jwk", "--algorithms", "HS256")
    status, _, out = run(*given)
    assert (status, out.splitlines()[0]) == (0, b"0  good    HS256  secret:0")
    assert run(*given, "--require", "1")[0] == 4
    assert run(*given, "--require", '{"threshold":1,"hmac":true}')[0] == 0
    assert run("verify", "jws", "--keys", "secret.jwk")[0] == 1


def test_a_payload_that_could_control_a_terminal_is_shown_in_base64url(run: Any) -> None:
    for payload in (b"\x1b[2Jgone", "\u202etxt".encode(), b"a\rb", b"\xff"):
        Path("jws").write_text(json.dumps(sign_multi(payload, [ALICE])))
        out = run("verify", "jws", "--keys", "alice.json")[2].decode().splitlines()
        assert out[-2:] == [
            f"payload, {len(payload)} bytes, in base64url:",
            b64u_encode(payload),
        ]


def test_no_payload_is_shown_unless_everything_verified(run: Any) -> None:
    jws = sign_multi(b"unproved", [ALICE, generate("EdDSA")])
    Path("jws").write_text(json.dumps(jws))
    assert b"unproved" not in run("verify", "jws", "--keys", "alice.json")[2]
    assert run("verify", "jws", "--keys", "alice.json", "--output", "out")[0] == 3
    assert not Path("out").exists()
    report = json.loads(run("verify", "jws", "--keys", "alice.json", "--json")[2])
    assert report["payload"] is None
    report = json.loads(run("verify", "jws", "--keys", "alice.json", "--require", "1", "--json")[2])
    assert b64u_decode(report["payload"]) == b"unproved"


def test_claims_are_added_and_checked(run: Any) -> None:
    keep(run, "jwt", "sign", "claims.json", "--key", "alice.jwk", "--compact", "--expires-in", "1h")
    given = ("verify", "jwt", "--keys", "alice.json")
    assert run(*given, "--claims")[0] == 0
    assert run(*given, "--issuer", "a")[0] == 0
    assert run(*given, "--issuer", "b")[0] == 1
    assert run(*given, "--audience", "me")[0] == 1
    keep(run, "jwt", "sign", "claims.json", "--key", "alice.jwk", "--compact", "--jti")
    claims = json.loads(b64u_decode(Path("jwt").read_text().split(".")[1]))
    assert (uuid.UUID(claims.pop("jti")).version, sorted(claims)) == (4, ["iat", "iss", "sub"])
    hints = Hints(now=1, expires_in="1s")
    Path("old").write_text(sign({"iss": "a"}, ALICE, claims=hints))
    assert run("verify", "old", "--keys", "alice.json")[0] == 0
    for option in (("--claims",), ("--issuer", "a")):
        assert run("verify", "old", "--keys", "alice.json", *option)[0] == 1
    Path("aud").write_text(sign({"aud": ["me", "you"]}, ALICE))
    assert run("verify", "aud", "--keys", "alice.json", "--claims")[0] == 1
    assert run("verify", "aud", "--keys", "alice.json", "--audience", "me")[0] == 0


def test_headers_are_as_the_options_say(run: Any) -> None:
    given = ("sign", "claims.json", "--key", "alice.jwk", "--kid", "k", "--typ", "x+jwt", "--iat")
    members = (
        "--header",
        "n=7",
        "--header",
        "t=text",
        "--header",
        'l=["a"]',
        "--unprotected",
        "u=1",
    )
    keep(run, "jws", *given, *members)
    (entry,) = json.loads(Path("jws").read_text())["signatures"]
    protected = json.loads(b64u_decode(entry["protected"]))
    assert isinstance(protected.pop("iat"), int)
    assert protected == {
        "alg": "EdDSA", "kid": "k", "typ": "x+jwt", "n": 7, "t": "text", "l": ["a"],
    }  # fmt: skip
    assert entry["header"] == {"u": 1}


def test_keys_are_fetched_from_an_address(run: Any) -> None:
    Path("payload").write_bytes(b"x\n")
    keep(run, "jws", "sign", "payload", "--key", "alice.jwk")
    published = json.dumps({"keys": [ALICE.to_public_jwk()]}).encode()
    with stranger(lambda *_: Reply(200, published, "application/json")) as url:
        status, err, out = run("verify", "jws", "--jwks", f"{url}/keys")
    assert (status, err) == (0, "")
    assert out.startswith(b"0  good ")
    status, err, out = run("verify", "jws", "--jwks", f"{url}/keys")  # it is away now
    assert (status, out) == (3, b"")  # not 1: nothing says that a signature is bad
    assert err.startswith("ledger jws: jwks_unavailable: ")
    assert run("verify", "jws", "--jwks", "http://example.com/")[1].startswith(
        "ledger jws: url_invalid: "
    )
    for arguments in ((), ("jws",), ("absent",)):
        status, err, _ = run("verify", *arguments)
        assert (status, err) == (2, "ledger jws: --keys or --jwks is needed\n")


def test_a_private_key_is_written_for_its_owner_alone(run: Any) -> None:
    assert run("key", "--out", "new.jwk", "--kid", "mine")[0] == 0
    assert Path("new.jwk").stat().st_mode & 0o777 == 0o600
    assert json.loads(Path("new.jwk").read_text())["kid"] == "mine"
    status, err, _ = run("key", "--out", "new.jwk")
    assert (status, "exists" in err) == (2, True)
    with Path("redirected.jwk").open("wb") as file:
        subprocess.run([sys.executable, "-m", "ledger", "jws", "key"], stdout=file, check=True)
    assert Path("redirected.jwk").stat().st_mode & 0o777 == 0o600
    assert "d" in json.loads(Path("redirected.jwk").read_text())
