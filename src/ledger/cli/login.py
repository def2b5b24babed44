"""`ledger login`: a key of its own for this terminal, which a person's passkey attests."""

import argparse
import sys
from pathlib import Path

from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.plain_output import print_error, print_note
from ledger.client import (
    KeptLogin,
    LedgerClient,
    attested,
    begin,
    default_path,
    forget,
    keep,
    kept,
)
from ledger.errors import ConflictError, LedgerError

# The server accepts the request's nonce for as long.
WITHIN_S = 300.0
_PASTE = "Paste this line into the account page and confirm with your passkey:\n"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `login`."""
    text = "make a key for this terminal and have your passkey attest it in the browser"
    command = commands.add_parser("login", help=text, description=text)
    command.add_argument("address", metavar="ADDRESS", help="address of the ledger, https://…")
    command.add_argument(
        "request", metavar="REQUEST", help="what the account page shows under Add a program"
    )
    add_key_file(command)
    command.add_argument(
        "--key",
        metavar="KEY",
        help="keep the key in the system's keyring (keyring), or use the Ed25519 key in an HSM"
        " (pkcs11:…) or an ssh-agent (ssh-agent:SHA256:…)",
    )
    command.add_argument(
        "--replace", action="store_true", help="replace a login that the file already holds"
    )
    declare(
        command,
        {
            ExitCode.DONE: "this terminal decides for you from now on",
            ExitCode.UNMET: "no passkey attested the key within five minutes",
            ExitCode.UNAVAILABLE: "the ledger did not answer",
        },
    )


def add_key_file(command: argparse.ArgumentParser) -> None:
    """Add `--login` to a command."""
    command.add_argument(
        "--login",
        type=Path,
        metavar="FILE",
        help="private file with the key (default: ledger/login.json in XDG_CONFIG_HOME, ~/.config)",
    )


def run(chosen: argparse.Namespace) -> int:
    """Make the key, print the answer, wait for the passkey; return the exit code."""
    path: Path = chosen.login or default_path()
    if path.exists() and not chosen.replace:
        raise ConflictError(
            "login_kept", f"{path} holds a login; end its key on the account page, or --replace it"
        )
    login, answer = begin(chosen.address, chosen.request, chosen.key)
    # Kept before anybody is asked: a key that this machine cannot keep is not attested. An earlier
    # login stays until then.
    waiting = path.with_name(f"{path.name}.waiting")
    is_attested = False
    try:
        keep(waiting, login)
        print(_PASTE, file=sys.stderr)
        print(answer, flush=True)
        is_attested = attested(login, within_s=WITHIN_S)
    finally:  # also where the ledger does not answer, or the person ends the command
        if not is_attested:
            waiting.unlink(missing_ok=True)
            forget(login)
    if not is_attested:
        print_error("no passkey attested the key within five minutes")
        return ExitCode.UNMET
    replaced = _replaced(path)
    waiting.replace(path)
    if replaced is not None:
        _forget(replaced)
    if login.service is not None:
        print_note("")
        print_note(f"This terminal works as the service account {login.service}.")
        return ExitCode.DONE
    with LedgerClient(login) as client:
        found = client.inbox()
    print_note("")
    print_note(f"This terminal decides for you. Statements that wait: {len(found)}")
    return ExitCode.DONE


def _replaced(path: Path) -> KeptLogin | None:
    """Return the login that the file still holds, None for none that can be read."""
    try:
        return kept(path)
    except LedgerError:
        return None


def _forget(replaced: KeptLogin) -> None:
    """Delete the key of a login that was replaced from the keyring, or say that it is still there.

    The file has the new login already, so nothing names a key that is gone.
    """
    try:
        forget(replaced)
    except LedgerError as error:
        print_error(f"the key of the earlier login stays in the keyring: {error}")
