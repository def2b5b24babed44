"""Authenticator data of both ceremonies, and attestation objects around it."""

from hashlib import sha256
from typing import Any

import cbor2

from tests.vectors.webauthn import keys
from tests.vectors.webauthn.cases import CBOR, DATA, KEY, OBJECT, SIGNATURE, Case, Input
from tests.vectors.webauthn.objects import EXPRESSION
from tests.vectors.webauthn.objects import KEY as NO_KEY
from tests.vectors.webauthn.signatures import SIGNED

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
ID = bytes(range(32))
AAGUID = bytes(range(16, 32))
PARTY = sha256(b"ledger.example").digest()
MAP = cbor2.dumps({"credProtect": 2})
_LENGTH = "a credential id must have 1 to 1,023 bytes"
_CUT = "cut off"
_AFTER = "bytes after its end"


def head(flags: int) -> bytes:
    return PARTY + bytes([flags, 0, 0, 1, 2])


def attested(credential_id: bytes = ID, key: bytes = keys.okp()) -> bytes:
    return AAGUID + len(credential_id).to_bytes(2, "big") + credential_id + key


def created(flags: int = UP | UV | AT, **parts: bytes) -> bytes:
    return head(flags) + attested(**parts)


def good(name: str, raw: Input, **more: Any) -> Case:
    return Case(name, raw, None, {"signCount": 0x102} | more)


def bad(name: str, raw: Input, reason: str) -> Case:
    return Case(name, raw, reason if ":" in reason else DATA.format(reason))


_NEW = {"credentialId": ID.hex(), "aaguid": AAGUID.hex(), "key": keys.okp().hex()}
REGISTRATIONS = [
    good("a new Ed25519 credential", created(), **_NEW),
    good("a new P-256 credential", created(key=keys.ec2()), **_NEW | {"key": keys.ec2().hex()}),
    good("a new RSA credential", created(key=keys.rsa()), **_NEW | {"key": keys.rsa().hex()}),
    good("eligible for backup", created(UP | UV | AT | BE), **_NEW),
    good("backed up", created(UP | UV | AT | BE | BS), **_NEW),
    good("reserved bits set", created(UP | UV | AT | 0x22), **_NEW),
    good("extensions", created(UP | UV | AT | ED) + MAP, **_NEW),
    good("no extension in the map", created(UP | UV | AT | ED) + b"\xa0", **_NEW),
    good("an id of one byte", created(credential_id=b"i"), **_NEW | {"credentialId": "69"}),
    good(
        "an id of 1,023 bytes",
        created(credential_id=b"i" * 1_023),
        **_NEW | {"credentialId": "69" * 1_023},
    ),
    bad("nothing", b"", _CUT),
    bad("36 bytes", head(UP | UV | AT)[:36], _CUT),
    bad("nobody present", created(UV | AT), "user presence is missing"),
    bad("nobody verified", created(UP | AT), "user verification is missing"),
    bad("no flag but the credential's", created(AT), "user presence is missing"),
    bad(
        "backed up and not eligible",
        created(UP | UV | AT | BS),
        "the credential is backed up but not eligible for backup",
    ),
    bad("a credential without its flag", created(UP | UV), "the new credential is missing"),
    bad("an assertion's", head(UP | UV), "the new credential is missing"),
    bad("the credential's flag without a credential", head(UP | UV | AT), _CUT),
    bad("extensions without their flag", created() + MAP, _AFTER),
    bad("the extensions' flag without extensions", created(UP | UV | AT | ED), CBOR.format(_CUT)),
    bad(
        "extensions that are a list",
        created(UP | UV | AT | ED) + b"\x80",
        "extensions are not a map",
    ),
    bad("two maps of extensions", created(UP | UV | AT | ED) + MAP + MAP, _AFTER),
    bad("a byte after the key", created() + b"\0", _AFTER),
    bad("a byte after the extensions", created(UP | UV | AT | ED) + MAP + b"\0", _AFTER),
    bad(
        "tag 35 in the extensions, dear to compile",
        [(created(UP | UV | AT | ED), 1), *EXPRESSION],
        CBOR.format("a tag"),
    ),
    bad(
        "deep extensions",
        [(created(UP | UV | AT | ED), 1), (b"\x81", 50_000)],
        CBOR.format("over 8 levels"),
    ),
    bad("an empty id", created(credential_id=b""), _LENGTH),
    bad("an id of 1,024 bytes", created(credential_id=b"i" * 1_024), _LENGTH),
    bad(
        "an id of 65,535 bytes",
        [(head(UP | UV | AT) + AAGUID + b"\xff\xff", 1), (b"i", 60_000)],
        _CUT,
    ),
    bad("over 65,536 bytes", [(created(), 1), (b"\0", 65_536)], "over 65,536 bytes"),
    bad("a key with a tag", created(key=b"\xc1" + keys.okp()), CBOR.format("a tag")),
    bad(
        "a key of small order",
        created(key=keys.okp(b"\x01" + bytes(31))),
        KEY.format("x is not a canonical Ed25519 point of prime order"),
    ),
    bad("no key", created(key=b""), CBOR.format(_CUT)),
    bad("a list as a key", created(key=b"\x80"), KEY.format("not a map")),
    bad(
        "the key that some authenticators cut short",
        created(key=bytes.fromhex("a301634f4b500327206745643235353139") + b"\x21" + b"\x40"),
        KEY.format("members are missing or unexpected"),
    ),
]
ASSERTIONS = [
    good("present and verified", head(UP | UV)),
    good("backed up", head(UP | UV | BE | BS)),
    good("extensions", head(UP | UV | ED) + MAP),
    bad("nothing", b"", _CUT),
    bad("36 bytes", head(UP | UV)[:36], _CUT),
    bad("a byte after it", head(UP | UV) + b"\0", _AFTER),
    bad("nobody present", head(UV), "user presence is missing"),
    bad("nobody verified", head(UP), "user verification is missing"),
    bad(
        "backed up and not eligible",
        head(UP | UV | BS),
        "the credential is backed up but not eligible for backup",
    ),
    bad("a new credential", created(), "an assertion contains a new credential"),
    bad("a new credential without its flag", created(UP | UV), _AFTER),
    bad("extensions without their flag", head(UP | UV) + MAP, _AFTER),
    bad("the extensions' flag alone", head(UP | UV | ED), CBOR.format(_CUT)),
    bad(
        "tag 35 in the extensions, dear to compile",
        [(head(UP | UV | ED), 1), *EXPRESSION],
        CBOR.format("a tag"),
    ),
    bad(
        "a map of colliding keys",
        [
            (head(UP | UV | ED) + b"\xb9\x27\x10", 1),
            (b"\x1b\x1f\xff\xff\xff\xff\xff\xff\xff\x00", 6_000),
        ],
        CBOR.format("over 64 members in a container"),
    ),
    bad(
        "a map of floats",
        head(UP | UV | ED) + b"\xa1\x61x\xfb" + bytes(8),
        CBOR.format("a float, or an unknown simple value"),
    ),
    bad("a map with a map as its key", head(UP | UV | ED) + b"\xa1\xa0\x00", CBOR.format(NO_KEY)),
    bad("extensions that are null", head(UP | UV | ED) + b"\xf6", "extensions are not a map"),
]


def attestation(**changes: Any) -> bytes:
    members = {"fmt": "none", "attStmt": {}, "authData": created()} | changes
    return cbor2.dumps({name: value for name, value in members.items() if value is not ...})


def packed(**changes: Any) -> bytes:
    statement = {"alg": -8, "sig": SIGNED} | changes
    return attestation(
        fmt="packed", attStmt={n: each for n, each in statement.items() if each is not ...}
    )


_MEMBERS = OBJECT.format("not a map of fmt, attStmt and authData")
_FORMAT = OBJECT.format("fmt is not 1 to 32 ASCII characters")
_STATEMENT = OBJECT.format("attStmt is not a map, or not empty although fmt is none")
_X5C = OBJECT.format("x5c is not a list of certificates")
_ALG = OBJECT.format("alg does not match the new key")
_SIG = OBJECT.format("sig is not a byte string")
_FORM = SIGNATURE.format("the format does not fit the algorithm")
ATTESTATIONS = [
    good("no attestation statement", attestation(), format="none", **_NEW),
    good("signed by the new key", packed(), format="packed", **_NEW),
    good(
        "certificates, which the grammar does not read",
        packed(x5c=[b"1"], sig=b"1"),
        format="packed",
        **_NEW,
    ),
    good(
        "a form that no library knows",
        attestation(fmt="x" * 32, attStmt={"x": [1]}),
        format="x" * 32,
        **_NEW,
    ),
    bad("nothing", b"", CBOR.format(_CUT)),
    bad("a byte after it", attestation() + b"\0", CBOR.format("bytes after the item")),
    bad("a list", cbor2.dumps(["none", {}, created()]), _MEMBERS),
    bad("without fmt", attestation(fmt=...), _MEMBERS),
    bad("without a statement", attestation(attStmt=...), _MEMBERS),
    bad("without authenticator data", attestation(authData=...), _MEMBERS),
    bad("another member", attestation(ep=True), _MEMBERS),
    bad("the members of CTAP, by number", cbor2.dumps({1: "none", 2: created(), 3: {}}), _MEMBERS),
    bad("fmt is bytes", attestation(fmt=b"none"), _FORMAT),
    bad("fmt is empty", attestation(fmt=""), _FORMAT),
    bad("fmt of 33 characters", attestation(fmt="x" * 33), _FORMAT),
    bad("fmt beyond ASCII", attestation(fmt="n\u00f6ne"), _FORMAT),
    bad("a statement where there should be none", attestation(attStmt={"x": 1}), _STATEMENT),
    bad("a statement that is null", attestation(attStmt=None), _STATEMENT),
    bad("a statement that is a list", attestation(fmt="packed", attStmt=[]), _STATEMENT),
    bad(
        "authenticator data that is text",
        attestation(authData="x" * 200),
        OBJECT.format("authData is not a byte string"),
    ),
    bad("authenticator data cut off", attestation(authData=created()[:60]), DATA.format(_CUT)),
    bad(
        "an assertion's",
        attestation(authData=head(UP | UV)),
        DATA.format("the new credential is missing"),
    ),
    bad("packed: another algorithm", packed(alg=-7), _ALG),
    bad("packed: no algorithm", packed(alg=...), _ALG),
    bad("packed: no signature", packed(sig=...), _SIG),
    bad("packed: a signature that is text", packed(sig="x"), _SIG),
    bad("packed: a signature that is not strict", packed(sig=b"\x01" + bytes(63)), _FORM),
    bad("packed: no certificate in the list", packed(x5c=[]), _X5C),
    bad("packed: certificates that are a number", packed(x5c=5), _X5C),
    bad("a tag around it", b"\xd9\xd9\xf7" + attestation(), CBOR.format("a tag")),
    bad(
        "a tag in the statement",
        attestation(fmt="x", attStmt={"x": cbor2.CBORTag(35, "a")}),
        CBOR.format("a tag"),
    ),
    bad(
        "a float in the statement",
        attestation(fmt="x", attStmt={"x": 1.5}),
        CBOR.format("a float, or an unknown simple value"),
    ),
]
WHOLE = [
    ("registrationData", created()),
    ("registrationData", created(UP | UV | AT | ED) + MAP),
    ("assertionData", head(UP | UV | ED) + MAP),
    ("attestationObject", packed()),
]
