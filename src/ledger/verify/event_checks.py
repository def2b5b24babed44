"""The checks of a bundle's events: signatures, attestations, keys, decisions. Pure.

The auditor recomputes every decision. If all decisions match, then all signatures, attestations and
keys are valid, because the auditor verified them. If one does not match, checks 3 to 5 verify
signatures, attestations and keys separately, so that the report says what is wrong and not only
where. Check 6 then reports any broken rule.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import assert_never
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import charter, erasure, held_passkeys, person, service_accounts, signing_keys
from ledger.domain.charter import Charter
from ledger.domain.epochs import Loss
from ledger.domain.events import (
    Body,
    CompromiseDeclared,
    CompromiseSet,
    Event,
    GovernanceAccepted,
    KeyAdded,
    KeyAttested,
    KeyReaffirmed,
    KeyRevoked,
    LedgerCreated,
    PasskeyAdded,
    PasskeyAdmitted,
    PasskeyRemoved,
    PersonRecord,
    PersonSuspended,
    Recorded,
    RecoveryCancelled,
    RecoveryCodesSet,
    ServiceAccountAdded,
    ServiceAccountEnded,
    StatementDecision,
    StatementUsed,
    UserNamed,
    UserRegistered,
    kid_of,
    signature_of,
)
from ledger.domain.held_passkeys import PasskeySubmission
from ledger.domain.passkey import RelyingParty
from ledger.domain.person import Person
from ledger.domain.signing_keys import KeySubmission
from ledger.errors import CorruptError, LedgerError, NotFoundError, RefusedError, UnverifiableError
from ledger.jose import PublicJwk, thumbprint, verify_compact
from ledger.verify.auditor import AuditError, Auditor
from ledger.verify.contents import Casefile, look_at
from ledger.verify.key_history import KeyHistory, parse_signature, signing_kid, unknown_key
from ledger.verify.withheld import lacking

Look = Callable[[Recorded], None]
# Called with what is being checked, the number done, and the total.
ReportProgress = Callable[[str, int, int], None]
# Effects of changes that begin or end passkeys.
PasskeysChanged = PasskeyAdmitted | CompromiseSet


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


class Events:
    """The events of a bundle; their bodies already match the entries' commitments."""

    def __init__(
        self, case: Casefile, recorded: Sequence[Recorded], *, progress: ReportProgress = silent
    ) -> None:
        self.case = case
        self._progress = progress
        self.recorded = recorded
        self._complete = case.mode == "full"
        bodies = [each.event.body for each in recorded]
        self._founding = next((each for each in bodies if isinstance(each, LedgerCreated)), None)
        self._keys: dict[str, PublicJwk] = {
            thumbprint(each.jwk): each.jwk for each in bodies if isinstance(each, KeyAdded)
        }
        accounts = (each for each in bodies if isinstance(each, ServiceAccountAdded))
        self._accounts = {each.kid: each.name for each in accounts}
        self._streams: dict[UUID, list[Recorded]] = {}
        for each in recorded:
            self._streams.setdefault(each.event.stream, []).append(each)

    def _each(self, look: Look) -> None:
        look_at(self.recorded, lambda recorded: recorded.position, look)

    @property
    def founding(self) -> LedgerCreated:
        """The ledger's creation event; raise UnverifiableError `not_founded` without it."""
        if self._founding is None:
            raise UnverifiableError("not_founded", "the founding of the ledger is not there")
        return self._founding

    @cached_property
    def charter(self) -> Charter:
        """The ledger's charter; raise UnverifiableError `not_founded` without events of it."""
        state: Charter | None = None
        for recorded in self.recorded:
            if recorded.event.stream == charter.STREAM:
                try:
                    state = charter.evolve(state, recorded.event)
                except AssertionError as error:
                    detail = "the event does not belong to the ledger's own stream"
                    raise CorruptError("event_misplaced", detail) from error
        if state is None:
            raise UnverifiableError("not_founded", "the founding of the ledger is not there")
        return state

    def decisions(self, statement: str) -> list[tuple[int, str, StatementDecision]]:
        """Return position, time and body of each decision on a statement."""
        return [
            (each.position, each.event.at, body)
            for each in self._streams.get(UUID(statement), ())
            if isinstance(body := each.event.body, StatementDecision)
        ]

    def uses(self, statement: str) -> list[tuple[int, str, StatementUsed]]:
        """Return position, time and body of each use of a statement."""
        return [
            (each.position, each.event.at, body)
            for each in self._streams.get(UUID(statement), ())
            if isinstance(body := each.event.body, StatementUsed)
        ]

    def draft(self, statement: str) -> Event:
        """Return a statement's draft, which begins its stream."""
        return self._streams[UUID(statement)][0].event

    def account(self, body: Body) -> str | None:
        """Return the name of the service account whose key signed an event, None for no account."""
        return self._accounts.get(kid_of(body))

    # --- decisions (check 6) ---------------------------------------------------------------------

    @cached_property
    def auditor(self) -> Auditor | AuditError:
        """The auditor after all events, or the error that stopped it."""
        auditor, case = Auditor(complete=self._complete), self.case
        try:
            auditor.erasures = erasure.stated(each.event for each in self.recorded)
            withheld = [*lacking(case.envelopes, case.bodies, case.mode).items()][::-1]
            for done, recorded in enumerate(self.recorded, start=1):
                while withheld and withheld[-1][0] < recorded.position:
                    index, envelope = withheld.pop()
                    if envelope.stream in auditor.erasures:
                        auditor.add_erased(index + 1, case.state(index))
                    else:
                        auditor.pass_over(index + 1, envelope.stream, envelope.seq)
                auditor.add(recorded.position, case.state(recorded.position - 1))
                self._progress("decisions", done, len(self.recorded))
            auditor.finish()
        except AuditError as error:
            return error
        return auditor

    @property
    def is_sound(self) -> bool:
        """Whether every recomputed decision matches its event."""
        return isinstance(self.auditor, Auditor)

    def decided(self) -> Auditor:
        """Return the auditor if every decision matches (check 6).

        Raises the auditor's error with its position; UnverifiableError `statement_missing` if the
        bundle contains too little of the log.
        """
        if isinstance(self.auditor, Auditor):
            return self.auditor
        position = self.auditor.evidence["position"]
        cause = self.auditor.__cause__
        if isinstance(cause, LedgerError):
            kind = UnverifiableError if isinstance(cause, UnverifiableError) else RefusedError
            raise kind(cause.code, cause.detail, position=position)
        raise RefusedError("event_misplaced", self.auditor.detail, position=position)

    # --- signatures (check 3) --------------------------------------------------------------------

    def signatures(self) -> int:
        """Verify every signature with the key that it names; return their number."""
        signed = [each for each in self.recorded if signature_of(each.event.body)]
        if not self.is_sound:
            look_at(signed, lambda recorded: recorded.position, self._verify)
        return len(signed)

    def _verify(self, recorded: Recorded) -> None:
        jws = parse_signature(recorded)
        verify_compact(jws, self._key(recorded, jws.header.kid))

    def _key(self, recorded: Recorded, kid: str) -> PublicJwk:
        if isinstance(recorded.event.body, LedgerCreated):
            return recorded.event.body.key
        if recorded.event.body.MEANING.actor == "ledger":
            return self.founding.key
        if kid not in self._keys:
            raise unknown_key(kid, complete=self._complete)
        return self._keys[kid]

    # --- attestations (check 4) ------------------------------------------------------------------

    def attestations(self) -> int:
        """Verify the evidence of every passkey and key; return their number."""
        shown = {"registration", "possession"}
        found = [each.event.body.MEANING.evidence for each in self.recorded]
        count = sum(not shown.isdisjoint(evidence) for evidence in found)
        if not self.is_sound:
            people: dict[UUID, Person] = {}
            self._each(lambda recorded: self._attest(recorded, people))
        return count

    def _attest(self, recorded: Recorded, people: dict[UUID, Person]) -> None:
        event, owner = recorded.event, people.get(recorded.event.stream)
        body = event.body
        if owner is None and isinstance(body, UserRegistered):
            people[event.stream] = person.evolve(None, event)
        if owner is None or not isinstance(body, PersonRecord | PasskeysChanged):
            return
        match body:
            case PasskeyAdded():
                held_passkeys.first_passkey(
                    PasskeySubmission(body.credential_id, body.registration),
                    nonce=body.nonce,
                    ledger=self.founding.ledger,
                    party=self._party,
                )
                people[event.stream] = person.evolve(owner, event, self._losses)
            case KeyAttested() | ServiceAccountAdded():
                known = person.settled(owner, clock.to_ms(event.at), self._losses)
                self._attest_key(known, body, event.at)
                people[event.stream] = person.evolve(owner, event, self._losses)
            case (
                PasskeyRemoved()
                | PasskeyAdmitted()
                | CompromiseDeclared()
                | CompromiseSet()
                | RecoveryCancelled()
            ):
                # An unknown passkey or key: check 6 reports it.
                with suppress(KeyError, NotFoundError):
                    people[event.stream] = person.evolve(owner, event, self._losses)
            case (
                UserRegistered()
                | UserNamed()
                | KeyRevoked()
                | KeyReaffirmed()
                | ServiceAccountEnded()
                | PersonSuspended()
                | RecoveryCodesSet()
                | GovernanceAccepted()
            ):
                pass  # no attestation, and no change to passkeys
            case _:
                assert_never(body)

    def _attest_key(self, owner: Person, body: KeyAdded, at: str) -> None:
        if isinstance(body, ServiceAccountAdded):
            service_accounts.add(
                owner,
                service_accounts.submission_of(body),
                nonce=body.nonce,
                ledger=self.founding.ledger,
                party=self._party,
                now_ms=clock.to_ms(at),
            )
            return
        jwk = msgspec.to_builtins(body.jwk)
        signing_keys.attest_key(
            owner,
            KeySubmission(jwk, body.assertion, body.possession, body.home, body.expires_at),
            nonce=body.nonce,
            ledger=self.founding.ledger,
            party=self._party,
            now_ms=clock.to_ms(at),
        )

    @cached_property
    def _losses(self) -> tuple[Loss, ...]:
        """The losses of the log; none if the ledger's own stream is broken, as check 6 reports."""
        with suppress(LedgerError):
            return self.charter.losses
        return ()

    @property
    def _party(self) -> RelyingParty:
        return RelyingParty(rp_id=self.founding.rp_id, origin=self.founding.origin)

    # --- keys (check 5) --------------------------------------------------------------------------

    def keys(self) -> int:
        """Verify that every key was its owner's and in force when used; return their number."""
        if not self.is_sound:
            self._each(KeyHistory(self._keys, complete=self._complete).add)
        return len({signing_kid(each) for each in self.recorded} - {None})
