"""Write signatures.json.xz and jose.json.xz from Project Wycheproof's test vectors.

python -m tests.vectors.wycheproof.reduce FOLDER COMMIT

FOLDER is `testvectors_v1` of https://github.com/C2SP/wycheproof at COMMIT. Of the algorithms that
JWS has, every test of short signatures is kept. Of RSA and ML-DSA, whose signatures are long, the
first tests of each result and set of flags are kept, and each test with a context.
"""

import json
import lzma
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from ledger.encoding import b64u_encode

HERE = Path(__file__).parent
ALL = 10_000
# The set, its algorithm, and how many tests of each result and set of flags are kept.
SIGNATURES = [
    ("ed25519", "EdDSA", ALL),
    ("ed448", "EdDSA", ALL),
    ("ecdsa_secp256r1_sha256_p1363", "ES256", ALL),
    ("ecdsa_secp384r1_sha384_p1363", "ES384", ALL),
    ("ecdsa_secp521r1_sha512_p1363", "ES512", ALL),
    ("ecdsa_secp256k1_sha256_p1363", "ES256K", ALL),
    ("rsa_signature_2048_sha256", "RS256", ALL),
    ("rsa_signature_2048_sha384", "RS384", 8),
    ("rsa_signature_2048_sha512", "RS512", 8),
    ("rsa_signature_3072_sha256", "RS256", 4),
    ("rsa_signature_4096_sha512", "RS512", 4),
    ("rsa_signature_8192_sha256", "RS256", 2),
    ("rsa_pss_2048_sha256_mgf1_32", "PS256", ALL),
    ("rsa_pss_2048_sha384_mgf1_48", "PS384", 8),
    ("rsa_pss_4096_sha512_mgf1_64", "PS512", 4),
    ("rsa_pss_2048_sha256_mgf1_0", "PS256", 4),
    ("rsa_pss_4096_sha512_mgf1_32", "PS512", 4),
    ("hmac_sha256", "HS256", ALL),
    ("hmac_sha384", "HS384", ALL),
    ("hmac_sha512", "HS512", ALL),
    ("mldsa_44_verify", "ML-DSA-44", 2),
    ("mldsa_65_verify", "ML-DSA-65", 2),
    ("mldsa_87_verify", "ML-DSA-87", 2),
]
JOSE = ["json_web_crypto", "json_web_key", "json_web_signature"]
CURVES = {
    "edwards25519": "Ed25519",
    "edwards448": "Ed448",
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
    "secp256k1": "secp256k1",
}


def b64u(text: str) -> str:
    """Return hex as base64url."""
    return b64u_encode(bytes.fromhex(text))


def number(text: str) -> str:
    """Return an ASN.1 integer in hex as a Base64urlUInt."""
    return b64u_encode(bytes.fromhex(text).lstrip(b"\0"))


def jwk(key: Any, alg: str) -> dict[str, str]:
    """Return the public JWK of a group of tests."""
    if isinstance(key, str):
        return {"kty": "AKP", "alg": alg, "pub": b64u(key)}
    if "modulus" in key:
        return {"kty": "RSA", "n": number(key["modulus"]), "e": number(key["publicExponent"])}
    if "pk" in key:
        return {"kty": "OKP", "crv": CURVES[key["curve"]], "x": b64u(key["pk"])}
    point = bytes.fromhex(key["uncompressed"])[1:]
    x, y = point[: len(point) // 2], point[len(point) // 2 :]
    return {"kty": "EC", "crv": CURVES[key["curve"]], "x": b64u_encode(x), "y": b64u_encode(y)}


def signatures(published: dict[str, Any], name: str, alg: str, most: int) -> dict[str, Any]:
    """Return one set: its keys, and the kept tests."""
    keys: list[dict[str, str]] = []
    tests: list[dict[str, Any]] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for group in published["testGroups"]:
        for test in group["tests"]:
            kind = (test["result"], *test.get("flags", ()))
            seen[kind] += 1
            if seen[kind] > most and not test.get("ctx"):
                continue
            if "key" in test:
                key = {"kty": "oct", "k": b64u(test["key"])}
            else:
                key = jwk(group["publicKey"], alg)
            if not keys or keys[-1] != key:
                keys.append(key)
            tests.append(
                {
                    "id": test["tcId"],
                    "comment": test["comment"],
                    "key": len(keys) - 1,
                    "message": b64u(test["msg"]),
                    "signature": b64u(test.get("sig", test.get("tag"))),
                    "result": test["result"],
                    "flags": test.get("flags", []),
                }
                | ({"context": test["ctx"]} if test.get("ctx") else {})
                | ({"tag": group["tagSize"]} if "tagSize" in group else {})
            )
    count = published["numberOfTests"]
    return {"name": name, "alg": alg, "published": count, "keys": keys, "tests": tests}


def jose(published: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one set of whole JWSs; its tests of JWE are left out."""
    groups = [group for group in published["testGroups"] if "jws" in group["tests"][0]]
    return {"name": name, "published": published["numberOfTests"], "groups": groups}


def write(file: str, commit: str, sets: list[dict[str, Any]]) -> None:
    """Write one compressed file."""
    source = {"source": "https://github.com/C2SP/wycheproof", "commit": commit}
    text = json.dumps(source | {"licence": "Apache-2.0", "sets": sets}, separators=(",", ":"))
    (HERE / file).write_bytes(lzma.compress(text.encode(), preset=9))


def main() -> None:
    """Read the folder and the commit that the arguments name."""
    folder, commit = Path(sys.argv[1]), sys.argv[2]

    def read(name: str) -> Any:
        return json.loads((folder / f"{name}_test.json").read_text())

    write("signatures.json.xz", commit, [signatures(read(row[0]), *row) for row in SIGNATURES])
    write("jose.json.xz", commit, [jose(read(name), name) for name in JOSE])


if __name__ == "__main__":
    main()
