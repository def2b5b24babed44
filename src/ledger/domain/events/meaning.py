"""What every event class declares besides its fields: who acted, what proves it, what it claims.

A declaration is data. The trail, the timeline, bundles, the store's claims, the reference and the
verifiers all read it. Only `acting_person`, `signature_of` and `kid_of` derive who acted and which
signature is the evidence.
"""

from abc import abstractmethod
from functools import cache
from string import Formatter
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from ledger.encoding import sha256_hex
from ledger.jose import parse_compact

StreamKind = Literal["ledger", "person", "statement"]
Actor = Literal["ledger", "change", "version", "owner", "by", "creator", "signer"]
EvidenceMember = Literal[
    "act", "jws", "registration", "redeem", "assertion", "possession", "confirmation"
]
Dependency = Literal["actor", "affected", "change", "superseded"]


# Told in place of the role of somebody who registered without one.
NO_ROLE = "somebody without a role"


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """How to describe an event in words; both sentences are templates for `str.format`.

    `about` is the member with the id, kid or credential id that the event is about, `stream` for
    its stream, None for nothing. `trail` may name every member of the body (a list stands for its
    length), and `who`, `whose` (the person of the stream), `title`. `timeline` may name `who`,
    `whom` and `of_whom` (the person of the stream, where that is another), `title`, `approvals`,
    `ended`, and `detail`: the member that the timeline keeps.
    """

    trail: str
    timeline: str
    about: str | None
    detail: Literal["outcome", "role", "standing", "status"] | None = None


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What an event's class declares.

    - `stream`: whose stream it stands in.
    - `actor`: the member that names the person who acted; `owner` for the person whose stream it
      is, `ledger` for the ledger itself, which signs with its own key, `change` for an effect of
      a change and `version` for one of a new version, which nobody signs.
    - `evidence`: the members that prove it, the actor's signature first. `act` and `jws` are signed
      by the actor's key; `registration`, `assertion` and `confirmation` come from a passkey;
      `possession` is signed by the key that is attested, and `redeem` by the key of an invitation,
      a code or the link of a re-enrolment.
      A member that is None is not asked for in that event.
    - `depends_on`: which other streams its decision depends on, and a bundle includes.
    - `claims`: templates of the unique names that it claims for ever. A name with a member that is
      None is not claimed. Of a member with several values, each value is a name: `key_material`
      are the thumbprints of the public keys that the event brings. `stream` is the stream's id.
    - `joins` and `leaves`: templates of the groups that the stream joins and leaves.
    """

    stream: StreamKind
    actor: Actor
    evidence: tuple[EvidenceMember, ...]
    depends_on: tuple[Dependency, ...]
    claims: tuple[str, ...]
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    words: Words


def effect(
    stream: StreamKind,
    words: Words,
    *,
    depends_on: tuple[Dependency, ...] = (),
    claims: tuple[str, ...] = (),
    joins: tuple[str, ...] = (),
    leaves: tuple[str, ...] = (),
) -> Meaning:
    """Return what an effect of a change declares: nobody signs it, and the change is its actor."""
    return Meaning(
        stream=stream,
        actor="change",
        evidence=(),
        depends_on=depends_on,
        claims=claims,
        joins=joins,
        leaves=leaves,
        words=words,
    )


class Explained(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The base of all event bodies.

    Each subclass is `@final`: mypy fails if one does not declare MEANING.
    """

    TAG: ClassVar[str]

    @property
    def act_sha256(self) -> str | None:
        """The SHA-256 (hex) of the signing input of the event's act, None without an act.

        An act that claims it is recorded once, even if its key makes another signature over it.
        """
        act: str | None = getattr(self, "act", None)
        return None if act is None else sha256_hex(act.rpartition(".")[0].encode())

    @property
    @abstractmethod
    def MEANING(self) -> Meaning:  # noqa: N802  # each class sets it as a constant
        """What this type of event declares."""


def acting_person(actor: Actor, body: object, stream: str) -> str | None:
    """Return the id of the person who acted, None for the ledger itself or an effect.

    Reads only the member of `body` that `actor` names, so a partly decoded body is enough.
    """
    if actor in ("ledger", "change", "version"):
        return None
    person: str = stream if actor == "owner" else getattr(body, actor)
    return person


def signature_of(body: Explained) -> str:
    """Return the JWS that the actor's key signed, an approval or an act; empty without one."""
    evidence = body.MEANING.evidence
    for member in ("jws", "act"):
        if member in evidence:
            return getattr(body, member) or ""
    return ""


def kid_of(body: Explained) -> str:
    """Return the kid that the evidence is signed with, empty where a passkey alone proves it.

    It is the kid of the signature's header, else that of the proof of possession. Raises as
    `parse_compact` does.
    """
    signed = signature_of(body)
    if not signed and "possession" in body.MEANING.evidence:
        signed = getattr(body, "possession")  # noqa: B009  # its evidence declares `possession`
    return parse_compact(signed).header.kid if signed else ""


def names_of(body: Explained, stream: UUID, template: str) -> tuple[str, ...]:
    """Return the names that a template of `claims`, `joins` or `leaves` yields.

    They are none if one of its members is None, and one for each value of a member with several.
    """
    members: dict[str, Any] = {
        name: stream if name == "stream" else getattr(body, name) for name in _members(template)
    }
    if None in members.values():
        return ()
    for name, value in members.items():
        if isinstance(value, tuple):
            return tuple(template.format_map(members | {name: each}) for each in value)
    return (template.format_map(members),)


@cache
def _members(template: str) -> tuple[str, ...]:
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name is not None)
