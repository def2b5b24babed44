"""`ledger jws` as a program runs it: files and standard input in, JSON and an exit code out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.__main__ import main
from ledger.encoding import b64u_encode
from ledger.jose import generate, import_private, sign_multi

ALICE, BOB = generate("EdDSA"), generate("ES256")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write = {
        "alice.jwk": ALICE.to_jwk(),
        "bob.jwk": BOB.to_jwk(),
        "keys.json": {"keys": [ALICE.to_public_jwk(), BOB.to_public_jwk()]},
        "alice.json": {"keys": [ALICE.to_public_jwk()]},
        "who.json": {ALICE.public.thumbprint: "alice", BOB.public.thumbprint: "bob"},
        "both.jws": sign_multi({"amount": 1}, [ALICE, BOB]),
        "one.jws": sign_multi({"amount": 1}, [ALICE]),
        "two.jws": sign_multi({"amount": 1}, [BOB]),
        "old.jws": sign_multi({"exp": 1}, [ALICE]),
    }
    for name, value in write.items():
        (tmp_path / name).write_text(json.dumps(value))
    (tmp_path / "payload").write_bytes(b"\xffpayload")
    (tmp_path / "empty").write_bytes(b"")
    return tmp_path


@pytest.fixture
def run(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(files)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["jws", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_what_is_signed_verifies(run: Any, files: Path) -> None:
    status, jws, _ = run("sign", "payload", "--key", "alice.jwk", "--key", "bob.jwk")
    assert status == 0
    (files / "new.jws").write_text(jws)
    status, out, _ = run("verify", "new.jws", "--keys", "keys.json", "--require", "2")
    assert status == 0
    assert out.splitlines() == [
        f"0  good    EdDSA  {ALICE.public.thumbprint}",
        f"1  good    ES256  {BOB.public.thumbprint}",
        "verified: 2 distinct, 0 missing",
        "payload, 8 bytes, in base64url:",
        b64u_encode(b"\xffpayload"),
    ]


def test_compact_and_detached_forms(run: Any, files: Path) -> None:
    status, text, _ = run("sign", "payload", "--key", "alice.jwk", "--compact", "--detached")
    assert status == 0
    (files / "compact").write_text(text)
    given = ("verify", "compact", "--keys", "keys.json")
    assert run(*given, "--payload", "payload")[0] == 0
    assert run(*given, "--payload", "who.json")[0] == 1
    assert run(*given)[0] == 1


def test_a_signature_is_appended(run: Any, files: Path) -> None:
    status, jws, _ = run("sign", "--append", "one.jws", "--key", "bob.jwk", "--typ", "vc+jwt")
    assert status == 0
    (files / "new.jws").write_text(jws)
    assert run("verify", "new.jws", "--keys", "keys.json", "--require", "2")[0] == 0
    detached = run("sign", "payload", "--key", "alice.jwk", "--detached")[1]
    (files / "detached.jws").write_text(detached)
    jws = run("sign", "payload", "--append", "detached.jws", "--key", "bob.jwk")[1]
    (files / "new.jws").write_text(jws)
    given = ("--keys", "keys.json", "--payload", "payload", "--require", "2")
    assert run("verify", "new.jws", *given)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "last"),
    [
        ("both.jws --keys keys.json", 0, "verified: 2 of 2 signatures"),
        ("both.jws --keys keys.json --require 2", 0, "verified: 2 distinct, 0 missing"),
        ("both.jws --keys keys.json --require 3", 4, "not met: 2 distinct, 1 missing"),
        ("both.jws --keys alice.json", 3, "key missing: 1 of 2 signatures"),
        ("both.jws --keys alice.json --require 1", 0, "verified: 1 distinct, 0 missing"),
        ("both.jws --keys alice.json --require 2", 3, "key missing: 1 distinct, 1 missing"),
        ("both.jws --keys keys.json --algorithms ES256", 1, "invalid: 1 of 2 signatures"),
        ("both.jws --keys keys.json --algorithms ES256 --require 2", 4,
         "not met: 1 distinct, 1 missing"),
        ("both.jws --keys keys.json --typ act+jwt", 1, "invalid: 0 of 2 signatures"),
        ("both.jws --keys keys.json --typ act+jwt --require 1", 1,
         "invalid: 0 distinct, 1 missing"),
        ("both.jws --keys keys.json --typ JWT", 0, "verified: 2 of 2 signatures"),
        ("both.jws --keys keys.json --profile ledger", 0, "verified: 2 of 2 signatures"),
        ("both.jws --keys keys.json --strict", 0, "verified: 2 of 2 signatures"),
        ("both.jws --keys alice.json --strict", 3, "key missing: 1 of 2 signatures"),
        ("old.jws --keys keys.json", 0, "verified: 1 of 1 signatures"),
        ("old.jws --keys keys.json --claims", 1, "invalid: 0 of 1 signatures"),
    ],
)  # fmt: skip
def test_the_exit_code_says_what_is_wrong(run: Any, arguments: str, status: int, last: str) -> None:
    code, out, _ = run("verify", *arguments.split())
    lines = out.splitlines()
    shown = lines[-2:] if code == 0 else []
    assert [code, *lines[len(lines) - len(shown) - 1 :]] == [status, last, *shown]
    assert (shown != []) == any(line.startswith("payload, ") for line in lines)


def test_one_signer_never_fills_two_places(run: Any, files: Path) -> None:
    group = {"threshold": 1, "of": ["alice", "bob"]}
    policy = json.dumps({"threshold": 2, "of": ["alice", group]})
    given = ("--keys", "keys.json", "--identities", "who.json", "--require", policy)
    status, out, _ = run("verify", "one.jws", *given)
    assert (status, out.splitlines()[1:]) == (
        4,
        ["not met: 1 distinct, 1 missing", "  can help: bob"],
    )
    assert run("verify", "both.jws", *given)[0] == 0


def test_a_policy_names_people(run: Any, files: Path) -> None:
    policy = {"threshold": 2, "of": ["alice", "bob", "carol"], "required": ["carol"]}
    (files / "policy.json").write_text(json.dumps(policy))
    given = ("verify", "both.jws", "--keys", "keys.json", "--identities", "who.json")
    status, out, _ = run(*given, "--require", "@policy.json")
    assert status == 4
    assert out.splitlines() == [
        "0  good    EdDSA  alice",
        "1  good    ES256  bob",
        "not met: 2 distinct, 1 missing",
        "  can help: carol",
    ]
    status, out, _ = run(*given, "--require", json.dumps(policy | {"required": []}), "--json")
    assert status == 0
    report = json.loads(out)
    assert report["status"] == "verified"
    assert report["verdict"]["signers"] == ["alice", "bob"]
    assert [outcome["verified"] for outcome in report["outcomes"]] == [True, True]


def test_a_failed_entry_shows_what_it_claims_in_ascii(run: Any, files: Path) -> None:
    jws = sign_multi(b"x", [import_private(ALICE.to_jwk() | {"kid": "\u202eeve\n"})])
    (files / "odd.jws").write_text(json.dumps(jws))
    status, out, _ = run("verify", "odd.jws", "--keys", "keys.json")
    assert status == 3
    assert out.splitlines()[0] == (
        "0  no key  jwk_key_not_found ('\\u202eeve\\n'): no key of the set has this kid"
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("verify", "absent.jws", "--keys", "keys.json"), 2),
        (("verify", "both.jws", "--keys", "absent.json"), 2),
        (("verify", "both.jws", "--keys", "payload"), 2),
        (("verify", "both.jws", "--keys", "alice.jwk"), 2),
        (("verify", "both.jws", "--keys", "keys.json", "--issuer", ""), 2),
        (("verify", "both.jws", "--keys", "keys.json", "--output", "absent/payload"), 2),
        (("sign", "absent", "--key", "alice.jwk"), 2),
        (("sign", "payload", "--append", "one.jws", "--key", "bob.jwk"), 2),
        (("sign", "absent", "--append", "one.jws", "--key", "bob.jwk"), 2),
        (("sign", "--append", "one.jws", "--key", "bob.jwk", "--detached"), 2),
        (("sign", "--append", "one.jws", "--key", "bob.jwk", "--empty"), 2),
        (("sign", "--append", "one.jws", "--key", "bob.jwk", "--expires-in", "1h"), 2),
        (("sign", "--append", "one.jws", "--key", "bob.jwk", "--jti"), 2),
        (("sign", "empty", "--key", "alice.jwk"), 2),
        (("sign", "payload", "--key", "alice.jwk", "--empty"), 2),
        (("sign", "payload", "--key", "alice.jwk", "--expires-in", "1h"), 2),
        (("sign", "who.json", "--key", "alice.jwk", "--expires-in", "soon"), 1),
        (("sign", "payload", "--key", "alice.jwk", "--header", "x"), 2),
        (("sign", "payload", "--key", "alice.jwk", "--header", "=1"), 2),
        (("sign", "payload", "--key", "alice.jwk", "--header", "x=1", "--header", "x=2"), 2),
        (("sign", "payload", "--key", "alice.jwk", "--header", "typ=a", "--typ", "b"), 2),
        (("sign", "payload", "--key", "alice.jwk", "--header", "alg=ES256"), 1),
        (("sign", "payload", "--key", "absent.pem"), 2),
        (("sign", "payload", "--key", "payload"), 1),
        (("key", "--public", "alice.jwk", "--out", "new"), 2),
        (("key", "--public", "keys.json"), 1),
        (("verify", "both.jws", "--keys", "keys.json", "--require", "0"), 2),
        (("verify", "both.jws", "--keys", "keys.json", "--require", "two"), 2),
        (("verify", "both.jws", "--keys", "keys.json", "--algorithms", "none"), 2),
        (("verify", "both.jws", "--keys", "keys.json", "--identities", "keys.json"), 2),
        (("verify", "payload", "--keys", "keys.json"), 1),
        (("flatten", "both.jws"), 1),
        (("flatten", "absent.jws"), 2),
        (("merge", "one.jws"), 2),
        (("merge", "one.jws", "old.jws"), 1),
        (("inspect", "payload"), 1),
        (("sign", "payload", "--key", "keys.json"), 1),
        (("sign", "payload", "--key", "alice.jwk", "--alg", "ES256"), 1),
        (("key", "--alg", "none"), 1),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error(
    run: Any, arguments: tuple[str, ...], status: int
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (status, "")
    assert err.startswith("ledger jws: ")


def test_inspect_shows_and_verifies_nothing(run: Any, files: Path) -> None:
    status, out, _ = run("inspect", "both.jws")
    assert status == 0
    report = json.loads(out)
    assert report["verified"] is False
    assert [entry["alg"] for entry in report["signatures"]] == ["EdDSA", "ES256"]
    assert report["signatures"][0]["problem"] is None
    bad = json.loads((files / "both.jws").read_text())
    bad["signatures"].append(None)
    (files / "bad.jws").write_text(json.dumps(bad))
    report = json.loads(run("inspect", "bad.jws", "--json")[1])
    assert report["signatures"][2]["problem"]["code"] == "jws_invalid"
    (files / "detached.jws").write_text(json.dumps(sign_multi(b"x", [ALICE], detached=True)))
    assert json.loads(run("inspect", "detached.jws")[1])["payload"] is None


def test_flatten_and_merge(run: Any, files: Path) -> None:
    one = json.loads((files / "one.jws").read_text())
    status, out, _ = run("flatten", "one.jws")
    assert status == 0
    assert json.loads(out) == {"payload": one["payload"], **one["signatures"][0]}
    status, out, _ = run("merge", "one.jws", "two.jws", "both.jws", "--keys", "keys.json")
    assert status == 0
    assert len(json.loads(out)["signatures"]) == 2


def test_a_new_key_signs_and_its_public_half_verifies(run: Any, files: Path) -> None:
    for alg in ("EdDSA", "ML-DSA-65"):
        (files / "new.jwk").write_text(run("key", "--alg", alg)[1])
        (files / "new.json").write_text(run("key", "--public", "new.jwk")[1])
        assert not {"d", "priv"} & set(json.loads((files / "new.json").read_text()))
        (files / "new.jws").write_text(run("sign", "payload", "--key", "new.jwk")[1])
        assert run("verify", "new.jws", "--keys", "new.json")[0] == 0


def test_standard_input_is_read(files: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ledger", "jws", "verify", "--keys", "keys.json"],
        cwd=files,
        input=(files / "both.jws").read_bytes(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert done.stdout.endswith(b'verified: 2 of 2 signatures\npayload, 12 bytes:\n{"amount":1}\n')


@pytest.mark.parametrize("arguments", [(), ("sign",), ("nothing",)])
def test_usage_is_exit_code_two(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["jws", *arguments])
    assert ended.value.code == 2
