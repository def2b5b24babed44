-- What all servers of one ledger share beside its log: what they may forget, and what was signed.
-- Nothing here is append-only. The log does not depend on it.

-- The key of ceremonies, and when this state was created.
CREATE TABLE ledger.secret(name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE ledger.birth(id smallint PRIMARY KEY CHECK(id = 1), ms bigint NOT NULL);
CREATE TABLE ledger.open_session(
    token_sha256 bytea PRIMARY KEY, person text COLLATE "C" NOT NULL,
    opened_by text COLLATE "C" NOT NULL, browser text NOT NULL, opened_ms bigint NOT NULL,
    seen_ms bigint NOT NULL, expires_ms bigint NOT NULL);
CREATE INDEX open_session_person ON ledger.open_session(person);
CREATE INDEX open_session_opened_by ON ledger.open_session(opened_by);
CREATE INDEX open_session_expires ON ledger.open_session(expires_ms);
CREATE TABLE ledger.passkey_use(
    credential_id text COLLATE "C" PRIMARY KEY, count bigint NOT NULL, used_ms bigint NOT NULL,
    fell_ms bigint);
-- `call` is random: a call that is sent again after a lost answer finds its own.
CREATE TABLE ledger.once(
    name text COLLATE "C" PRIMARY KEY, expires_ms bigint NOT NULL, call bytea NOT NULL);
CREATE INDEX once_expires ON ledger.once(expires_ms);
CREATE TABLE ledger.wrapped_key(
    person text COLLATE "C" NOT NULL, kid text COLLATE "C" NOT NULL,
    credential_id text COLLATE "C" NOT NULL, wrapped bytea NOT NULL,
    PRIMARY KEY(person, kid, credential_id));
CREATE INDEX wrapped_key_kid ON ledger.wrapped_key(kid);
CREATE INDEX wrapped_key_credential_id ON ledger.wrapped_key(credential_id);
CREATE TABLE ledger.device(
    person text COLLATE "C" NOT NULL, reference text COLLATE "C" NOT NULL, browser text NOT NULL,
    label text NOT NULL, PRIMARY KEY(person, reference));
CREATE TABLE ledger.device_link(
    person text COLLATE "C" PRIMARY KEY, secret_sha256 bytea NOT NULL UNIQUE,
    ceremony text NOT NULL, nonce text NOT NULL, expires_ms bigint NOT NULL, offer bytea,
    ended text);
CREATE TABLE ledger.access(
    id bigint PRIMARY KEY, at_ms bigint NOT NULL, hour bigint NOT NULL,
    person text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL, UNIQUE(hour, person, kind, about));
-- Messages: who wants them, how far the log was read for them, and what is to be sent.
CREATE TABLE ledger.outbox_lease(
    id smallint PRIMARY KEY CHECK(id = 1), holder text NOT NULL, until timestamptz NOT NULL);
CREATE TABLE ledger.outbox(
    id smallint PRIMARY KEY CHECK(id = 1), position bigint NOT NULL, leaf bytea NOT NULL,
    until_ms bigint NOT NULL);
CREATE TABLE ledger.message(
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE,
    channel text NOT NULL, receiver text COLLATE "C" NOT NULL, subject text COLLATE "C" NOT NULL,
    kind text NOT NULL, position bigint NOT NULL, body bytea NOT NULL, made_ms bigint NOT NULL,
    due_ms bigint NOT NULL, state text COLLATE "C" NOT NULL, tries integer NOT NULL,
    tried_ms bigint, said text NOT NULL);
CREATE INDEX message_due ON ledger.message(due_ms) WHERE state = 'waiting';
CREATE INDEX message_order ON ledger.message(receiver, subject, number) WHERE state = 'waiting';
CREATE INDEX message_receiver ON ledger.message(receiver, number);
CREATE INDEX message_subject ON ledger.message(subject);
CREATE TABLE ledger.webhook(
    id text COLLATE "C" PRIMARY KEY, owner text COLLATE "C" NOT NULL, url text NOT NULL,
    secret bytea NOT NULL, since bigint NOT NULL, made_ms bigint NOT NULL, paused text NOT NULL,
    failing_ms bigint);
CREATE TABLE ledger.mailbox(
    person text COLLATE "C" PRIMARY KEY, address text NOT NULL, verified_ms bigint,
    pending text NOT NULL, code_sha256 bytea NOT NULL, code_until_ms bigint NOT NULL, code_tries integer NOT NULL,
    since bigint NOT NULL,
    leave bytea NOT NULL, times text NOT NULL, quiet_from integer NOT NULL,
    quiet_to integer NOT NULL, zone text NOT NULL, language text NOT NULL);
-- How many codes were sent on a day: of a person by their id, of an address by its digest.
CREATE TABLE ledger.mail_code(
    name text COLLATE "C" PRIMARY KEY, day bigint NOT NULL, sent integer NOT NULL);
-- The organisation's directory: its users and groups, who is linked to them, and who is blocked.
CREATE TABLE ledger.directory(
    kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
    other text COLLATE "C" NOT NULL, body bytea NOT NULL, version bigint NOT NULL,
    PRIMARY KEY(kind, id), UNIQUE(kind, name));
CREATE INDEX directory_other ON ledger.directory(kind, other);
CREATE TABLE ledger.feed(
    person text COLLATE "C" PRIMARY KEY, token_sha256 bytea NOT NULL UNIQUE);
-- The last tree that was signed under each origin. Whoever signs replaces the one before.
CREATE TABLE ledger.signed(
    origin text COLLATE "C" PRIMARY KEY, epoch bigint NOT NULL, text text COLLATE "C" NOT NULL);

-- Ids grow in the order of commits, because one at a time is given, and have no gaps.
CREATE FUNCTION ledger.note_access(
    of_ms bigint, of_hour bigint, of_person text, of_kind text, of_about text,
    first_hour bigint, most bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.note_access'));
    INSERT INTO access
        SELECT coalesce(max(id), 0) + 1, of_ms, of_hour, of_person, of_kind, of_about
            FROM access
        ON CONFLICT (hour, person, kind, about) DO NOTHING;
    DELETE FROM access WHERE hour < first_hour;
    DELETE FROM access WHERE id <= (SELECT max(id) FROM access) - most;
    PERFORM pg_logical_emit_message(true, 'ledger', '');
END
$body$;
