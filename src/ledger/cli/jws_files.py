"""What `ledger jws` reads and writes: payloads, JWSs, keys, JSON; files or standard input."""

import io
import os
import stat
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec

from ledger import jose
from ledger.cli.shown_text import shown_json
from ledger.encoding import parse_json
from ledger.errors import LedgerError, MalformedError
from ledger.system import private_files
from ledger.system.jwks_client import JwksClient

STANDARD = "-"


class UsageError(Exception):
    """An argument or a file that the command cannot use."""


def read_bytes(path: str) -> bytes:
    """Return every byte of a file, as a payload is signed."""
    return sys.stdin.buffer.read() if path == STANDARD else Path(path).read_bytes()


def read_jws(path: str) -> bytes:
    """Return a JWS without the white space around it, which no serialization contains."""
    return read_bytes(path).strip()


def read_object(path: str) -> dict[str, Any]:
    """Return the JSON object of a file."""
    value = parse(read_bytes(path), path)
    if not isinstance(value, dict):
        raise UsageError(f"{path} is not a JSON object")
    return value


def parse(raw: bytes, name: str) -> Any:
    """Return strict JSON; `name` says in an error where it came from."""
    try:
        return parse_json(raw)
    except MalformedError as error:
        raise UsageError(f"{name}: {error.detail}") from error


def read_keys(paths: list[str], urls: Sequence[str] = ()) -> jose.KeySet:
    """Return the public keys and secrets of all files, and the public keys of all addresses.

    A single key without a kid stays single: it is tried under every kid.
    """
    sets = [*map(_read_set, paths), *map(_fetch_set, urls)]
    if len(sets) == 1 and sets[0].single and sets[0].keys[0].kid is None:
        return sets[0]
    return jose.key_set(sets)


def _read_set(path: str) -> jose.KeySet:
    try:
        return jose.read_public_keys(read_bytes(path))
    except LedgerError as error:
        raise UsageError(f"{path}: {error.detail}") from error


def _fetch_set(url: str) -> jose.KeySet:
    with closing(JwksClient(url, proxies=True)) as client:
        return client.keys()


def read_signer(path: str, *, alg: str | None, passphrase: bytes | None) -> jose.Signer:
    """Return the private key of a file, in any form; raise LedgerError as `read_private_key`."""
    return jose.read_private_key(read_bytes(path), alg=alg, passphrase=passphrase)


def read_passphrase(path: str | None) -> bytes | None:
    """Return the passphrase of a file, without the line break at its end."""
    if path is None:
        return None
    return read_bytes(path).removesuffix(b"\n").removesuffix(b"\r")


def read_policy(given: str) -> jose.SignerPolicy:
    """Return the policy of `--require`: a number, JSON, or @FILE."""
    raw = read_bytes(given[1:]) if given.startswith("@") else given.encode()
    try:
        return jose.parse_signer_policy(parse(raw, "--require"))
    except MalformedError as error:
        raise UsageError(f"--require: {error.detail}") from error


def read_names(path: str) -> dict[str, str]:
    """Return the names of people by the thumbprints of their keys."""
    names = read_object(path)
    if all(isinstance(name, str) for name in names.values()):
        return names
    raise UsageError(f"{path} must map thumbprints to names")


def write_private(line: str, path: str | None) -> None:
    """Write a private key to a new file of mode 0600, or to standard output.

    If the shell redirects standard output to a file, that file gets the same mode.
    """
    if path is None:
        with suppress(io.UnsupportedOperation):  # a stream in memory
            descriptor = sys.stdout.fileno()
            if os.name == "posix" and stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.fchmod(descriptor, private_files.MODE)
        print(line)
        return
    try:
        private_files.create(Path(path), f"{line}\n".encode())
    except FileExistsError as error:
        raise UsageError(f"{path} exists: name a new file for the key") from error


def line_of(value: object) -> str:
    """Return a value as one line of JSON that runs nothing on a terminal."""
    return shown_json(msgspec.json.encode(value))
