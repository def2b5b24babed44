"""What the results of an append mean to its caller."""

from collections.abc import Sequence
from typing import assert_never

from ledger.domain.events import FROZEN, TAKEN
from ledger.errors import ConflictError, LedgerError, StaleError, UnavailableError
from ledger.store.ports.log import (
    AppendResult,
    EpochMoved,
    Frozen,
    NotStored,
    Receipt,
    RolledBack,
    Stale,
    Taken,
    Unknown,
)


def require_stored(result: AppendResult) -> Receipt:
    """Return the receipt of a stored write.

    Otherwise raises StaleError; ConflictError `…_known`, `…_used` or `ledger_frozen`;
    UnavailableError `storage_failed`, `outcome_unknown`, `log_rolled_back`, `epoch_moved`.
    """
    if isinstance(result, Receipt):
        return result
    error = _error_of(result)
    if isinstance(result, NotStored | Unknown):
        error.__cause__ = result.error
    raise error


def trouble_of(results: Sequence[AppendResult]) -> UnavailableError | None:
    """Return why the storage took nothing of a batch; None if it took or decided anything."""
    trouble: UnavailableError | None = None
    for result in results:
        if not isinstance(result, EpochMoved | RolledBack | NotStored | Unknown):
            return None
        cause = result.error if isinstance(result, NotStored | Unknown) else None
        error = cause if isinstance(cause, UnavailableError) else _error_of(result)
        trouble = trouble or (error if isinstance(error, UnavailableError) else None)
    return trouble


def _error_of(
    result: Stale | Taken | Frozen | EpochMoved | RolledBack | NotStored | Unknown,
) -> LedgerError:
    match result:
        case Stale():
            return StaleError("stale", "what the decision read has changed")
        case Taken(name):
            return ConflictError(*TAKEN[name.partition("/")[0]])
        case Frozen():
            return ConflictError(*TAKEN[FROZEN])
        case EpochMoved(epoch):
            detail = f"the log was restored or copied, and is in epoch {epoch}; restart this server"
            return UnavailableError("epoch_moved", detail)
        case RolledBack(position):
            detail = f"nothing is appended: the log lacks position {position}, which was stored"
            return UnavailableError("log_rolled_back", detail)
        case NotStored():
            return UnavailableError("storage_failed", "nothing was stored; try again")
        case Unknown():
            detail = "this may have been stored; send the same request again to find out"
            return UnavailableError("outcome_unknown", detail)
        case result:
            assert_never(result)
