"""The client without an event loop: each method of `AsyncLedgerClient`, run to its end."""

from collections.abc import Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from ledger.client.async_client import AsyncLedgerClient
from ledger.client.kept_login import KeptLogin
from ledger.client.transport import BlockingTransport, finished

P = ParamSpec("P")
R = TypeVar("R")


def _blocking(
    act: Callable[Concatenate[AsyncLedgerClient, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate["LedgerClient", P], R]:
    """Return a method that runs this one to its end; it says the same of itself."""

    @wraps(act)
    def run(self: "LedgerClient", /, *args: P.args, **kwargs: P.kwargs) -> R:
        return finished(act(self._client, *args, **kwargs))

    return run


class LedgerClient:
    """One person at one ledger, as their browser: what they read, sign and use.

    Use it in one thread, with `with` or `close`. What has a digest signs about that document, and
    no other. An act whose answer is lost can be sent again; a draft only by `submit`.

    Every method raises the `ledger.errors` error of the problem that the ledger answers with, and
    UnavailableError where no answer comes.
    """

    def __init__(self, login: KeptLogin) -> None:
        """Raise MalformedError `key_file_invalid`."""
        self._client = AsyncLedgerClient(login, BlockingTransport(login.address))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def user(self) -> str:
        """The id of the person for whom this client acts."""
        return self._client.user

    @property
    def ledger(self) -> str:
        """The id of the ledger."""
        return self._client.ledger

    close = _blocking(AsyncLedgerClient.close)

    inbox = _blocking(AsyncLedgerClient.inbox)
    statements = _blocking(AsyncLedgerClient.statements)
    statement = _blocking(AsyncLedgerClient.statement)
    has = _blocking(AsyncLedgerClient.has)
    document = _blocking(AsyncLedgerClient.document)
    evidence = _blocking(AsyncLedgerClient.evidence)
    verified = _blocking(AsyncLedgerClient.verified)
    types = _blocking(AsyncLedgerClient.types)
    definition = _blocking(AsyncLedgerClient.definition)
    definition_of = _blocking(AsyncLedgerClient.definition_of)
    service_accounts = _blocking(AsyncLedgerClient.service_accounts)
    wait = _blocking(AsyncLedgerClient.wait)
    wait_used = _blocking(AsyncLedgerClient.wait_used)

    draft = _blocking(AsyncLedgerClient.draft)
    submit = _blocking(AsyncLedgerClient.submit)
    approve = _blocking(AsyncLedgerClient.approve)
    send_approval = _blocking(AsyncLedgerClient.send_approval)
    reject = _blocking(AsyncLedgerClient.reject)
    retract = _blocking(AsyncLedgerClient.retract)
    withdraw = _blocking(AsyncLedgerClient.withdraw)
    use = _blocking(AsyncLedgerClient.use)
    report = _blocking(AsyncLedgerClient.report)
    end_own_key = _blocking(AsyncLedgerClient.end_own_key)

    def positions(self) -> Iterator[int]:
        """Yield the newest position of the log at once, and again whenever it changes.

        As `AsyncLedgerClient.positions`; close the iterator to end its connection.
        """
        following = self._client.positions()
        try:
            while True:
                yield finished(following.__anext__())
        except StopAsyncIteration:
            return
        finally:
            finished(following.aclose())
