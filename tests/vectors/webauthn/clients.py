"""Client data: what real browsers send, and one change of it for each refusal."""

from hashlib import sha256

from ledger.encoding import b64u_encode
from tests.vectors.webauthn.cases import CLIENT, Case, Input

ORIGIN = "https://ledger.example"
BYTES = sha256(b"challenge 169").digest()  # its base64url has -, _ and ends in A
CHALLENGE = b64u_encode(BYTES)
EXPECTED = {"type": "webauthn.create", "challenge": BYTES.hex(), "origin": ORIGIN}
TYPE = '"type":"webauthn.create"'
MEMBERS = f'{TYPE},"challenge":"{CHALLENGE}","origin":"{ORIGIN}"'
PLAIN = f'{{{MEMBERS},"crossOrigin":false}}'

KIND = "its type is of another ceremony"
OTHER = "the challenge is another one"
SPELLING = "the challenge is escaped"
ORIGINS = "the origin is another one"
FRAME = "the ceremony ran in a cross-origin frame"
JSON = "not I-JSON"
BINDING = "an unknown token binding"


def good(name: str, text: str) -> Case:
    return Case(name, text.encode())


def bad(name: str, raw: str | Input, reason: str) -> Case:
    return Case(name, raw.encode() if isinstance(raw, str) else raw, CLIENT.format(reason))


def with_(members: str) -> str:
    """Return the plain client data with more members."""
    return f"{{{MEMBERS},{members}}}"


def instead(old: str, new: str) -> str:
    assert old in PLAIN
    return PLAIN.replace(old, new)


def at_length(size: int) -> str:
    start = f'{{{MEMBERS},"x":"'
    return start + "x" * (size - len(start) - 2) + '"}'


CASES = [
    good("the standard's serialization", PLAIN),
    good("without crossOrigin", f"{{{MEMBERS}}}"),
    good(
        "members in another order, with spaces",
        f'{{"origin" : "{ORIGIN}",\n "challenge" : "{CHALLENGE}", {TYPE}}}',
    ),
    good(
        "members that nobody knows",
        with_(
            '"other_keys_can_be_added_here":"do not compare '
            'clientDataJSON against a template","x":{"y":[1,null,"\u20ac"]}'
        ),
    ),
    good(
        "Android: slashes in the origin escaped, and its package's name",
        instead(ORIGIN, ORIGIN.replace("/", r"\/")).replace(
            "false", 'false,"androidPackageName":"com.android.chrome"'
        ),
    ),
    good("a token binding of the second level", with_('"tokenBinding":{"status":"supported"}')),
    good("a token binding in use", with_('"tokenBinding":{"status":"present","id":"x"}')),
    good("4,096 bytes", at_length(4_096)),
    bad("4,097 bytes", at_length(4_097), "over 4,096 bytes"),
    bad("60,000 bytes of numbers", [(b'{"x":[', 1), (b"1.5e300,", 7_500)], "over 4,096 bytes"),
    bad("nothing", "", JSON),
    bad("cut off", PLAIN[:-1], JSON),
    bad("something after it", PLAIN + "{}", JSON),
    bad("a byte order mark", b"\xef\xbb\xbf" + PLAIN.encode(), JSON),
    bad("UTF-16", PLAIN.encode("utf-16-le"), JSON),
    bad("a byte that is not UTF-8", with_('"x":"')[:-1].encode() + b'\xff"}', JSON),
    bad("the type twice", with_(TYPE), JSON),
    bad(
        "the challenge twice, another one first",
        instead('"challenge"', '"challenge":"AAAA","challenge"'),
        JSON,
    ),
    bad("the origin twice, once with an escape", with_(rf'"\u006frigin":"{ORIGIN}"'), JSON),
    bad("an unknown member twice, deep inside", with_('"x":[{"y":1,"y":1}]'), JSON),
    bad("half a surrogate pair", with_(r'"x":"\ud800"'), JSON),
    bad("a number that a double changes", with_('"x":9007199254740993'), JSON),
    bad("NaN", with_('"x":NaN'), JSON),
    bad("a comma too many", instead("false}", "false,}"), JSON),
    bad("single quotes", PLAIN.replace('"', "'"), JSON),
    bad("4,000 levels", [(b"[", 4_000)], JSON),
    bad("65 levels", with_('"x":' + "[" * 64 + "]" * 64), JSON),
    bad("a list", "[]", "not a JSON object"),
    bad("a string", '"webauthn.create"', "not a JSON object"),
    bad("null", "null", "not a JSON object"),
    bad("no type", instead(f"{TYPE},", ""), KIND),
    bad("an assertion's", instead("webauthn.create", "webauthn.get"), KIND),
    bad("a payment's", instead("webauthn.create", "payment.get"), KIND),
    bad("a type in capitals", instead("webauthn.create", "WebAuthn.create"), KIND),
    bad("a type that is a list", instead(TYPE, '"type":["webauthn.create"]'), KIND),
    bad("a type with a space", instead("webauthn.create", "webauthn.create "), KIND),
    bad("no challenge", instead(f'"challenge":"{CHALLENGE}",', ""), OTHER),
    bad("another challenge", instead(CHALLENGE, CHALLENGE[::-1]), OTHER),
    bad("the challenge with padding", instead(CHALLENGE, CHALLENGE + "="), OTHER),
    bad(
        "the challenge in standard base64",
        instead(CHALLENGE, CHALLENGE.replace("-", "+").replace("_", "/")),
        OTHER,
    ),
    bad("the challenge with spare bits set", instead(CHALLENGE, CHALLENGE[:-1] + "B"), OTHER),
    bad("the challenge with a line break", instead(CHALLENGE, CHALLENGE + r"\n"), OTHER),
    bad("the challenge in hex", instead(CHALLENGE, BYTES.hex()), OTHER),
    bad(
        "the challenge with an escape",
        instead(CHALLENGE, rf"\u{ord(CHALLENGE[0]):04x}{CHALLENGE[1:]}"),
        SPELLING,
    ),
    bad("no origin", instead(f',"origin":"{ORIGIN}"', ""), ORIGINS),
    bad("another origin", instead(ORIGIN, "https://evil.example"), ORIGINS),
    bad("the origin in capitals", instead(ORIGIN, "https://LEDGER.example"), ORIGINS),
    bad("the origin with a slash", instead(ORIGIN, ORIGIN + "/"), ORIGINS),
    bad("the origin with its port", instead(ORIGIN, ORIGIN + ":443"), ORIGINS),
    bad("another scheme", instead("https://ledger", "http://ledger"), ORIGINS),
    bad("a host below it", instead("ledger.example", "a.ledger.example"), ORIGINS),
    bad("an Android application", instead(ORIGIN, "android:apk-key-hash:AAAA"), ORIGINS),
    bad("an origin that is null", instead(f'"{ORIGIN}"', "null"), ORIGINS),
    bad("crossOrigin true", instead("false", "true"), FRAME),
    bad("crossOrigin null", instead("false", "null"), FRAME),
    bad("crossOrigin 0", instead("false", "0"), FRAME),
    bad("crossOrigin a string", instead("false", '"false"'), FRAME),
    bad("a topOrigin", with_(f'"crossOrigin":false,"topOrigin":"{ORIGIN}"'), FRAME),
    bad("a topOrigin that is null", with_('"topOrigin":null'), FRAME),
    bad("a token binding of another status", with_('"tokenBinding":{"status":"no"}'), BINDING),
    bad("a token binding without status", with_('"tokenBinding":{}'), BINDING),
    bad("a token binding that is a string", with_('"tokenBinding":"unused"'), BINDING),
    bad("a token binding that is a list", with_('"tokenBinding":[]'), BINDING),
    bad("a token binding whose status is a list", with_('"tokenBinding":{"status":[]}'), BINDING),
]
