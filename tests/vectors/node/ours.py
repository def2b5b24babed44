"""Write ours.json: fixed keys of every kind, and what ledger.jose signs with them.

python -m tests.vectors.node.ours
"""

import json
from pathlib import Path

from ledger.encoding import b64u_encode
from ledger.jose import Sign, generate, import_private, sign, sign_multi
from ledger.jose.algorithms import ALL_ALGORITHMS, HMAC

PAYLOAD = b'{"amount":1000}'
FILE = Path(__file__).with_name("ours.json")


def main() -> None:
    """Make new keys and sign with them; recorded.json has to be made anew after it."""
    signers = {}
    for alg in sorted(ALL_ALGORITHMS):
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
    FILE.write_text(json.dumps({"keys": keys, "jws": jws}, indent=1) + "\n")


if __name__ == "__main__":
    main()
