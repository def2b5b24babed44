"""How a name or title that a person chose stands in a sentence: in quotation marks, always.

Somebody may be called `Ada, Ben and Chao`, `any investor` or `2 of 3`. The marks tell where a name
begins and ends, and no name can imitate them. web/static/js/lib/quoted.js writes the same;
tests/vectors/web/quoted.json holds both.
"""

import re

# What looks like a double quotation mark, and several single ones that together do.
_MARKS = re.compile(
    '["\u00ab\u00bb\u02ba\u02dd\u02ee\u02f5\u02f6\u05f4\u1cd3\u201c-\u201f\u2033\u2034\u2036'
    "\u2037\u2057\u226a\u226b\u275d\u275e\u2760\u27ea\u27eb\u2e42\u3003\u300a\u300b\u301d-\u301f"
    "\ufe3d\ufe3e\uff02\U0001f676-\U0001f678]"
    "|['`\u00b4\u02b9\u02bb-\u02be\u02c8\u02ca\u02cb\u02f4\u0384\u055a\u055d\u05f3\u07f4\u07f5"
    "\u1fbd\u1fbf\u1ffe\u2018-\u201b\u2032\u2035\u2039\u203a\u275b\u275c\u275f\u276e\u276f"
    "\ua78c\uff07]{2,}"
)


def quoted(text: str) -> str:
    """Return a name or title in double quotation marks; those inside it become single ones.

    It keeps no text: a change can erase what a name or title says.
    """
    if text.isascii() and not ('"' in text or "'" in text or "`" in text):  # most texts
        return f"\u201c{text}\u201d"
    return f"\u201c{_MARKS.sub(chr(0x27), text)}\u201d"


def of_account(name: str, owner: str) -> str:
    """Return how a sentence names an account that acted; `owner` as the sentence would have it."""
    return f"{name} (service account of {owner})"
