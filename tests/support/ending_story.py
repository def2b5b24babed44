"""What ends keys, passkeys and standing in a hand-written log; story.py has the rest."""

from abc import ABC, abstractmethod
from uuid import UUID

from ledger.domain import events
from ledger.domain.events import Body
from tests.support import unsigned


class EndingStory(ABC):
    """The events that end something of a person."""

    states: list[bytes]

    @abstractmethod
    def tell(self, stream: UUID, body: Body) -> int:
        """Append an event and return its position."""

    def remove_passkey(self, user: str, credential_id: str) -> int:
        act = f"act-{len(self.states) + 1}"
        body = events.PasskeyRemoved(
            credential_id=credential_id,
            kid="key",
            act=act,
            assertion=unsigned.assertion(credential_id),
            sign_count=2,
        )
        return self.tell(UUID(user), body)

    def revoke(self, user: str, kid: str, *, since: str | None = None) -> int:
        act = f"act-{len(self.states) + 1}"
        body = events.KeyRevoked(kid=kid, by_kid="key", act=act, compromised_since=since)
        return self.tell(UUID(user), body)

    def declare(self, user: str, compromised: str, since: str, also: tuple[str, ...] = ()) -> int:
        body = events.CompromiseDeclared(
            compromised=compromised,
            since=since,
            also=also,
            kid="key",
            act=f"act-{len(self.states) + 1}",
            assertion=unsigned.assertion("passkey"),
            sign_count=1,
        )
        return self.tell(UUID(user), body)

    def suspend(self, user: str, *, by: str) -> int:
        body = events.PersonSuspended(
            user=user,
            reason="Left the company.",
            by=by,
            kid="key",
            act=f"act-{len(self.states) + 1}",
            assertion=unsigned.assertion("passkey"),
            sign_count=1,
        )
        return self.tell(UUID(user), body)
