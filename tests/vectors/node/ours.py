"""Write ours.json: fixed keys of every kind and form, and what ledger.jose signs with them.

python -m tests.vectors.node.ours
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ledger.encoding import b64u_encode
from ledger.jose import Sign, Signer, generate, import_private, sign, sign_multi
from ledger.jose.algorithms import ALL_ALGORITHMS, HMAC, MLDSA

# Neither library of theirs has these.
UNKNOWN_TO_THEM = {"ES256K", "Ed448"}
PAYLOAD = b'{"amount":1000}'
FILE = Path(__file__).with_name("ours.json")


def main() -> None:
    """Make new keys and sign with them; recorded.json has to be made anew after it."""
    signers = {}
    for alg in sorted(ALL_ALGORITHMS - UNKNOWN_TO_THEM):
        if alg in HMAC:
            secret = {"kty": "oct", "k": b64u_encode(bytes(range(64))), "kid": alg}
            signers[alg] = import_private(secret, alg=alg)
        else:
            signers[alg] = import_private(generate(alg, rsa_bits=2048).to_jwk() | {"kid": alg})
    every = [Sign(signer, header={"role": "witness"}) for signer in signers.values()]
    jws = {f"compact {alg}": sign(PAYLOAD, signer) for alg, signer in signers.items()} | {
        "general": sign_multi(PAYLOAD, every),
        "general object": sign_multi({"sub": "u1"}, list(signers.values())),
    }
    keys = [signer.to_jwk() for signer in signers.values()]
    pems = {alg: forms(one) for alg, one in signers.items() if alg not in {*HMAC, *MLDSA}}
    FILE.write_text(json.dumps({"keys": keys, "jws": jws, "forms": pems}, indent=1) + "\n")


def forms(signer: Signer) -> dict[str, str]:
    """Return the key as PEM: private, public, and in a certificate that it signed itself."""
    assert signer.private is not None
    private: Any = signer.private
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, signer.alg)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    sha = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), 1)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2126))
        .sign(private, sha)
    )
    pkcs8 = private.private_bytes(
        Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    spki = private.public_key().public_bytes(
        Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    x509_pem = certificate.public_bytes(Encoding.PEM)
    return {"pkcs8": pkcs8.decode(), "spki": spki.decode(), "x509": x509_pem.decode()}


if __name__ == "__main__":
    main()
