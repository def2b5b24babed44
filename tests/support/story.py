"""A hand-written log: people, statements and decisions, one second apart, unsigned.

The views do not verify evidence, so the evidence is only distinct text: act-1, jws-2, and so on.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.domain import events
from ledger.domain.events import Body, Event, Recorded
from ledger.domain.governance import policy_digest
from ledger.domain.passkey import RegistrationEvidence
from ledger.domain.policy import Node
from ledger.domain.skeletons import skeletons
from ledger.domain.vocabulary import Form, PersonStanding, ReadBy, Status
from ledger.encoding import b64u_encode
from tests.support import unsigned
from tests.support.document_end import ends_at
from tests.support.ending_story import EndingStory
from tests.support.views_in_memory import views_in_memory

START_MS = 1_795_230_000_000
LEDGER = "localhost-8000.ledger/4f9k2m7q"
LEDGER_STREAM = UUID(int=1)
BOTH_ROLES = {"threshold": 2, "of": ["role:creator", "role:investor"]}
CHANGE = "0f0f0f0f-0000-4000-8000-00000000000c"
NEVER = "9999-12-31T00:00:00.000Z"


def time_at(position: int) -> str:
    """Return the time of the entry at a position."""
    return clock.to_text(START_MS + 1000 * position)


class Story(EndingStory):
    """An append-only log in memory; it begins with the ledger's own event.

    A person begins with three events; their name is told in the views alone, after all others, so
    that the positions of a test are easy to count. With `names` it is their fourth event.
    """

    def __init__(self, *, names: bool = False) -> None:
        self._tells_names = names
        self.registering: set[int] = set()  # positions at which a registration is not complete
        self.states: list[bytes] = []
        self.versions: dict[UUID, int] = {}
        self.roles: dict[str, list[str]] = {}
        self.creators: dict[str, str] = {}
        self._ids = 1
        self._names: list[tuple[UUID, events.UserNamed]] = []
        self._made: tuple[int, sqlite3.Connection] | None = None
        self.tell(
            LEDGER_STREAM,
            events.LedgerCreated(
                ledger=LEDGER,
                origin="http://localhost:8000",
                rp_id="localhost",
                registration="open",
                key=unsigned.jwk(0),
                act="act-1",
                setup=unsigned.jwk(10_000),
                heads=unsigned.jwk(10_001),
            ),
        )

    def head(self) -> int:
        return len(self.states)

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        return [*enumerate(self.states[after : after + limit], start=after + 1)]

    def events_at(self, positions: Sequence[int]) -> list[Recorded]:
        return [Recorded(at, events.decode(self.states[at - 1])) for at in positions]

    @staticmethod
    def _encoded(event: Event, position: int) -> bytes:
        return events.encode(event, salt=position.to_bytes(32, "big"))

    def tell(self, stream: UUID, body: Body) -> int:
        """Append an event and return its position."""
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        position = len(self.states) + 1
        event = Event(stream=stream, version=version, at=time_at(position), body=body)
        self.states.append(self._encoded(event, position))
        return position

    def _new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids << 64 | self._ids)

    def person(
        self, name: str, role: str, invitation: str | None = None, accepts: str | None = None
    ) -> str:
        """Register a person with `passkey-<name>` and `key-<name>`; return the id."""
        user = self._new_id()
        looks = skeletons(name)
        registered = events.UserRegistered(str(user), role, invitation, accepts)
        self.tell(user, registered)
        self.passkey(str(user), f"passkey-{name}")
        self.key(str(user), f"key-{name}", f"passkey-{name}")
        named = events.UserNamed(name, looks.sha256, looks.unicode)
        if self._tells_names:
            self.registering |= {self.head() - n for n in range(3)}
            self.tell(user, named)
        else:
            self._names.append((user, named))
        self.roles[str(user)] = [role]
        return str(user)

    def passkey(self, user: str, credential_id: str, **members: Any) -> int:
        body = events.PasskeyAdded(
            credential_id=credential_id,
            public_key=b64u_encode(f"cose {credential_id}".encode()),
            algorithm=-7,
            sign_count=0,
            aaguid="0" * 32,
            backed_up=False,
            transports=("internal",),
            nonce="nonce",
            registration=RegistrationEvidence(client_data_json="c", attestation_object="a"),
            **members,
        )
        return self.tell(UUID(user), body)

    def key(self, user: str, kid: str, credential_id: str, *, expires_at: str | None = None) -> int:
        body = events.KeyAttested(
            kid=kid,
            jwk=unsigned.jwk(len(self.states)),
            nonce=f"nonce-{kid}",
            home="device",
            assertion=unsigned.assertion(credential_id),
            sign_count=1,
            possession=f"possession-{kid}",
            expires_at=expires_at,
        )
        return self.tell(UUID(user), body)

    def accept(self, user: str, policy: Node, change: str | None = None) -> int:
        """Accept a governance policy."""
        act = f"act-{len(self.states) + 1}"
        body = events.GovernanceAccepted(
            policy_digest(policy), change, "key", act, unsigned.assertion("passkey"), sign_count=1
        )
        return self.tell(UUID(user), body)

    def grant(self, user: str, role: str) -> int:
        self.roles[user].append(role)
        return self.tell(UUID(user), events.RoleGranted(change=CHANGE, role=role))

    def end_role(self, user: str, role: str) -> int:
        self.roles[user].remove(role)
        return self.tell(UUID(user), events.RoleEnded(change=CHANGE, role=role))

    def close_role(self, role: str) -> int:
        return self.tell(LEDGER_STREAM, events.RoleClosed(change=CHANGE, role=role))

    def set_standing(self, user: str, standing: PersonStanding) -> int:
        return self.tell(UUID(user), events.StandingSet(change=CHANGE, standing=standing))

    def invite(self, role: str) -> int:
        body = events.InvitationIssued(
            change=CHANGE,
            invitation=str(self._new_id()),
            role=role,
            key=unsigned.jwk(10_001 + len(self.states)),
            expires_at=NEVER,
        )
        return self.tell(LEDGER_STREAM, body)

    def draft(
        self,
        creator: str,
        title: str = "Series A",
        policy: dict[str, Any] | None = None,
        read_by: ReadBy = "participants",
        *,
        supersedes: str | None = None,
        earlier: Status | None = None,
        **members: Any,
    ) -> str:
        """Draft a statement and return its id; `earlier` is the status of what it supersedes."""
        if supersedes is not None:
            named = {"statement": supersedes, "sha256": "", "policy": BOTH_ROLES}
            members = {"supersedes": named} | members
        position = len(self.states) + 1
        statement = self._new_id()
        document: dict[str, Any] = {
            "content": '{"amount":1}',
            "createdAt": time_at(position),
            "creator": creator,
            "ledger": LEDGER,
            "policy": policy or BOTH_ROLES,
            "statementId": str(statement),
            "title": title,
        } | members
        raw = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        act = f"act-{position}"
        self.tell(
            statement,
            events.StatementDrafted(
                document=raw,
                creator=creator,
                kid="key",
                act=act,
                ends_at=ends_at(raw),
                type=document["type"]["name"] if "type" in document else None,
                earlier=earlier,
                read_by=read_by,
            ),
        )
        self.creators[str(statement)] = creator
        return str(statement)

    def approve(
        self,
        signer: str,
        statement: str,
        status: Status = "pending",
        form: Form = "shared",
        *,
        kid: str = "key",
        passkey: str | None = None,
        step: int | None = None,
    ) -> int:
        body = events.StatementSigned(
            signer=signer,
            kid=kid,
            roles=tuple(sorted(self.roles[signer])),
            form=form,
            iat=1,
            status=status,
            jws=f"jws-{len(self.states) + 1}",
            assertion=None if passkey is None else unsigned.assertion(passkey),
            step=step,
        )
        return self.tell(UUID(statement), body)

    def reject(self, signer: str, statement: str, status: Status = "pending") -> int:
        body = events.StatementRejected(
            signer=signer,
            kid="key",
            roles=tuple(sorted(self.roles[signer])),
            reason="the amount is wrong",
            iat=1,
            status=status,
            act=f"act-{len(self.states) + 1}",
        )
        return self.tell(UUID(statement), body)

    def retract(self, signer: str, statement: str, *, kid: str = "key") -> int:
        act = f"act-{len(self.states) + 1}"
        body = events.ApprovalRetracted(signer=signer, kid=kid, iat=1, act=act, reason="a mistake")
        return self.tell(UUID(statement), body)

    def supersede(self, statement: str, by: str) -> int:
        return self.tell(UUID(statement), events.StatementSuperseded(by=by))

    def withdraw(self, statement: str) -> int:
        signer = self.creators[statement]
        body = events.StatementWithdrawn(
            signer=signer, kid="key", act=f"act-{len(self.states) + 1}", reason="a mistake"
        )
        return self.tell(UUID(statement), body)

    def views(self, at: int | None = None) -> sqlite3.Connection:
        """Return views in memory, folded in one batch from the events up to a position."""
        upto = self.head() if at is None else at
        if self._made is None or self._made[0] != upto:
            begun = {events.decode(state).stream for state in self.states[:upto]}
            named = [
                (upto + n, self._encoded(Event(stream, 4, time_at(upto + n), body), upto + n))
                for n, (stream, body) in enumerate(self._names, start=1)
                if stream in begun
            ]
            self._made = (upto, views_in_memory(self, [*self.read(0, upto), *named]))
        return self._made[1]
