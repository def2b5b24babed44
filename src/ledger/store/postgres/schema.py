"""Create the log's tables, once, and compare what the database defines with what this program does.

The database has one ledger, in the schema `ledger`. The role that creates it owns it; other roles
may read the tables, call the functions, which append, and change what is not part of the log.
"""

from importlib.resources import files

import psycopg

from ledger.data_files import LOG_FORMAT
from ledger.errors import ConflictError, CorruptError, UnavailableError
from ledger.store.postgres.connections import DatabaseConnection

_SOURCES = ("schema.sql", "append.sql", "functions.sql", "state.sql")
_EXISTS = "SELECT to_regclass('ledger.log_head') IS NOT NULL"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('ledger schema'))"
_SERVER = (
    "SELECT current_setting('server_encoding'), current_setting('fsync'),"
    " current_setting('server_version_num')::int"
)
OLDEST = 150_000  # as PostgreSQL numbers its versions: 15
_STATE = (
    "open_session, passkey_use, once, wrapped_key, device, device_link, outbox_lease, outbox,"
    " message, webhook, mailbox, mail_code, feed, directory"
)
# What a role needs that runs the ledger, and no more.
_PRIVATE = "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC"
_GRANTS = (
    "GRANT USAGE ON SCHEMA ledger TO {role}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO {role}",
    "GRANT INSERT ON ledger.secret, ledger.birth TO {role}",
    "GRANT INSERT, UPDATE ON ledger.signed TO {role}",
    f"GRANT INSERT, UPDATE, DELETE ON ledger.{_STATE.replace(', ', ', ledger.')} TO {{role}}",
)
# Each row is one definition. Nothing here depends on the version of PostgreSQL.
_DEFINITIONS = """
SELECT 'column ' || c.relname || '.' || a.attname,
        format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
        AND NOT a.attisdropped
UNION ALL SELECT 'table ' || c.relname, c.relkind::text || ' ' || c.relpersistence::text
    FROM pg_class c
    WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind NOT IN ('i', 'c')
UNION ALL SELECT 'constraint ' || t.conrelid::regclass::text || '.' || t.conname,
        pg_get_constraintdef(t.oid) || CASE WHEN t.convalidated THEN '' ELSE ' NOT VALID' END
    FROM pg_constraint t
    WHERE t.connamespace = 'ledger'::regnamespace AND t.contype IN ('p', 'u', 'f', 'c', 'x')
UNION ALL SELECT 'index ' || c.relname, pg_get_indexdef(i.indexrelid)
        || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' INVALID' END
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'ledger'::regnamespace
UNION ALL SELECT 'trigger ' || t.tgrelid::regclass::text || '.' || t.tgname,
        t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'ledger'::regnamespace AND NOT t.tgisinternal
UNION ALL SELECT 'internal triggers ' || c.relname, string_agg(DISTINCT t.tgenabled::text, '')
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'ledger'::regnamespace AND t.tgisinternal GROUP BY c.relname
UNION ALL SELECT 'rule ' || tablename || '.' || rulename, definition
    FROM pg_rules WHERE schemaname = 'ledger'
UNION ALL SELECT 'function ' || p.oid::regprocedure::text,
        l.lanname || ' ' || p.provolatile::text || ' ' || p.prosecdef::text || ' '
        || coalesce(array_to_string(p.proconfig, ' '), '') || ' '
        || encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex')
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'ledger'::regnamespace
ORDER BY 1
"""


def exists(database: DatabaseConnection) -> bool:
    """Tell whether the database has a ledger's tables; raise as `DatabaseConnection.rows`."""
    return database.rows(_EXISTS) == [(True,)]


def create(database: DatabaseConnection, *, role: str | None = None) -> None:
    """Create the tables if there are none, all or nothing; let another role use them.

    Raises ConflictError `database_refused` if this role may not create them, or without that other
    role; UnavailableError `storage_failed`.
    """
    _require_usable(database)
    statements = [_LOCK]
    if not exists(database):
        # Another process may have created them meanwhile; then the schema exists already.
        statements += [_text(name) for name in _SOURCES]
        statements += [f"INSERT INTO ledger.log_head VALUES(1, {LOG_FORMAT}, 0, 0, 0, 0)", _PRIVATE]
    if role is not None:
        quoted = f'"{role.replace(chr(34), chr(34) * 2)}"'
        statements += [grant.format(role=quoted) for grant in _GRANTS]
    if len(statements) == 1:
        return
    try:
        database.script(";\n".join(["BEGIN", *statements, "COMMIT"]))
    except psycopg.errors.DuplicateSchema:
        pass
    except psycopg.OperationalError as error:
        raise UnavailableError("storage_failed", "the database cannot be used now") from error
    except psycopg.Error as error:
        detail = f"the ledger's tables cannot be created: {str(error).strip()}"
        raise ConflictError("database_refused", detail) from error


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _require_usable(database: DatabaseConnection) -> None:
    ((encoding, fsync, version),) = database.rows(_SERVER)
    if version < OLDEST:
        detail = f"the server is PostgreSQL {version // 10_000}; the ledger needs 15 or newer"
        raise ConflictError("database_refused", detail)
    if encoding != "UTF8":
        detail = f"the database has the encoding {encoding}; the ledger needs UTF8"
        raise ConflictError("database_refused", detail)
    if fsync != "on":
        detail = "the database runs with fsync=off: what it acknowledges can be lost"
        raise ConflictError("database_refused", detail)


def require_format(database: DatabaseConnection) -> None:
    """Raise CorruptError `format_unknown` for another format, `schema_changed` after a change."""
    found = database.rows("SELECT format FROM ledger.log_head WHERE id = 1")
    if found != [(LOG_FORMAT,)]:
        told = found[0][0] if found else "none"
        raise CorruptError("format_unknown", f"the log has format {told}, not {LOG_FORMAT}")


def require_unchanged(database: DatabaseConnection) -> None:
    """Raise CorruptError `schema_changed` if the definitions are not those of `create`."""
    changed = differences(database)
    if changed:
        detail = f"the database was changed: {'; '.join(changed)}; run `ledger audit`"
        raise CorruptError("schema_changed", detail)


def differences(database: DatabaseConnection) -> list[str]:
    """Return what the database defines otherwise than `create` did, in words."""
    expected, found = _expected(), definitions(database)
    missing = [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    foreign = [f"{name} is foreign" for name in sorted(found.keys() - expected.keys())]
    same = expected.keys() & found.keys()
    changed = [f"{name} is changed" for name in sorted(same) if expected[name] != found[name]]
    return [*missing, *foreign, *changed]


def definitions(database: DatabaseConnection) -> dict[str, str]:
    """Return what the schema `ledger` defines, by name."""
    return dict(database.rows(_DEFINITIONS))


def _expected() -> dict[str, str]:
    lines = files(__package__).joinpath("definitions.txt").read_text("utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)
