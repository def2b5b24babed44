"""A case of the conformance suite, and the edits that sabotages share."""

from collections.abc import Callable
from dataclasses import dataclass

Edit = tuple[
    str, str, str
]  # a file below src/ledger, a text that it has once, another in its place
Build = Callable[[], bytes]


@dataclass(frozen=True)
class ConformanceCase:
    """One directory of the suite; `sabotage` is empty where every verifier has to accept."""

    name: str
    why: str
    build: Build
    sabotage: tuple[Edit, ...] = ()
    key: str = "given"  # or none, other, restored, second
    needs: tuple[str, ...] = ()  # algorithms that not every platform has


def case(
    name: str,
    why: str,
    build: Build,
    *sabotage: Edit,
    key: str = "given",
    needs: tuple[str, ...] = (),
) -> ConformanceCase:
    return ConformanceCase(name, why, build, sabotage, key, needs)


# --- what sabotages share ------------------------------------------------------------------------

CONTAINER, CONTENTS = "verify/container.py", "verify/contents.py"
AUDITOR, DECISIONS = "verify/auditor.py", "domain/decisions.py"
APPROVAL, PASSKEY = "domain/approval.py", "domain/passkey.py"
HEADS, TREE, BUNDLE = "verify/heads.py", "verify/tree.py", "verify/bundle.py"
PERSON, USES = "domain/person_state.py", "domain/uses.py"
SIGNATURE = (
    "jose/compact.py",
    "        import_key(jwk)(jws.signature, jws.signing_input)",
    "        pass",
)
COMPARE = (AUDITOR, "        if expected != event.body:", "        if False:")
ASSERTED = "    client_data, data, signature = (b64u_decode(text) for text in response.values())\n"
REGISTERED = "    client_data, raw = (b64u_decode(text) for text in response.values())\n"
SAID = 'msgspec.json.decode(client_data)["{}"]'
ANY_CHALLENGE = "    challenge = b64u_decode(" + SAID.format("challenge") + ")\n"
ANY_ORIGIN = "    party = RelyingParty(party.rp_id, " + SAID.format("origin") + ")\n"
OTHER_CHALLENGE = (PASSKEY, ASSERTED, ASSERTED + ANY_CHALLENGE)


def no(file: str, condition: str) -> Edit:
    """Return the edit after which a condition never holds."""
    return (file, f"if {condition}:", "if False:")
