"""The forms of the settings of messages: pauses between attempts, hosts of one's own network."""

import re

from ledger.errors import MalformedError

# In seconds: what Standard Webhooks 1.0 recommends, from 5 seconds to a day, three days in all.
PAUSES = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MOST_PAUSES = 20
LONGEST_PAUSE_S = 86_400
_SECONDS = re.compile(r"[0-9]{1,5}").fullmatch
_HOST = re.compile(r"[a-z0-9._:-]{1,253}").fullmatch


def parse_pauses(text: str) -> tuple[int, ...]:
    """Return pauses in seconds, PAUSES for no text; raise MalformedError `setting_invalid`."""
    parts = [each.strip() for each in text.split(",")] if text else []
    if len(parts) > MOST_PAUSES or not all(_SECONDS(each) for each in parts):
        detail = f"must be up to {MOST_PAUSES} whole numbers of seconds, with commas"
        raise MalformedError("setting_invalid", detail)
    found = tuple(int(each) for each in parts) or PAUSES
    if max(found) > LONGEST_PAUSE_S:
        raise MalformedError("setting_invalid", f"has a pause of over {LONGEST_PAUSE_S} s")
    return found


def parse_hosts(text: str) -> frozenset[str]:
    """Return host names and IP addresses, as the host of an address has them.

    Raises MalformedError `setting_invalid`.
    """
    parts = [each.strip() for each in text.split(",") if each.strip()]
    if not all(_HOST(each) for each in parts):
        detail = "must be lower-case host names or IP addresses, with commas"
        raise MalformedError("setting_invalid", detail)
    return frozenset(parts)
