"""A real server of a JWK Set, whose answers and whose client's clock the test chooses."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from ledger.jose import Signer, generate, sign, verify_multi_all
from ledger.system.jwks_client import JwksClient
from tests.support.strangers import Reply, stranger

OLD, NEW, STRANGE = (generate("EdDSA") for _ in range(3))
JSON = "application/json"


class Publisher:
    """A server of a JWK Set, and the clock of its client."""

    def __init__(self) -> None:
        self.requests = 0
        self.now_s = 1000.0
        self.answer: Callable[[], Reply] = lambda: jwks(OLD)
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked = threading.Event()

    def __call__(self, method: str, path: str, body: bytes) -> Reply:
        assert (method, path, body) == ("GET", "/keys", b"")
        self.requests += 1
        self.asked.set()
        self.may_answer.wait(10)
        return self.answer()


def jwks(*signers: Signer, more: tuple[Any, ...] = ()) -> Reply:
    keys = [*(signer.to_public_jwk() for signer in signers), *more]
    return Reply(200, json.dumps({"keys": keys}).encode(), JSON)


@contextmanager
def served(publisher: Publisher, **options: Any) -> Iterator[JwksClient]:
    with (
        stranger(publisher) as url,
        closing(JwksClient(f"{url}/keys", clock=lambda: publisher.now_s, **options)) as client,
    ):
        yield client


def verifies(client: JwksClient, signer: Signer) -> bool:
    (outcome,) = verify_multi_all(sign(b"x", signer), client.lookup, now=None).outcomes
    assert outcome.error is None or outcome.error.code == "jwk_key_not_found"
    return outcome.verified
