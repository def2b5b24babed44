"""The arguments of `ledger jws …`, and what its exit codes mean."""

import argparse
from collections.abc import Callable

from ledger.cli.exit_codes import ExitCode

VERIFY_CODES = {
    ExitCode.DONE: "verified; and met, where `--require` gives a policy",
    ExitCode.INVALID: "invalid: a signature, a key or the serialization is refused",
    ExitCode.UNVERIFIABLE: "a key is missing",
    ExitCode.UNMET: "verified, but the policy is not met",
}
OTHER_CODES = {
    ExitCode.DONE: "done",
    ExitCode.INVALID: "a key, a JWS or an option is refused; standard error has the code",
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
    command.add_argument("--alg", metavar="ALG", help="the algorithm, where a key fits several")
    command.add_argument("--typ", metavar="TYP", help="typ of every signer's protected header")
    command.add_argument(
        "--append", metavar="FILE", help="add the signatures to this JWS instead of a payload"
    )
    command.add_argument("--detached", action="store_true", help="leave the payload out")
    command.add_argument("--compact", action="store_true", help="write the compact form")


def _verify_arguments(command: argparse.ArgumentParser) -> None:
    _input(command)
    command.add_argument(
        "--keys", required=True, metavar="FILE", help="a JWK Set or JWK of public keys"
    )
    command.add_argument(
        "--require", metavar="POLICY", help="N distinct signers, or a policy's JSON, or @its file"
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
        help="the rules of the RFCs (default), or the ledger's",
    )
    command.add_argument("--strict", action="store_true", help="only keys that kid and alg name")
    command.add_argument("--claims", action="store_true", help="compare exp and nbf with the clock")


def _merge_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files", metavar="FILE", nargs="+", help="two or more JWSs over one payload"
    )
    command.add_argument(
        "--keys", metavar="FILE", help="keep each signer of these public keys once"
    )


def _key_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--alg", default="EdDSA", metavar="ALG", help="what it will sign with (EdDSA)"
    )
    command.add_argument(
        "--public", metavar="FILE", help="print the public JWK of this private one instead"
    )


ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "sign": _sign_arguments,
    "verify": _verify_arguments,
    "inspect": _input,
    "flatten": _input,
    "merge": _merge_arguments,
    "key": _key_arguments,
}
