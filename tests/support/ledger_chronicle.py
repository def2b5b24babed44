"""The log of a chronicle, and what its ledger records with its own key."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid5

import msgspec

from ledger.domain import (
    charter,
    ledger_acts,
    log_keys,
    operator_recovery,
    restoration,
)
from ledger.domain.act import Act
from ledger.domain.acts import TYP
from ledger.domain.entry import leaf_hash
from ledger.domain.events import Body, Event, LedgerCreated, encode
from ledger.jose import OkpJwk
from ledger.tlog.merkle import Edge
from ledger.verify.auditor import Auditor
from tests.support.fixed_keys import fixed_log_keys, fixed_passkey
from tests.support.heads import HEADS, HEADS_JWK
from tests.support.keys import ed25519_key
from tests.support.links import link_jwk, link_key
from tests.support.signers import LEDGER, PARTY, Clock, Signer

SETUP_TOKEN = "setup"
RECOVERY = "0f0f0f0f-0000-4000-8000-0000000000aa"


@dataclass
class LedgerChronicle:
    """A log in memory, and the ledger's own events in it."""

    time: Clock = field(default_factory=Clock)
    auditor: Auditor = field(default_factory=Auditor)
    events: list[Event] = field(default_factory=list)
    states: list[bytes] = field(default_factory=list)

    def signer(self, number: int, *roles: str) -> Signer:
        return Signer(number, *roles, time=self.time, passkey=fixed_passkey(number))

    def tell(self, stream: UUID | str, body: Body) -> Event:
        """Append one event and let the auditor check it."""
        stream = UUID(str(stream))
        version = 1 + sum(event.stream == stream for event in self.events)
        event = Event(stream=stream, version=version, at=str(self.time), body=body)
        position = len(self.states) + 1
        state = encode(event, salt=hashlib.sha256(b"salt %d" % position).digest())
        self.auditor.add(position, state)
        self.events.append(event)
        self.states.append(state)
        self.time.ms += 1000
        return event

    def _now(self) -> dict[str, Any]:
        return {"ledger": LEDGER, "now_ms": self.time.ms}

    # --- the ledger ------------------------------------------------------------------------------

    def found(self) -> None:
        key = ed25519_key(1000)
        setup = link_key(SETUP_TOKEN).jwk
        rules: dict[str, Any] = {
            "rpId": PARTY.rp_id,
            "origin": PARTY.origin,
            "registration": "open",
        }
        founder = Signer(1000, key=key, time=self.time)
        act = founder.act("create-ledger", **rules, setup=link_jwk(SETUP_TOKEN), heads=HEADS_JWK)
        place = LEDGER, PARTY.origin, PARTY.rp_id
        unsigned = LedgerCreated(*place, "open", key.jwk, "", setup, HEADS)
        self.tell(charter.STREAM, charter.create(act, unsigned, now_ms=self.time.ms))

    def announce(self, number: int) -> None:
        size = len(self.states) + 1
        act = self._own(ledger_acts.AnnounceLogKeys, vkeys=fixed_log_keys(number), first_size=size)
        self.tell(charter.STREAM, log_keys.announce_log_keys(self._charter, act, **self._clock()))

    def retire(self, number: int) -> None:
        size = len(self.states) + 1
        act = self._own(ledger_acts.RetireLogKeys, vkeys=fixed_log_keys(number), last_size=size)
        self.tell(charter.STREAM, log_keys.retire_log_keys(self._charter, act, **self._clock()))

    def replace_heads_key(self, new: OkpJwk) -> None:
        act = self._own(ledger_acts.ReplaceHeadsKey, heads=new)
        self.tell(charter.STREAM, log_keys.replace_heads_key(self._charter, act, **self._clock()))

    def restore(
        self, lost: ledger_acts.LostTree | Literal["unknown"] | None, **members: Any
    ) -> None:
        """Record a restore that keeps everything told so far."""
        edge, _ = Edge().extend(b"".join(map(leaf_hash, self.states)))
        origin = restoration.log_origin(LEDGER, 1)
        said: dict[str, Any] = {
            "epoch": 1,
            "kept": ledger_acts.KeptTree(edge.size, edge.root().hex()),
            "lost": lost,
            "origin": origin,
            "vkeys": fixed_log_keys(3, origin),
            "reason": "The disk of the server failed.",
        }
        act = self._own(ledger_acts.RestoreLedger, **(said | members))
        self.tell(charter.STREAM, restoration.restore(self._charter, act, **self._clock()))

    def recover(self, lost: Sequence[str], links: Mapping[str, str], **members: Any) -> None:
        """Record that the operator invites people, by the roles of links' tokens."""
        said: dict[str, Any] = {
            "recovery": RECOVERY,
            "lost": tuple(sorted(lost)),
            "invitations": tuple(
                ledger_acts.OperatorLink(
                    str(uuid5(UUID(RECOVERY), token)), role, link_key(token).jwk
                )
                for token, role in links.items()
            ),
            "reason": "Both phones went down with the ship.",
        }
        act = self._own(ledger_acts.RecoverGovernance, **(said | members))
        body = operator_recovery.invite(act, self.auditor._sources(), **self._clock())
        self.tell(charter.STREAM, body)

    def freeze(self) -> None:
        act = self._own(ledger_acts.FreezeLedger, reason="The fund is closed.")
        self.tell(charter.STREAM, charter.freeze(self._charter, act, **self._clock()))

    def _own(self, act: type[Act], **members: Any) -> str:
        """Return an act signed by the ledger's own key."""
        said: dict[str, Any] = {"iat": self.time.ms // 1000, "ledger": LEDGER} | members
        raw = msgspec.json.encode(act(**said))
        return ed25519_key(1000).jws(raw, typ=TYP)

    def _clock(self) -> dict[str, int]:
        return {"now_ms": self.time.ms}

    @property
    def _charter(self) -> charter.Charter:
        assert self.auditor.charter is not None
        return self.auditor.charter
