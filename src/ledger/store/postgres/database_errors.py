"""What errors of the database mean to callers, who do not know psycopg."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ledger.errors import CorruptError, NotFoundError, UnavailableError

TOLD = "the database cannot be used now; the program's log says why"


class DoubtError(Exception):
    """The connection was lost while a statement ran: it is not known whether it was committed."""


class UnreachableError(Exception):
    """There is no connection, so nothing was done."""


@contextmanager
def reading_errors() -> Iterator[None]:
    """Turn errors of reads into what they mean: UnavailableError, CorruptError, NotFoundError."""
    try:
        yield
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable) as error:
        raise NotFoundError("not_founded", "the database has no ledger") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise UnavailableError("storage_failed", TOLD) from error
    except (psycopg.errors.DataError, psycopg.errors.ProgrammingError) as error:
        raise CorruptError("file_malformed", f"the log cannot be read: {error}") from error
    except psycopg.errors.InternalError as error:  # such as a damaged page or index
        raise CorruptError("file_malformed", f"the log cannot be read: {error}") from error
    except psycopg.Error as error:
        raise UnavailableError("storage_failed", TOLD) from error
