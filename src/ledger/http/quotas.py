"""Quotas: how often one member, or one client address, may ask for what costs the server work.

A quota is a bucket that holds `burst` requests and refills at `per_s`. Buckets live in the memory
of one process, or of the workers of one socket, and their number is bounded. `LEDGER_RATE_LIMIT`
scales the table.
"""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import StrEnum
from typing import NamedTuple, Protocol

from ledger.encoding import b64u_decode
from ledger.errors import MalformedError, TooManyError

DEFAULT_RATE_LIMIT = 120
MAX_BUCKETS = 16_384
LARGE_PIECE_BYTES = 65_536
ROUNDING_S = 1e-6  # what sums of floating point numbers may differ by


class Group(StrEnum):
    """The kinds of requests that have a quota."""

    BEGIN = "begin"  # a ceremony
    COMPLETE = "complete"  # a ceremony
    SIGN_IN = "sign-in"  # by an attested key
    ADD = "add"  # a key, a passkey or a service account, which the log keeps for ever
    DRAFT = "draft"
    DECIDE = "decide"  # approve, reject, withdraw, use, report an outcome
    RETRACT = "retract"  # without it, nobody decides on one statement again and again
    ADMINISTER = "administer"  # every other request that is not a read
    SEARCH = "search"  # reads that filter, search, or show the past
    LOG = "log"  # the public log
    READ = "read"
    EVIDENCE = "evidence"
    LARGE = "large"  # what a large body or approval adds to the log, in pieces
    REFUSED = "refused"  # requests with a signature that were refused


class Quota(NamedTuple):
    """How many requests at once, and how many a second after that."""

    burst: float
    per_s: float


# At the default of LEDGER_RATE_LIMIT: of a member, and of one address without a session.
QUOTAS = {
    Group.BEGIN: (Quota(60, 1), Quota(120, 2)),
    Group.COMPLETE: (Quota(60, 1), Quota(120, 2)),
    Group.SIGN_IN: (Quota(60, 1), Quota(120, 2)),
    Group.ADD: (Quota(60, 0.002), Quota(120, 2)),
    Group.DRAFT: (Quota(60, 2), Quota(120, 2)),
    Group.DECIDE: (Quota(10_000, 2_000), Quota(120, 2)),
    # Who approved many statements by mistake takes all back before others complete them.
    Group.RETRACT: (Quota(1_000, 0.02), Quota(120, 2)),
    Group.ADMINISTER: (Quota(120, 2), Quota(120, 2)),
    Group.SEARCH: (Quota(120, 5), Quota(120, 2)),
    # An audit of the whole log reads two tiles for each 256 entries.
    Group.LOG: (Quota(2_000, 40), Quota(2_000, 40)),
    Group.READ: (Quota(1_200, 40), Quota(600, 10)),
    Group.EVIDENCE: (Quota(30, 0.5), Quota(120, 2)),
    # 64 MiB at once and 2.7 GiB a day: an approval has the whole document in it.
    Group.LARGE: (Quota(1_000, 0.5), Quota(1_000, 0.5)),
    Group.REFUSED: (Quota(240, 4), Quota(240, 4)),
}
# The groups whose requests carry a signature and need no session.
SIGNED = frozenset((Group.SIGN_IN, Group.DRAFT, Group.DECIDE, Group.RETRACT, Group.ADMINISTER))
# Statuses that a correct client's request with a signature does not get again and again.
REFUSED_STATUSES = frozenset((400, 401, 403, 404, 422))
_POSTS = {
    "/api/credentials": Group.BEGIN,
    "/api/authenticate/options": Group.BEGIN,
    "/api/jwt-keys/options": Group.BEGIN,
    "/api/passkeys/options": Group.BEGIN,
    "/api/recoveries/options": Group.BEGIN,
    "/api/recoveries": Group.COMPLETE,
    "/api/device-links": Group.COMPLETE,
    "/api/device-links/offer": Group.COMPLETE,
    "/api/device-links/approve": Group.ADD,
    "/api/device-links/look": Group.READ,  # a new device waits with it; the secret is in the body
    "/api/register/complete": Group.COMPLETE,
    "/api/authenticate": Group.COMPLETE,
    "/api/jwt-keys": Group.ADD,
    "/api/service-accounts": Group.ADD,
    "/api/passkeys": Group.ADD,
    "/api/sessions": Group.SIGN_IN,
    "/api/statements/create": Group.DRAFT,
    "/api/changes": Group.DRAFT,
    "/api/approvals": Group.DECIDE,  # each of its approvals is taken out of the quota
    "/api/policies/preview": Group.SEARCH,
    "/language": Group.READ,  # it sets a cookie, and reads nothing
}
_DECISIONS = ("/sign", "/reject", "/withdraw", "/use", "/outcome")
_LOG = "/log/"
_TO_PROVIDER = ("/organisation/begin", "/organisation/callback")
# Files that are in memory, and what has a lane of its own.
_FREE = ("/static/", "/healthz", "/livez", "/readyz", "/metrics", "/favicon.ico")
_ASKED = ("/api/access-report", "/api/questions/", "/api/trail", "/audit/questions")
_OF_AUDIT = (b"kind", b"statement", b"from", b"to", b"compare")  # filters of the audit page
_SEARCHING = frozenset(
    (b"at", b"q", b"stream", b"actor", b"type", b"creator", b"status", *_OF_AUDIT)
)


def group_of(method: str, path: str, query: bytes) -> Group | None:
    """Return the group of a request, None if it has no quota."""
    if method not in ("GET", "HEAD"):
        if path in _POSTS:
            return _POSTS[path]
        if path.startswith("/scim/") and path.endswith("/.search"):
            return Group.SEARCH
        if path.endswith("/retract"):
            return Group.RETRACT
        return Group.DECIDE if path.endswith(_DECISIONS) else Group.ADMINISTER
    if path.startswith(_FREE):
        return None
    if path.startswith(_LOG):
        return Group.LOG
    if path in _TO_PROVIDER:
        return Group.BEGIN  # each asks the organisation's provider
    if path.endswith(("/evidence", "/certificate")) or path.startswith(_ASKED):
        return Group.EVIDENCE
    names = {part.partition(b"=")[0] for part in query.split(b"&")}
    # A name with an escape can be any of them.
    searches = b"%" in b"".join(names) or not names.isdisjoint(_SEARCHING)
    return Group.SEARCH if searches else Group.READ


class Buckets(Protocol):
    """Buckets by key; a key that has none has a full one."""

    def wait_s(self, key: Hashable, quota: Quota) -> float:
        """Return the seconds until the bucket holds a request, 0 if it holds one now."""
        ...

    def take(self, key: Hashable, quota: Quota) -> None:
        """Take one request out of the bucket; at most one more than it holds."""
        ...


class OwnBuckets:
    """Buckets of one process, at most so many: the one that was used least recently makes room.

    Making room fills a bucket, so an attacker with many addresses can favour others and locks
    nobody out.
    """

    def __init__(self, most: int, now_s: Callable[[], float]) -> None:
        self._most = most
        self._now_s = now_s
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        """Return how many buckets are held."""
        return len(self._full_at)

    def wait_s(self, key: Hashable, quota: Quota) -> float:
        """Return the seconds until the bucket holds a request, 0 if it holds one now."""
        full_at = self._full_at.get(key)
        if full_at is None:
            return 0.0
        wait_s = full_at - self._now_s() - (quota.burst - 1) / quota.per_s
        return wait_s if wait_s > ROUNDING_S else 0.0

    def take(self, key: Hashable, quota: Quota) -> None:
        """Take one request out of the bucket; at most one more than it holds."""
        now_s, full_at = self._now_s(), self._full_at.get(key, 0.0)
        full_at = (full_at if full_at > now_s else now_s) + 1 / quota.per_s
        self._full_at[key] = min(full_at, now_s + quota.burst / quota.per_s)
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)


class Asker(NamedTuple):
    """Who asks, as far as it is known before any work: a member by session, and an address.

    `signer` is the owner of the key that a request names. Whether they signed it is not known yet,
    so their bucket is that of this address alone: a forger empties nobody else's.
    """

    address: str
    member: str | None = None
    signer: str | None = None


class SharedQuotas(NamedTuple):
    """The buckets of members and of addresses that several processes share."""

    members: Buckets
    addresses: Buckets


class Quotas:
    """The buckets of members and of addresses: of one process, or shared."""

    def __init__(
        self,
        rate_limit: int,
        now_s: Callable[[], float] = time.monotonic,
        shared: SharedQuotas | None = None,
    ) -> None:
        """Take LEDGER_RATE_LIMIT: it scales the quotas of addresses, and raises those of members.

        `now_s` is a monotonic clock.
        """
        scale = rate_limit / DEFAULT_RATE_LIMIT
        self._of_members = {g: _scaled(of[0], max(scale, 1.0)) for g, of in QUOTAS.items()}
        self._of_addresses = {g: _scaled(of[1], scale) for g, of in QUOTAS.items()}
        # Apart, so that a flood of addresses makes no member's bucket full again.
        own = SharedQuotas(OwnBuckets(MAX_BUCKETS, now_s), OwnBuckets(MAX_BUCKETS, now_s))
        self._members, self._addresses = shared or own

    def take(self, group: Group, asker: Asker, count: int = 1) -> None:
        """Take a request, or so many, out of its bucket.

        Raises TooManyError `rate_limited` if the bucket has too few.
        """
        buckets, key, quota = self._bucket(group, asker)
        # A bucket of which each request takes several is a smaller one of which each takes one.
        quota = Quota(quota.burst / count, quota.per_s / count)
        wait_s = buckets.wait_s(key, quota)
        if group in SIGNED:
            refused, refused_key, refused_quota = self._refusals(asker)
            wait_s = max(wait_s, refused.wait_s(refused_key, refused_quota))
        if wait_s > 0:
            detail = "too many requests of this kind from one person or address"
            raise TooManyError("rate_limited", detail, retry_after_s=math.ceil(wait_s))
        buckets.take(key, quota)

    def take_large(self, asker: Asker, size: int) -> None:
        """Take a text or body that is larger than a piece out of the quota of what is large."""
        if size > LARGE_PIECE_BYTES:
            self.take(Group.LARGE, asker, math.ceil(size / LARGE_PIECE_BYTES))

    def count_refusal(self, asker: Asker) -> None:
        """Remember that a request with a signature was refused."""
        buckets, key, quota = self._refusals(asker)
        buckets.take(key, quota)

    def _refusals(self, asker: Asker) -> tuple[Buckets, Hashable, Quota]:
        """Return the bucket of refusals: whose key was named does not matter."""
        return self._bucket(Group.REFUSED, Asker(asker.address, asker.member))

    def _bucket(self, group: Group, asker: Asker) -> tuple[Buckets, Hashable, Quota]:
        if asker.member is not None:
            return self._members, (group, asker.member), self._of_members[group]
        if asker.signer is not None:
            key = (group, asker.address, asker.signer)
            return self._addresses, key, self._of_members[group]
        return self._addresses, (group, asker.address), self._of_addresses[group]


def _scaled(quota: Quota, scale: float) -> Quota:
    return Quota(max(quota.burst * scale, 1.0), quota.per_s * scale)


_JWS = re.compile(rb'"(?:jwt|act)"\s*:\s*"([A-Za-z0-9_-]{1,1024})\.')
_KID = re.compile(rb'"kid"\s*:\s*"([A-Za-z0-9_-]{43})"')


def named_kid(body: bytes) -> str | None:
    """Return the kid that a body's JWS names, to choose a bucket; nothing is verified."""
    found = _JWS.search(body)
    if found is None:
        return None
    try:
        named = _KID.search(b64u_decode(found[1].decode("ascii")))
    except MalformedError:
        return None
    return None if named is None else named[1].decode("ascii")
