"""The arguments of `ledger jws …`."""

import argparse
from collections.abc import Callable


def _input(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help="a JWS in any form; - is standard input (default)",
    )


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON for programs")


def _passphrase(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--passphrase-file", metavar="FILE", help="the passphrase of an encrypted key"
    )


def _approval(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--approval",
        action="store_true",
        help="sign a ledger's document as its approval: compact, with typ, kid and iat as the"
        " ledger takes them, up to five minutes later or as long as its type says",
    )
    command.add_argument(
        "--at",
        metavar="TIME",
        help="with --approval: the time of signing, such as 2026-11-29T10:00Z, on a machine"
        " whose clock is not set (default: its clock)",
    )


def _sign_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="the payload, signed byte for byte; - is standard input (default)",
    )
    command.add_argument(
        "--key",
        action="append",
        required=True,
        metavar="FILE",
        help="a private key of a signer: JWK, PEM or OpenSSH",
    )
    _passphrase(command)
    command.add_argument("--alg", metavar="ALG", help="the algorithm, if a key fits several")
    command.add_argument(
        "--kid", metavar="KID", help="the kid in the protected header (default: the key's own)"
    )
    command.add_argument("--typ", metavar="TYP", help="the typ in every signer's protected header")
    command.add_argument(
        "--iat", action="store_true", help="write the time of signing into the protected header"
    )
    command.add_argument(
        "--header",
        action="append",
        metavar="NAME=VALUE",
        help="a further member of the protected header, as JSON or text",
    )
    command.add_argument(
        "--unprotected",
        action="append",
        metavar="NAME=VALUE",
        help="a member of the unprotected header, which no signature covers",
    )
    command.add_argument(
        "--expires-in",
        metavar="DURATION",
        help="add the claims iat and exp to a JSON payload, such as 90s, 1h, 30D",
    )
    command.add_argument(
        "--jti", action="store_true", help="add the claims iat and jti, a random UUID"
    )
    command.add_argument(
        "--append", metavar="FILE", help="add the signatures to this JWS instead of a payload"
    )
    _approval(command)
    command.add_argument("--empty", action="store_true", help="sign an empty payload")
    command.add_argument("--detached", action="store_true", help="omit the payload from the JWS")
    command.add_argument("--compact", action="store_true", help="write the compact form")


def _verify_arguments(command: argparse.ArgumentParser) -> None:
    _input(command)
    command.add_argument(
        "--keys",
        action="append",
        default=[],
        metavar="FILE",
        help="public keys: a JWK Set, JWK, PEM, certificate or OpenSSH line",
    )
    command.add_argument(
        "--jwks",
        action="append",
        default=[],
        metavar="URL",
        help="the https:// address of a JWK Set, which is fetched",
    )
    command.add_argument(
        "--require",
        metavar="POLICY",
        help="the required signers: a number N, a policy as JSON, or @FILE",
    )
    command.add_argument(
        "--identities", metavar="FILE", help="a JSON object from key thumbprint to person"
    )
    command.add_argument("--algorithms", metavar="LIST", help="accept only these, comma-separated")
    command.add_argument("--typ", metavar="TYP", help="the expected typ")
    command.add_argument("--payload", metavar="FILE", help="the detached payload's file")
    command.add_argument(
        "--profile",
        choices=("rfc", "ledger"),
        default="rfc",
        help="which rules apply: the RFCs' (default) or the ledger's",
    )
    command.add_argument(
        "--strict", action="store_true", help="use only keys that match both kid and alg"
    )
    command.add_argument("--claims", action="store_true", help="compare exp and nbf with the clock")
    command.add_argument("--issuer", metavar="TEXT", help="the expected iss; implies --claims")
    command.add_argument(
        "--audience", metavar="TEXT", help="who you are, for aud; implies --claims"
    )
    command.add_argument(
        "--output",
        metavar="FILE",
        help="write the verified payload to FILE, or with - to standard output",
    )
    _json(command)


def _inspect_arguments(command: argparse.ArgumentParser) -> None:
    _input(command)
    _json(command)


def _merge_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files", metavar="FILE", nargs="+", help="two or more JWSs over one payload"
    )
    command.add_argument(
        "--keys", metavar="FILE", help="with these public keys, keep one signature per signer"
    )


def _key_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--alg", metavar="ALG", help="the algorithm it will sign with (default: EdDSA)"
    )
    command.add_argument("--kid", metavar="KID", help="its kid (default: its thumbprint)")
    command.add_argument(
        "--out", metavar="FILE", help="write the private key to a new file that only you can read"
    )
    command.add_argument(
        "--public", metavar="FILE", help="print the public half of this private key instead"
    )
    _passphrase(command)


ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "sign": _sign_arguments,
    "verify": _verify_arguments,
    "inspect": _inspect_arguments,
    "flatten": _input,
    "merge": _merge_arguments,
    "key": _key_arguments,
}
