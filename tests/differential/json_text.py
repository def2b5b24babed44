"""Mutations of JSON text that know what JSON is: they aim at the limits of I-JSON (RFC 7493)."""

import json
import random
import re
from collections.abc import Callable, Sequence

from tests.differential.hazards import CHARACTERS, ESCAPES, NAMES, NUMBERS, RAW, SPACES, WORDS
from tests.support.mutations import mutated

_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[][{},:]|[ \t\r\n]+|.', re.S
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)


def changed(text: str, chosen: random.Random, *, values: Sequence[str] = ()) -> bytes:
    """Return JSON text with one to three changes; `values` are tried in the place of values."""
    raw = text
    for _ in range(chosen.choice((1, 1, 1, 2, 3))):
        raw = chosen.choice(_CHANGES)(raw, chosen, values)
    encoded = raw.encode("utf-8", "surrogatepass")
    if chosen.random() < 0.12:
        encoded = _bytes_changed(encoded, chosen)
    return encoded


def in_one_form(raw: bytes) -> bytes:
    """Return JSON as the ledger writes it; what is no JSON is returned as it is."""
    try:
        found = json.loads(raw)
        return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return raw


def _bytes_changed(raw: bytes, chosen: random.Random) -> bytes:
    kind = chosen.randrange(4)
    if kind == 0:
        return mutated(raw, chosen) if raw else b"\0"
    if kind == 1:
        return chosen.choice(RAW) + raw
    if kind == 2:
        at = chosen.randrange(len(raw) + 1)
        return raw[:at] + chosen.choice(RAW) + raw[at:]
    text = raw.decode("utf-8", "replace")
    return text.encode(
        chosen.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1")), "replace"
    )


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _pick(tokens: list[str], chosen: random.Random, fits: Callable[[str], bool]) -> int | None:
    places = [at for at, token in enumerate(tokens) if fits(token)]
    return chosen.choice(places) if places else None


def _in_string(text: str, chosen: random.Random, pieces: Sequence[str]) -> str:
    """Put a piece into one of the strings."""
    tokens = _tokens(text)
    at = _pick(tokens, chosen, lambda token: len(token) > 1 and token[0] == '"')
    if at is None:
        return text
    place = chosen.randrange(1, len(tokens[at]))
    tokens[at] = tokens[at][:place] + chosen.choice(pieces) + tokens[at][place:]
    return "".join(tokens)


def _escape(text: str, chosen: random.Random, _: Sequence[str]) -> str:
    return _in_string(text, chosen, ESCAPES)


def _character(text: str, chosen: random.Random, _: Sequence[str]) -> str:
    return _in_string(text, chosen, CHARACTERS)


def _respelt(text: str, chosen: random.Random, _: Sequence[str]) -> str:
    """Write a string with escapes that change nothing."""
    tokens = _tokens(text)
    at = _pick(
        tokens, chosen, lambda token: len(token) > 2 and token[0] == '"' and "\\" not in token
    )
    if at is not None:
        tokens[at] = escaped(tokens[at], chosen)
    return "".join(tokens)


def escaped(string: str, chosen: random.Random) -> str:
    """Return a quoted string with one of its characters as an escape."""
    place = chosen.randrange(1, len(string) - 1)
    units = string[place].encode("utf-16-be", "surrogatepass")
    spelt = chosen.choice(("\\u%04x", "\\u%04X"))
    pairs = (units[n : n + 2] for n in range(0, len(units), 2))
    code = "".join(spelt % int.from_bytes(pair, "big") for pair in pairs)
    return string[:place] + code + string[place + 1 :]


def _number(text: str, chosen: random.Random, _: Sequence[str]) -> str:
    tokens = _tokens(text)
    at = _pick(tokens, chosen, lambda token: token[0] in "-0123456789")
    if at is None:
        return _value(text, chosen, NUMBERS)
    tokens[at] = chosen.choice(NUMBERS)
    return "".join(tokens)


def _value(text: str, chosen: random.Random, values: Sequence[str]) -> str:
    """Write another value in the place of a string, number or word."""
    tokens = _tokens(text)
    at = _pick(tokens, chosen, lambda token: token[0] not in "[]{},: \t\r\n")
    if at is not None:
        tokens[at] = chosen.choice((*WORDS, *NUMBERS[:12], *values, *values))
    return "".join(tokens)


def _name(text: str, chosen: random.Random, _: Sequence[str]) -> str:
    names = [found for found in _STRING.finditer(text) if text[found.end() :].lstrip()[:1] == ":"]
    if not names:
        return text
    found = chosen.choice(names)
    return text[: found.start()] + json.dumps(chosen.choice(NAMES)) + text[found.end() :]


def _member(text: str, chosen: random.Random, values: Sequence[str]) -> str:
    """Add a member, often one that is there already, perhaps in another spelling."""
    names = [found for found in _STRING.finditer(text) if text[found.end() :].lstrip()[:1] == ":"]
    if not names:
        return text
    found = chosen.choice(names)
    name = (
        found[0] if chosen.random() < 0.7 else json.dumps(chosen.choice(NAMES), ensure_ascii=False)
    )
    if len(name) > 2 and "\\" not in name and chosen.random() < 0.4:
        name = escaped(name, chosen)
    after = _value_after(text, found.end())
    value = after if after and chosen.random() < 0.5 else chosen.choice((*WORDS, *values))
    return f"{text[: found.start()]}{name}:{value},{text[found.start() :]}"


def _value_after(text: str, at: int) -> str:
    """Return the value of the member whose name ends here, if it is a string, number or word."""
    found = re.compile(r'\s*:\s*("(?:[^"\\]|\\.)*"|[0-9.eE+-]+|\w+)', re.S).match(text, at)
    return found[1] if found else ""


def _space(text: str, chosen: random.Random, _: Sequence[str]) -> str:
    tokens = _tokens(text)
    tokens.insert(chosen.randrange(len(tokens) + 1), chosen.choice(SPACES))
    return "".join(tokens)


def _structure(text: str, chosen: random.Random, _: Sequence[str]) -> str:
    tokens = _tokens(text)
    if not tokens:
        return chosen.choice(WORDS)
    at, kind = chosen.randrange(len(tokens)), chosen.randrange(6)
    if kind == 0:
        del tokens[at]
    elif kind == 1:
        tokens.insert(at, tokens[chosen.randrange(len(tokens))])
    elif kind == 2:
        tokens.insert(at, chosen.choice("[]{},:\"'"))
    elif kind == 3:
        other = chosen.randrange(len(tokens))
        tokens[at], tokens[other] = tokens[other], tokens[at]
    elif kind == 4:
        del tokens[at:]
    else:
        tokens.append(chosen.choice((*WORDS, ",", "}", "]", "\0", "x")))
    return "".join(tokens)


def _deep(text: str, chosen: random.Random, _: Sequence[str]) -> str:
    """Wrap the whole, or a value, into lists or objects up to about the limit of the depth."""
    levels = chosen.choice((1, 5, 58, 60, 61, 62, 63, 64, 65, 66, 100, 3_000))
    before, after = chosen.choice((("[", "]"), ('{"a":', "}"), ("[0,", "]")))
    if chosen.random() < 0.5:
        return before * levels + text + after * levels
    return _value(text, chosen, [before * levels + "1" + after * levels] * 40)


def _inner(text: str, chosen: random.Random, values: Sequence[str]) -> str:
    """Change JSON that is inside a string, as a document's content is."""
    tokens = _tokens(text)
    at = _pick(tokens, chosen, lambda token: token.startswith(('"{', '"[')))
    if at is None:
        return _value(text, chosen, values)
    inner = chosen.choice(_CHANGES[:9])(_plain(tokens[at]), chosen, values)
    tokens[at] = json.dumps(inner, ensure_ascii=chosen.random() < 0.2)
    return "".join(tokens)


def _plain(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return "{}"


_CHANGES: tuple[Callable[[str, random.Random, Sequence[str]], str], ...] = (
    *(_escape, _character, _respelt, _number, _value, _name, _member, _space, _structure, _deep),
    *(_inner, _value, _member),
)
