"""Two short-lived cookies of the organisation's sign-in: one that begins it, one that shows it.

Both carry their state with a tag that only this ledger can compute, so the server keeps no list of
sign-ins. `SameSite=Lax` for the first: the provider sends the browser back from another site.
"""

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar.datastructures import Cookie

from ledger.commands.ceremony_ids import MAX_ID_CHARS, seal, unseal
from ledger.errors import LedgerError
from ledger.http.request_cookies import values
from ledger.http.requests import AnyRequest
from ledger.organisation.provider import Flow, Identity

FLOW, PROOF = "ledger_organisation_flow", "ledger_organisation"
PROOF_S = 600
_MOST_GROUPS_CHARS = 1_500  # a browser keeps 4 KiB

T = TypeVar("T")


class Proof(msgspec.Struct, frozen=True):
    """That a browser's person was at the provider; `id` makes it count once."""

    id: str
    who: Identity
    until_s: int


class OrganisationCookies:
    """The cookies of one ledger; with `secure`, they travel over HTTPS only."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        """`key` is the random key of this ledger's ceremonies."""
        self._key = hmac.digest(key, b"ledger organisation v1\n", "sha256")
        self._secure = secure
        prefix = "__Host-" if secure else ""
        self.flow, self.proof = prefix + FLOW, prefix + PROOF

    def begun(self, flow: Flow, max_age_s: int) -> Cookie:
        """Return the cookie of a sign-in that begins."""
        return self._cookie(self.flow, self._sealed(b"flow", flow), max_age_s, "lax")

    def shown(self, proof: Proof) -> Cookie:
        """Return the cookie that shows who was at the provider."""
        groups, chars = [], 0
        for each in proof.who.groups:
            chars += len(each.encode()) + 3
            if chars <= _MOST_GROUPS_CHARS:
                groups.append(each)
        who = msgspec.structs.replace(proof.who, groups=tuple(groups))
        sealed = self._sealed(b"proof", msgspec.structs.replace(proof, who=who))
        return self._cookie(self.proof, sealed, PROOF_S, "strict")

    def ended(self, name: str) -> Cookie:
        """Return the cookie that removes one."""
        return self._cookie(name, "", 0, "lax" if name == self.flow else "strict")

    def flow_of(self, request: AnyRequest, *, now_s: int) -> Flow | None:
        """Return the sign-in that this browser began, None without one, or if it is over."""
        found = self._opened(b"flow", self._value(request, self.flow), Flow)
        return found if found is not None and now_s < found.until_s else None

    def proof_of(self, request: AnyRequest, *, now_s: int) -> Proof | None:
        """Return what this browser shows, None without it, or if it is over."""
        found = self._opened(b"proof", self._value(request, self.proof), Proof)
        return found if found is not None and now_s < found.until_s else None

    def _value(self, request: AnyRequest, name: str) -> str | None:
        found = next(values(request.scope["headers"], name), None)
        return None if found is None else found.decode("latin-1")

    def _sealed(self, label: bytes, state: object) -> str:
        return seal(label + msgspec.json.encode(state), key=self._key)

    def _opened(self, label: bytes, text: str | None, type_: Callable[..., T]) -> T | None:
        if not text or len(text) > MAX_ID_CHARS:
            return None
        try:
            state = unseal(text, key=self._key)
            if not state.startswith(label):
                return None
            decode: Any = msgspec.json.decode
            found: T = decode(state[len(label) :], type=type_)
        except (LedgerError, msgspec.MsgspecError):
            return None
        return found

    def _cookie(self, name: str, value: str, max_age_s: int, same_site: Any) -> Cookie:
        return Cookie(
            key=name,
            value=value,
            max_age=max_age_s,
            path="/",
            httponly=True,
            samesite=same_site,
            secure=self._secure,
        )
