"""Step-up: a passkey of the actor confirms an act that a signing key alone cannot authorise.

A signing key can be stolen without its person noticing. So a passkey also confirms every act that
adds or ends a passkey, concerns another person, or ends a key that did not sign the act.
"""

from ledger.domain import challenges
from ledger.domain.passkey import AssertionEvidence, RelyingParty, verify_assertion
from ledger.domain.person import Person


def confirm(
    person: Person,
    act_text: str,
    assertion: AssertionEvidence,
    *,
    ledger: str,
    party: RelyingParty,
    now_ms: int,
) -> int:
    """Verify that a live passkey of this person confirmed exactly this JWS; return its sign count.

    `ConfirmedAct` asks for the assertion. Raises RefusedError as `active_passkey` and
    `verify_assertion` do.
    """
    passkey = person.active_passkey(assertion.credential_id, now_ms=now_ms)
    return verify_assertion(
        assertion,
        challenge=challenges.confirm(jws=act_text, ledger=ledger, user=person.user),
        public_key=passkey.public_key,
        party=party,
    )
