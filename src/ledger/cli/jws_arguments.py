"""The arguments and exit codes of `ledger jws …`."""

import argparse
from collections.abc import Callable

from ledger.cli.exit_codes import ExitCode

VERIFY_CODES = {
    ExitCode.DONE: "verified; with `--require`, the policy is met",
    ExitCode.INVALID: "invalid: a signature, a key or the serialization was refused",
    ExitCode.UNVERIFIABLE: "a key is missing",
    ExitCode.UNMET: "verified, but the policy is not met",
}
OTHER_CODES = {
    ExitCode.DONE: "done",
    ExitCode.INVALID: "a key, a JWS or an option was refused; standard error has the code",
}


def _input(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help="a JWS in any form; - is standard input (default)",
    )


def _sign_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help="the payload; - is standard input (default)",
    )
    command.add_argument(
        "--key",
        action="append",
        required=True,
        metavar="FILE",
        help="a private JWK of a signer",
    )
    command.add_argument("--alg", metavar="ALG", help="the algorithm, if a key fits several")
    command.add_argument("--typ", metavar="TYP", help="the typ in every signer's protected header")
    command.add_argument(
        "--append", metavar="FILE", help="add the signatures to this JWS instead of a payload"
    )
    command.add_argument("--detached", action="store_true", help="omit the payload from the JWS")
    command.add_argument("--compact", action="store_true", help="write the compact form")


def _verify_arguments(command: argparse.ArgumentParser) -> None:
    _input(command)
    command.add_argument(
        "--keys", required=True, metavar="FILE", help="a JWK Set or JWK of public keys"
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


def _merge_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files", metavar="FILE", nargs="+", help="two or more JWSs over one payload"
    )
    command.add_argument(
        "--keys", metavar="FILE", help="with these public keys, keep one signature per signer"
    )


def _key_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--alg",
        default="EdDSA",
        metavar="ALG",
        help="the algorithm it will sign with (default: EdDSA)",
    )
    command.add_argument(
        "--public", metavar="FILE", help="print the public half of this private JWK instead"
    )


ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "sign": _sign_arguments,
    "verify": _verify_arguments,
    "inspect": _input,
    "flatten": _input,
    "merge": _merge_arguments,
    "key": _key_arguments,
}
