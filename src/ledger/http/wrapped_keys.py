"""Routes of synced signing keys: what their person's other browsers need to open them."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta

from ledger.encoding import b64u_decode, b64u_encode
from ledger.http.answers import NOTHING, READ
from ledger.http.context import FromPeople, SignedIn
from ledger.http.passkey_responses import CredentialId
from ledger.http.problems import answers
from ledger.http.requests import Strict, full_pattern
from ledger.store.ports.operations import WrappedKey

# AES-GCM twice: a key of 32 bytes, and an Ed25519 private key as PKCS #8, 48 bytes; each after its
# nonce of 12 bytes and with its tag of 16.
WRAPPED_BYTES = (12 + 32 + 16) + (12 + 48 + 16)
WRAPPED_CHARS = (WRAPPED_BYTES * 8 + 5) // 6


class KeptKey(Strict, frozen=True):
    """A signing key, wrapped by a secret of the passkey that is named."""

    kid: Annotated[str, Meta(pattern=full_pattern("[A-Za-z0-9_-]{43}"))]
    credential_id: CredentialId
    wrapped: Annotated[
        str,
        Meta(
            min_length=WRAPPED_CHARS,
            max_length=WRAPPED_CHARS,
            pattern=full_pattern("[A-Za-z0-9_-]+"),
        ),
    ]


class KeptKeys(msgspec.Struct, frozen=True):
    """A person's wrapped keys."""

    items: list[KeptKey]


@post(
    "/api/wrapped-keys",
    status_code=204,
    responses=NOTHING | answers(400, 401, 403, 409, 413, 415, 422, 429, 503),
)
async def keep_wrapped_key(
    data: JSONBody[KeptKey], people: FromPeople, user: SignedIn
) -> Response[None]:
    """Keep a signing key of one's own that only a passkey of one's own opens."""
    key = WrappedKey(data.kid, data.credential_id, b64u_decode(data.wrapped))
    await people.wrapped_keys.keep(user, key)
    return Response(None, status_code=204)


@get("/api/wrapped-keys", responses=READ)
async def list_wrapped_keys(people: FromPeople, user: SignedIn) -> KeptKeys:
    """Return one's own wrapped keys, for one's other browsers."""
    keys = await people.wrapped_keys.list(user)
    return KeptKeys([KeptKey(k.kid, k.credential_id, b64u_encode(k.wrapped)) for k in keys])


handlers = [keep_wrapped_key, list_wrapped_keys]
