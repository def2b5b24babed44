"""The cases of the conformance suite: what a bundle shows, and the check that refuses it.

A sabotage removes that check, and only that one, from the verifier in Python: then the case has to
pass. So no other check refuses the bundle, and a verifier that leaves this check out is found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.vectors.conformance import bundles, restored
from tests.vectors.conformance.bundles import forged, of_operator, of_table

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


GENUINE = (
    case("genuine-statement", "Approvals in both forms, and a rejection with a passkey.",
         partial(of_table, "statement", "statement")),
    case("genuine-redacted", "The same with every entry of the log and some bodies.",
         partial(of_table, "redacted", "redacted")),
    case("genuine-full", "The same with the whole log.", partial(of_table, "full", "full")),
    case("genuine-undecided", "A statement that nobody has decided yet.", bundles.undecided),
    case("genuine-change", "A change with twelve effects: roles, invitations, standing, charter.",
         partial(bundles.of_every_type, 102)),
    case("genuine-new-version", "A new version of a rejected statement, then withdrawn.",
         partial(bundles.of_every_type, 3)),
    case("genuine-used", "An approved statement, used twice, with three reports.",
         partial(bundles.of_every_type, 6)),
    case("genuine-restored", "A statement, approved after a restore that lost nothing.",
         partial(restored.told, "a statement is approved after a restore that lost nothing"),
         key="restored"),
    case("genuine-after-a-loss", "A new version, approved with a key that was reaffirmed.",
         partial(restored.told, "a new version of a statement that was approved before a loss",
                 "full", 6), key="restored"),
    case("genuine-ml-dsa", "A statement of a type, approved with an ML-DSA-65 key.",
         bundles.ml_dsa, needs=("ML-DSA-65",)),
    case("genuine-other-readme", "A README.txt of somebody else: no check rests on it.",
         bundles.other_readme),
)  # fmt: skip

CONTAINERS = (
    case("container-header", "A bit of a local header differs, which ZIP readers ignore.",
         partial(of_table, "statement", "a bit of the first header"),
         no(CONTAINER, "size > MAX_FILE_BYTES or raw[place : start + name_bytes] != "
                       "zip_records.local(head)")),
    case("container-directory", "A bit of the central directory differs.",
         partial(of_table, "statement", "a bit of the directory"),
         no(CONTAINER, "raw[place:end] != expected")),
    case("container-trailer", "A byte stands after the end of the ZIP file.", bundles.trailing,
         no(CONTAINER, "place != len(raw)")),
    case("manifest-digest", "README.txt is not the one whose SHA-256 the manifest has.",
         bundles.changed_readme, no(CONTAINER, "sha256_hex(files[name]) != manifest.files[name]")),
    case("manifest-unlisted", "The manifest does not name README.txt.", bundles.unlisted_readme,
         (CONTAINER, "        if name not in manifest.files:\n",
          "        if name not in manifest.files:\n            continue\n        if False:\n")),
    case("manifest-root", "The manifest states another root than the checkpoint.",
         partial(of_table, "statement", "a size that is not the checkpoint's"),
         no(CONTENTS, "manifest.checkpoint != stated")),
    case("file-unknown", "The bundle has a file that no bundle has.",
         partial(of_table, "statement", "a file that no bundle has"),
         (CONTENTS, "        is_proof = match is not None and match[3] is not None\n",
          "        if match is None:\n            continue\n"
          "        is_proof = match[3] is not None\n")),
)  # fmt: skip

SHOWN = (
    case("shown-document", "statements/<id>/document.json is another document than was signed.",
         partial(of_table, "statement", "another document shown"),
         no(CONTENTS, "expected.get(name) != case.exhibits.get(name)")),
    case("shown-key", "The file of Bob's key has Alice's key.",
         partial(of_table, "statement", "another's key shown"),
         no(CONTENTS, "expected.get(name) != case.exhibits.get(name)")),
    case("body-commitment", "The salt of a body differs, so its entry does not commit to it.",
         partial(of_table, "statement", "another salt"),
         no("domain/entry.py", "len(salt) != SALT_BYTES or entry.body.sha256 != "
                               "hashlib.sha256(salt + body).hexdigest()")),
    case("body-missing", "The body of a key's revocation is withheld, and the key looks in force.",
         bundles.revocation_withheld,
         (CONTENTS, "    require_bodies(missing, drafted(found), case.mode)\n", "")),
)  # fmt: skip

LOG = (
    case("inclusion-proof", "A hash of a proof is another one.",
         partial(of_table, "statement", "another hash in a proof"),
         no("tlog/merkle.py", "sn != 0 or result != expected_root")),
    case("inclusion-missing", "An entry has no proof.",
         partial(of_table, "statement", "a proof left out"),
         no(BUNDLE, "missing is not None")),
    case("inclusion-of-another", "Two proofs stand in each other's place.",
         partial(of_table, "statement", "two proofs in each other's place"),
         no(BUNDLE, "(proof.index, proof.note) != (index, case.note)"),
         (BUNDLE, "                verify_inclusion(entry_hash(raw), index, tree.size, "
          "proof.hashes, tree.root)\n", "                tree.size\n")),
    case("tile", "A hash of a tile is not that of its entry.",
         partial(of_table, "redacted", "another leaf in the tile"),
         no(TREE, "given[: len(tile.hashes)] != tile.hashes")),
    case("root", "An entry and its tile differ, and they do not lead to the checkpoint's root.",
         partial(of_table, "redacted", "another entry and its leaf"),
         no(TREE, "edge.root() != root")),
    case("checkpoint-signature", "The signature of the checkpoint is another one.",
         partial(of_table, "statement", "a checkpoint with another signature"),
         ("tlog/checkpoint.py",
          "        verify(key, signature.blob, checkpoint.text().encode())\n", "")),
    case("log-key-other", "Another key signed than the one that the verifier was given.",
         partial(of_table, "statement", "statement"),
         no("verify/log_signatures.py", "not set(expected) & set(signed.signers)"), key="other"),
    case("log-key-not-given", "The verifier was given no key, so it does not know the ledger.",
         partial(of_table, "statement", "statement"),
         ("verify/log_signatures.py",
          'raise UnverifiableError("log_key_not_given", "no key was given to compare with")',
          'return "", True'), key="none"),
    case("heads-missing", "heads.jwt is not there, so later events may be left out.",
         partial(of_table, "statement", "no heads"),
         (BUNDLE, '        if case is not None and case.mode == "statement":\n',
          "        if case is not None and case.heads:\n")),
    case("heads-signature", "The signature of heads.jwt is another one.",
         partial(of_table, "statement", "a bit of the heads"), SIGNATURE),
    case("heads-of-another-tree", "The heads are of the log before its last two events.",
         partial(of_table, "statement", "heads of the bundle without the last approval"),
         no(HEADS, "(said.root, said.size) != (b64_encode(tree.root), tree.size)"),
         no(HEADS, "shown < named"), no(HEADS, "shown != named or named < 1")),
    case("heads-retraction-left-out", "A retraction was left out, so its approval seems to count.",
         partial(forged, "a retraction left out of a bundle"), no(HEADS, "shown < named"),
         no(HEADS, "shown != named or named < 1")),
    case("heads-use-left-out", "A use was left out, so the statement seems to be usable still.",
         partial(forged, "a use left out of a bundle"), no(HEADS, "shown < named"),
         no(HEADS, "shown != named or named < 1")),
    case("heads-by-a-replaced-key", "The heads key before the present one signed the heads.",
         partial(forged, "heads by a key that was replaced"),
         (HEADS, "    verify_compact(jws, charter.heads)\n", "")),
)  # fmt: skip

EVIDENCE = (
    case("signature", "The signature of an approval is another one.",
         partial(of_operator, bundles.broken_approval), SIGNATURE),
    case("signature-ml-dsa", "The ML-DSA-65 signature of an approval is another one.",
         bundles.broken_ml_dsa, SIGNATURE),
    case("registration-challenge", "A passkey was registered for another nonce.",
         partial(of_operator, bundles.other_nonce),
         (PASSKEY, REGISTERED, REGISTERED + ANY_CHALLENGE)),
    case("attestation-challenge", "A passkey attested another key than the one recorded.",
         partial(of_operator, bundles.attested_another), OTHER_CHALLENGE),
    case("possession", "The key signed another challenge than its passkey did.",
         partial(of_operator, bundles.possession_of_another),
         no("domain/signing_keys.py", "b64u_decode(jws.payload) != challenge")),
    case("assertion-missing", "The policy asks for a passkey, and the rejection has none.",
         partial(of_operator, bundles.unconfirmed),
         (DECISIONS, '    if versions.assurance(statement) == "key":\n',
          "    if decision.assertion is None:\n        return None\n"
          '    if versions.assurance(statement) == "key":\n')),
    case("assertion-challenge", "The passkey confirmed another act.",
         partial(of_operator, bundles.confirmed_another), OTHER_CHALLENGE),
    case("assertion-origin", "The passkey confirmed on another site.",
         partial(of_operator, bundles.confirmed_elsewhere),
         (PASSKEY, ASSERTED, ASSERTED + ANY_ORIGIN)),
    case("assertion-user-verification", "The passkey did not ask who used it.",
         partial(of_operator, bundles.confirmed_unasked),
         ("webauthn_grammar/authenticator_data.py",
          '        _refuse("user verification is missing")', "        pass"),
         (PASSKEY, "            credential_current_sign_count=0,\n"
          "            require_user_verification=True,\n",
          "            credential_current_sign_count=0,\n"
          "            require_user_verification=False,\n")),
    case("key-revoked", "A key signed an approval after its owner had revoked it.",
         partial(of_operator, bundles.revoked_before, "full"), no(PERSON, "key.revoked")),
    case("key-expired", "A key signed an approval after its end.",
         partial(of_operator, bundles.ended_before),
         no(PERSON, "key.expires_at is not None and clock.to_ms(key.expires_at) <= now_ms")),
)  # fmt: skip

RULES = (
    case("status", "An approval is recorded as the last one, and one is missing.",
         partial(of_table, "full", "approved too early"), COMPARE),
    case("roles", "An approval records roles that its person did not have.",
         partial(of_table, "full", "roles that the person had not"), COMPARE),
    case("seen", "A decision names none of the streams that it depends on.",
         partial(of_table, "full", "a decision that saw nothing"),
         ("domain/seen.py", "    if named != needed:\n", "    if False:\n"), COMPARE),
    case("approved-twice", "A person's approval is there twice.",
         partial(of_operator, bundles.approved_twice),
         no(DECISIONS, "iat <= statement.decided.get(person.user, -1)"),
         (DECISIONS, "    if stands(statement.approvals, person):\n"
          '        raise ConflictError("already_approved", "this person has already approved")\n'
          "    # 4.", "    # 4.")),
    case("approval-content", "An individual approval is of other content.",
         partial(of_operator, bundles.of_other_content),
         no(APPROVAL, "sha256_hex(payload.content.encode()) != subject.content_sha256")),
    case("approval-statement", "An individual approval is of another statement.",
         partial(of_operator, bundles.of_other_statement),
         no(APPROVAL, "payload.statement_id != subject.statement_id")),
    case("approval-signer", "An individual approval names another signer.",
         partial(of_operator, bundles.of_other_signer),
         no(APPROVAL, "payload.signer != signer")),
    case("approval-ledger", "An individual approval was made for another ledger.",
         partial(of_operator, bundles.of_other_ledger),
         no(APPROVAL, "payload.ledger not in (None, subject.ledger)")),
    case("approval-stale", "An approval was signed six minutes before it was recorded.",
         partial(of_operator, bundles.signed_early),
         no(APPROVAL, "iat is None or not clock.is_fresh(iat * 1000, now_ms=now_ms)")),
    case("role-not-open", "Somebody registered with a role that only a change grants.",
         bundles.took_a_role, no("domain/admission.py", "role not in OPEN_ROLES")),
    case("names-alike", "Two people have names that look alike.",
         partial(of_table, "full", "two people whose names look alike"),
         (AUDITOR, "            if name in self._claims:\n", "            if False:\n")),
    case("type-outdated", "A statement is of a version of its type that was replaced.",
         partial(forged, "a draft of an outdated type"),
         no("domain/statement_types.py", "stated != known.stated")),
    case("type-schema", "The content does not meet the schema of its type.",
         partial(forged, "content that the schema of its type refuses"),
         no("domain/statement_types.py", "fault is not None")),
    case("reader", "Somebody approved a statement that they may not read.",
         partial(forged, "a decision by somebody who may not read the statement, full"),
         no("domain/readers.py",
            "not audience.may_read(Reader(person.user, person.roles))"),
         no(DECISIONS, "not (versions.may_approve(statement, person) and may_sign(person))"),
         COMPARE),
    case("used-up", "A statement was used more often than it allows.",
         partial(forged, "a statement that is used once too often"),
         (USES, "    following = next_use(usable.times, statement.uses)\n",
          "    following = next_use(usable.times, statement.uses) or (2, 1)\n")),
)  # fmt: skip

RESTORED = (
    case("restore-kept", "A restore keeps another tree than the entries before it.",
         restored.another_kept,
         no(TREE, "edge.root().hex() != restored.kept.root"), key="restored"),
    case("restore-origin", "A restore begins the origin of another epoch than its own.",
         restored.another_origin,
         no("domain/restoration.py", "act.origin != log_origin(charter.ledger, act.epoch)"),
         key="second"),
    case("restore-old-key", "The key of before a restore signed the tree after it.",
         restored.by_the_old_key,
         no("tlog/checkpoint.py", "note.checkpoint.origin != expected_origin"),
         ("domain/charter.py", "return self.first_size <= size and (self.last_size is None or size"
                               " <= self.last_size)", "return True")),
    case("loss-key", "A key from before a loss approved, and nobody had reaffirmed it.",
         restored.unaffirmed, no(PERSON, "key.unaffirmed and not unaffirmed"), key="restored"),
    case("loss-pending", "A statement that waited at a loss was approved after it.",
         partial(restored.told, "a statement that waited at a loss is approved"),
         ("domain/decision_context.py",
          "return stops(self.types, statement.type) or self.precedes_loss(statement)",
          "return stops(self.types, statement.type)"), key="restored"),
    case("loss-use", "A statement from before a loss was used after it.",
         partial(restored.told, "a statement that was approved before a loss is used"),
         no(USES, "decision.precedes_loss(statement)"), key="restored"),
)  # fmt: skip

CASES = (*GENUINE, *CONTAINERS, *SHOWN, *LOG, *EVIDENCE, *RULES, *RESTORED)
