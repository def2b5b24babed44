"""CBOR: one item of every kind at its limits, and one for each refusal. Written byte by byte."""

from typing import Any

from tests.vectors.webauthn.cases import CBOR, Case, Input


def good(name: str, raw: bytes, value: Any) -> Case:
    """Accept; `value` has maps as {"map": pairs} and byte strings as {"hex"}."""
    return Case(name, raw, None, {"value": value})


def bad(name: str, raw: Input, reason: str) -> Case:
    return Case(name, raw, CBOR.format(reason))


def h(text: str) -> bytes:
    return bytes.fromhex(text)


CUT = "cut off"
LONG = "a number in a longer form than needed"
TAG = "a tag"
SIMPLE = "a float, or an unknown simple value"
LENGTH = "an indefinite or reserved length"
KEY = "a key that is neither an integer nor text"
TWICE = "a key twice"
UTF8 = "text that is not UTF-8"
# A map with tag 35, a regular expression; as base64url it makes a request of 52 kB. Each of its
# ranges ignores case, so that Python's compiler looks at 65,000 characters for eight bytes: over
# twenty seconds of work in all.
_RANGES = "[\u0100-\uffff]".encode()
EXPRESSION = [(h("a1616bd823799608") + b"(?i)", 1), (_RANGES, 4_800), (b"aaaa", 1)]

CASES = [
    good("zero", h("00"), 0),
    good("23, the last in one byte", h("17"), 23),
    good("24, the first in two", h("1818"), 24),
    good("255", h("18ff"), 255),
    good("256", h("190100"), 256),
    good("65536", h("1a00010000"), 65_536),
    good("2^32", h("1b0000000100000000"), 2**32),
    good("2^53 - 1", h("1b001fffffffffffff"), 2**53 - 1),
    good("-1", h("20"), -1),
    good("-2^53", h("3b001fffffffffffff"), -(2**53)),
    good("no bytes", h("40"), {"hex": ""}),
    good("three bytes", h("43010203"), {"hex": "010203"}),
    good("text", h("63e282ac"), "\u20ac"),
    good("text with a byte order mark", h("63efbbbf"), "\ufeff"),
    good("no text", h("60"), ""),
    good("false, true, null", h("83f4f5f6"), [False, True, None]),
    good("an empty array and an empty map", h("8280a0"), [[], {"map": []}]),
    good("keys of both kinds, one spelling", h("a20102613103"), {"map": [[1, 2], ["1", 3]]}),
    good("keys in an order that is not canonical", h("a220000100"), {"map": [[-1, 0], [1, 0]]}),
    good(
        "text keys that JavaScript's objects have",
        h("a1695f5f70726f746f5f5f01"),
        {"map": [["__proto__", 1]]},
    ),
    good("eight levels", h("8181818181818180"), [[[[[[[[]]]]]]]]),
    good("64 members", h("9840") + h("00") * 64, [0] * 64),
    good(
        "a map of 64 members",
        h("b840") + b"".join(bytes([0x18, n, 0]) for n in range(64, 128)),
        {"map": [[n, 0] for n in range(64, 128)]},
    ),
    good(
        "512 items",
        h("88") + (h("983f") + h("00") * 63) * 7 + h("983e") + h("00") * 62,
        [[0] * 63] * 7 + [[0] * 62],
    ),
    bad("nothing", b"", CUT),
    bad("513 items", h("88") + (h("983f") + h("00") * 63) * 8, "over 512 items"),
    bad("nine levels", h("818181818181818180"), "over 8 levels"),
    bad("nine levels of maps", h("a100" * 8 + "00"), "over 8 levels"),
    bad("60,000 levels of arrays", [(h("81"), 60_000)], "over 8 levels"),
    bad("30,000 levels of maps", [(h("a100"), 30_000)], "over 8 levels"),
    bad("65 members", h("9841") + h("00") * 65, "over 64 members in a container"),
    bad(
        "an array that claims 2^32 members",
        h("9b0000000100000000"),
        "over 64 members in a container",
    ),
    bad(
        "a map that claims 2^53 - 1 members",
        h("bb001fffffffffffff"),
        "over 64 members in a container",
    ),
    bad("an array that claims more than there are", h("830102"), CUT),
    bad("bytes that claim 2^53 - 1", h("5b001fffffffffffff00"), CUT),
    bad("text that claims 2^32", h("7b000000010000000061"), CUT),
    bad("one byte of a string missing", h("430102"), CUT),
    bad("a number without its bytes", h("19"), CUT),
    bad("a number with half its bytes", h("1901"), CUT),
    bad("a map without its last value", h("a101"), CUT),
    bad("one byte after it", h("0000"), "bytes after the item"),
    bad("a second item after it", h("a0a0"), "bytes after the item"),
    bad("65,537 bytes", [(h("5a0000fffc"), 1), (h("00"), 65_532)], "over 65,536 bytes"),
    bad("23 in two bytes", h("1817"), LONG),
    bad("255 in three", h("1900ff"), LONG),
    bad("65535 in five", h("1a0000ffff"), LONG),
    bad("2^32 - 1 in nine", h("1b00000000ffffffff"), LONG),
    bad("-24 in two", h("3817"), LONG),
    bad("a length in a longer form", h("580100"), LONG),
    bad("an array's count in a longer form", h("980100"), LONG),
    bad("a key in a longer form", h("a1180100"), LONG),
    bad("2^53", h("1b0020000000000000"), "a number above 2^53 \u2212 1"),
    bad("2^64 - 1", h("1bffffffffffffffff"), "a number above 2^53 \u2212 1"),
    bad("-2^53 - 1", h("3b0020000000000000"), "a number above 2^53 \u2212 1"),
    bad("-2^64", h("3bffffffffffffffff"), "a number above 2^53 \u2212 1"),
    bad("a byte string of indefinite length", h("5f4100ff"), LENGTH),
    bad("text of indefinite length", h("7f6161ff"), LENGTH),
    bad("an array of indefinite length", h("9f00ff"), LENGTH),
    bad("a map of indefinite length", h("bf0000ff"), LENGTH),
    bad(
        "an array of indefinite length and 60,000 members",
        [(h("9f"), 1), (h("00"), 60_000)],
        LENGTH,
    ),
    *[bad(f"a reserved length, {info}", bytes([info, 0, 0]), LENGTH) for info in (28, 29, 30, 31)],
    bad("a break alone", h("ff"), SIMPLE),
    bad("undefined", h("f7"), SIMPLE),
    bad("simple value 0", h("e0"), SIMPLE),
    bad("simple value 19", h("f3"), SIMPLE),
    bad("simple value 32", h("f820"), SIMPLE),
    bad("false in two bytes", h("f814"), SIMPLE),
    bad("a float of two bytes", h("f93c00"), SIMPLE),
    bad("a float of four bytes", h("fa3f800000"), SIMPLE),
    bad("a float of eight bytes", h("fb3ff0000000000000"), SIMPLE),
    bad("NaN", h("f97e00"), SIMPLE),
    bad("tag 0, a time", h("c074323032362d30312d30315430303a30303a30305a"), TAG),
    bad("tag 1, a time", h("c100"), TAG),
    bad("tag 2, a big number", [(h("c25a0000c350"), 1), (h("ff"), 50_000)], TAG),
    bad("tag 4, a decimal fraction", h("c4821a3b9aca0001"), TAG),
    bad("tag 28 and 29, a shared reference", h("d81c81d81d00"), TAG),
    bad("tag 35, a regular expression", h("d8236161"), TAG),
    bad("tag 35 in a map, dear to compile", EXPRESSION, TAG),
    bad("tag 258, a set", h("d9010280"), TAG),
    bad("tag 55799, CBOR itself", h("d9d9f700"), TAG),
    bad("50,000 tags", [(h("c1"), 50_000), (h("00"), 1)], TAG),
    bad("a tag as a key", h("a1c10000"), TAG),
    bad("an integer key twice", h("a201000100"), TWICE),
    bad("a negative key twice", h("a220002000"), TWICE),
    bad("a text key twice", h("a2616100616100"), TWICE),
    bad("a byte string as a key", h("a1410100"), KEY),
    bad("an array as a key", h("a18000"), KEY),
    bad("a map as a key", h("a1a000"), KEY),
    bad("true as a key", h("a1f500"), KEY),
    bad("null as a key", h("a1f600"), KEY),
    bad("maps as keys of maps", [(h("a1"), 30_000)], KEY),
    bad("a lone continuation byte", h("6180"), UTF8),
    bad("a surrogate", h("63eda080"), UTF8),
    bad("a slash in two bytes", h("62c0af"), UTF8),
    bad("half a character", h("62e282"), UTF8),
    bad("beyond Unicode", h("64f4908080"), UTF8),
    bad("a key that is not UTF-8", h("a161ff00"), UTF8),
]
