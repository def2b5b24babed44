"""JOSE: keys (RFC 7517, 7638), signatures of one payload by one key or many (RFC 7515), policies.

The algorithm `none` does not exist here, HMAC must be named explicitly, and keys inside a header
are ignored. docs/reference/jws.md is this package's reference. Besides this package, only
`tlog.vkeys` and `timestamp.verify` import `cryptography`.

    compact.py, signing_key.py   what the server accepts: the strictest subset
    sign.py, verify.py           the general case; combine.py appends and merges signatures
    verify_async.py              the same with lookups that are awaited
    batch.py                     many JWSs at once
    signer_policy.py             how many distinct signers are enough; fillings.py counts places
"""

from ledger.jose.batch import verify_batch
from ledger.jose.claims import Claims, Hints
from ledger.jose.combine import append_signature, merge
from ledger.jose.compact import (
    CompactJws,
    Header,
    VerifiedJws,
    general,
    parse_compact,
    verified,
    verify_compact,
)
from ledger.jose.external_signer import ExternalSign, external_signer
from ledger.jose.key_forms import read_private_key, read_public_keys
from ledger.jose.keys import Key, import_public, parse_key, secret_key
from ledger.jose.keyset import AsyncLookup, KeyInput, KeySet, Lookup, key_set, parse_key_set
from ledger.jose.outcome import (
    FailedOutcome,
    Failure,
    NotVerifiedError,
    Outcome,
    Verification,
    Verified,
    VerifiedOutcome,
)
from ledger.jose.peek import UnverifiedEntry, peek
from ledger.jose.private import Signer, SignerInput, generate, import_private
from ledger.jose.rules import Limits
from ledger.jose.serialization import flatten, split, to_compact, to_general
from ledger.jose.sign import Payload, Sign, SignOptions, sign, sign_multi
from ledger.jose.signer_policy import (
    ANYONE,
    Judgement,
    SignerGroup,
    SignerPolicy,
    SignerVerdict,
    all_of,
    evaluate,
    parse_signer_policy,
    require,
)
from ledger.jose.signing_key import (
    ALGORITHMS,
    AkpJwk,
    EcJwk,
    OkpJwk,
    PublicJwk,
    SigningKey,
    import_key,
    parse_jwk,
    thumbprint,
)
from ledger.jose.verify import verify, verify_multi, verify_multi_all
from ledger.jose.verify_async import verify_multi_all_async, verify_multi_async

__all__ = [
    "ALGORITHMS",
    "ANYONE",
    "AkpJwk",
    "AsyncLookup",
    "Claims",
    "CompactJws",
    "EcJwk",
    "ExternalSign",
    "FailedOutcome",
    "Failure",
    "Header",
    "Hints",
    "Judgement",
    "Key",
    "KeyInput",
    "KeySet",
    "Limits",
    "Lookup",
    "NotVerifiedError",
    "OkpJwk",
    "Outcome",
    "Payload",
    "PublicJwk",
    "Sign",
    "SignOptions",
    "Signer",
    "SignerGroup",
    "SignerInput",
    "SignerPolicy",
    "SignerVerdict",
    "SigningKey",
    "UnverifiedEntry",
    "Verification",
    "Verified",
    "VerifiedJws",
    "VerifiedOutcome",
    "all_of",
    "append_signature",
    "evaluate",
    "external_signer",
    "flatten",
    "general",
    "generate",
    "import_key",
    "import_private",
    "import_public",
    "key_set",
    "merge",
    "parse_compact",
    "parse_jwk",
    "parse_key",
    "parse_key_set",
    "parse_signer_policy",
    "peek",
    "read_private_key",
    "read_public_keys",
    "require",
    "secret_key",
    "sign",
    "sign_multi",
    "split",
    "thumbprint",
    "to_compact",
    "to_general",
    "verified",
    "verify",
    "verify_batch",
    "verify_compact",
    "verify_multi",
    "verify_multi_all",
    "verify_multi_all_async",
    "verify_multi_async",
]
