"""ID tokens: read, verified by joserfc with one key of the provider's, and never believed before.

The algorithm must be one of ours, and no token or key adds another one; a key must be of the kind
that this algorithm has, public, and the only one that fits.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ledger.encoding import b64u_decode
from ledger.errors import MalformedError, RefusedError, UnavailableError

# What providers sign with; never `none`, and never a key that both sides know.
ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
MAX_TOKEN_CHARS = 60_000
MIN_RSA_BITS = 2048
_Short = Annotated[str, Meta(max_length=255)]


class TokenHeader(msgspec.Struct, frozen=True):
    """Of the header, which key and algorithm it names."""

    alg: str
    kid: str | None = None


class IdClaims(msgspec.Struct, frozen=True):
    """The claims that are read; the rest is not looked at."""

    iss: str
    sub: _Short
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str = ""
    azp: str | None = None
    preferred_username: Any = None
    email: Any = None
    email_verified: Any = None
    groups: Any = None


def decoded(raw: bytes, type_: Any) -> Any:
    """Return JSON that the provider sent as a type; raise RefusedError `provider_refused`."""
    try:
        return msgspec.json.decode(raw, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refusal("its answer cannot be read") from error


def header_of(token: str) -> TokenHeader:
    """Return a token's header; raise RefusedError `provider_refused`."""
    try:
        raw = b64u_decode(token.partition(".")[0])
    except MalformedError as error:
        raise refusal("its token cannot be read") from error
    header: TokenHeader = decoded(raw, TokenHeader)
    if header.alg not in ALGORITHMS:
        raise refusal("its token is signed in a way that is not accepted")
    return header


def candidates(keys: list[dict[str, Any]], header: TokenHeader) -> list[dict[str, Any]]:
    """Return the keys that may have signed: of the token's kid, or the only one without a kid."""
    kind = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}.get(header.alg, "OKP")
    return [
        each
        for each in keys
        if each.get("kty") == kind
        and each.get("use") in (None, "sig")
        and each.get("alg") in (None, header.alg)
        and (header.kid is None or each.get("kid") == header.kid)
    ]


def verified(token: str, algorithm: str, key: dict[str, Any]) -> IdClaims:
    """Return a token's claims once its signature is verified.

    Raises RefusedError `provider_refused`.
    """
    try:
        from joserfc import jws
        from joserfc.errors import JoseError
        from joserfc.jwk import import_key
    except ImportError as error:  # pragma: no cover  # the start has refused it
        raise UnavailableError("provider_unavailable", "joserfc is not installed") from error
    public = {name: value for name, value in key.items() if name in _PUBLIC}
    try:
        if public.get("kty") == "RSA":
            _require_long(str(public["n"]))
        payload = jws.deserialize_compact(token, import_key(public), algorithms=[algorithm]).payload
    except (JoseError, MalformedError, ValueError, TypeError, KeyError) as error:
        raise refusal("its token does not verify") from error
    claims: IdClaims = decoded(payload, IdClaims)
    return claims


def _require_long(modulus: str) -> None:
    if int.from_bytes(b64u_decode(modulus)).bit_length() < MIN_RSA_BITS:
        raise ValueError("the key is too short")


# Members of a public key: a private one in a JWK Set would be the provider's mistake.
_PUBLIC = frozenset(("kty", "n", "e", "crv", "x", "y"))


def refusal(detail: str) -> RefusedError:
    """Return the refusal of a sign-in by the provider."""
    return RefusedError("provider_refused", f"the organisation's sign-in was refused: {detail}")
