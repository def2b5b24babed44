"""What parsers disagree about: numbers, escapes, characters, names and times at their limits."""

# JSON numbers, and what some parsers take for one.
NUMBERS = (
    *"0 -0 -0.0 0.0 1 -1 1.0 1.10 0.1 0.5 1e0 1e2 1E+2 1e-2 2.0 2e0 01 -01 +1 .5 1. 1e 1e+".split(),
    *"--1 0x10 1_000 1n ٣ NaN Infinity -Infinity nan undefined 1e19 1e22 1e23 1e308 1e309".split(),
    *"-1e309 1e-400 5e-324 2.5e-324 1e99999999999999999999 100000000000000000000.0".split(),
    *"9007199254740991 9007199254740992 9007199254740993 -9007199254740993".split(),
    *"9223372036854775808 18446744073709551615 18446744073709551616".split(),
    *"0.1000000000000000055511151231257827 0.30000000000000004".split(),
    *("1" + "0" * zeros for zeros in (22, 23, 308, 309, 310, 999, 1000)),
    *("9" * 1001, "0." + "1" * 1001, "0." + "0" * 990 + "1", "1." + "0" * 997, "1." + "0" * 999),
)
ESCAPES = (
    *r"\u0000 \u0041 \u00e9 \u00E9 \ud83d\ude00 \uD83D\uDE00 \ud800 \udfff \ude00\ud83d".split(),
    *r"\ud800\u0041 \ud800A \ud800\n \ud800\ud800\udc00 \uD83D😀 \u2028 \ufeff \uffff \u".split(),
    *r"\u12g4 \U0041 \x41 \a \v \0 \' \" \\ \/ \b \f \n \r \t \ \u+041 \u-001".split(),
    *r"\u12 \ud83d\u \ud83d\udeg0".split(),
    *("\\\n", "\\u 041", "\\u004\u0661"),
)
CHARACTERS = (
    *"\0 \x01 \x7f \x80 \xad é e\u0301 \u200b \ufeff \ufffe \uffff 😀 \U0010ffff".split(" "),
    *"\t\n\r\x0b\x1f\x85\xa0\u2028\u2029\u3000",
)
SPACES = (*" \t\n\r\x0b\x0c\xa0\u2028\ufeff\0", "\r\n", "/**/", "//\n", "")
WORDS = 'null true false [] {} "" 0 1 "x" [null] {"a":1} True nul nullnull'.split()
NAMES = ("", *"__proto__ constructor toString hasOwnProperty a missing é valueOf kind".split())
# Bytes that are no UTF-8, or that begin UTF-16.
RAW = (
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80"),
    *(b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x88\x80\x80\x80"),
    *(b"\x80", b"\xc3", b"\xff", b"\0"),
)
ALGS = (
    *"EdDSA Ed25519 ES256 ML-DSA-65 none HS256 RS256 ES384 eddsa Ed448 ML-DSA-44".split(),
    *("", "ED25519", "EdDSA ", "ES256K", "PS256"),
)
# What a header of another JWS may have, and ours may not.
MEMBERS = (
    *'"crit":["b64"],"b64":false|"b64":true|"b64":false|"crit":["exp"]|"crit":[]'.split("|"),
    *'"jwk":{"kty":"OKP"}|"jku":"https://example.org"|"x5c":[]|"cty":"json"'.split("|"),
    *'"iat":1.5|"iat":null|"iat":-0|"iat":true|"iat":"1"|"iat":9007199254740993'.split("|"),
    *'"iat":1795230245e0|"iat":1795230245.0|"iat":1795230245|"iat":1e400|"iat":01'.split("|"),
    *'"alg":"EdDSA"|"typ":"JWT"|"typ":"jwt"|"typ":null|"kid":"x"|"exp":1|"zip":"DEF"'.split("|"),
    *('"__proto__":{"alg":"none"}', '"a":' + "[" * 70 + "]" * 70),
    *('"a":"' + "x" * 600 + '"', '"a":"' + "x" * 900 + '"'),
)
# Names of files: such as a bundle has, and such as none may have.
FILES = (
    *"entries/3 bodies/3 proofs/3.tlog-proof entries/03 entries/99 bodies/99 notes.txt".split(),
    *"tile/0/000 tile/0/000.p/16 tile/entries/000.p/16 tile/bodies/000.p/16 tile/1/000.p/1".split(),
    *"checkpoint.tsr policy verify.html README.txt keys/tsa-chain.pem keys/vkeys people/x".split(),
    *"statements/x manifest.json MANIFEST.JSON entries/9223372036854775808".split(),
    *"proofs/99.tlog-proof proofs/9007199254740993.tlog-proof bodies/9007199254740993".split(),
    *"bodies/9007199254740992 bodies/999999999999999".split(),
)
WRONG_FILES = (
    *"/ /a a/ a//b . .. ../a a/.. a/./b a\\b é a:b C:/a ~ - _ .a a. ... a/... CON \u2024".split(
        " "
    ),
    *("", "\u2024", "a b", "a\0", "a\n", "A" * 200, "A" * 201),
)
# Times, ids, texts and policies, as JSON.
TIMES = [
    f'"{each}"'
    for each in (
        *"2026-11-21T03:04:05.678Z 2026-02-29T00:00:00.000Z 2028-02-29T00:00:00.000Z".split(),
        *"2026-11-21T24:00:00.000Z 2026-11-21T23:59:60.000Z 0000-01-01T00:00:00.000Z".split(),
        *"0001-01-01T00:00:00.000Z 9999-12-31T23:59:59.999Z 2026-11-21T03:04:05Z".split(),
        *"2026-11-21t03:04:05.678z +002026-11-21T03:04:05.678Z 0099-01-01T00:00:00.000Z".split(),
        *"2026-11-21T03:04:05.678+00:00 ٢٠٢٦-11-21T03:04:05.678Z".split(),
        *"2026-13-01T00:00:00.000Z 2026-11-21T03:60:05.678Z 1582-10-10T00:00:00.000Z".split(),
        "2026-11-21T03:04:05.678Z\\n",
    )
]
TEXTS = [
    f'"{each}"'
    for each in (
        *r" |\u2003|\u200b|\u001c|\u0085|\ufeff|The amount is too low.|123456789".split("|"),
        *(" 123456789 ", "1234567890", "x" * 200, "x" * 201, "😀" * 200, "😀" * 201),
        " " * 300 + "x",
    )
]


def _policy(members: str, threshold: str = "1") -> str:
    return f'{{"threshold":{threshold},"of":{members}}}'


def _ids(count: int) -> list[str]:
    return [f'"user:00000000-0000-4000-8000-{number:012x}"' for number in range(count)]


_ROLE = '["role:investor"]'
(_ID,) = _ids(1)
POLICIES = [
    *(_policy(_ROLE, each) for each in "1 1.0 0 1e0 true 9007199254740992 1e22 -0".split()),
    *(_policy(_ROLE, each) for each in ("9007199254740991", "1" + "0" * 22, '"1"', "null")),
    *map(_policy, f'[]|[{_ID},{_ID}]|["user:"]|["role:auditor"]|["user:a"]|[{_ID}]'.split("|")),
    *map(_policy, r'["user:\u0000"]|["role:investor "]|"role:investor"|["user:\ud800"]'.split("|")),
    *('{"threshold":1,"of":[' * n + _ID + "]}" * n for n in (8, 9, 10, 31, 70)),
    *(_policy(f"[{','.join(_ids(count))}]") for count in (256, 4096, 4097)),
    *(_policy(_ROLE, each) for each in ("256", "257")),
    _policy(f"[{_ID}]", "2"),
    *(
        f"{_policy(_ROLE)[:-1]},{each}}}"
        for each in (
            *'"veto":["role:auditor"]|"veto":null|"veto":["role:investor"]'.split("|"),
            *'"assurance":"passkey"|"assurance":null|"creatorMaySign":false'.split("|"),
            *'"creatorMaySign":0|"expiresAt":"2027-01-01T00:00:00.000Z"|"expiresAt":""'.split("|"),
        )
    ),
]
