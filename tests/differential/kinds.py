"""The kinds of input: what makes one, what Python says of it, and its share of all inputs."""

from tests.differential import records, signatures, statements
from tests.differential.verdict import Kind, said

KINDS = {
    "json": Kind(statements.json_input, said(statements.read_json), 20),
    "json, any number": Kind(statements.json_input, said(statements.read_any_json), 6),
    "document": Kind(statements.document_input, said(statements.read_document), 14),
    "draft": Kind(statements.draft_input, said(statements.read_draft), 6),
    "jwk": Kind(statements.jwk_input, said(statements.read_jwk), 3),
    "compact": Kind(signatures.compact_input, said(signatures.read_compact), 11),
    "general": Kind(signatures.general_input, said(signatures.read_general), 4),
    "act": Kind(signatures.act_input, said(signatures.read_act), 4),
    "approval": Kind(signatures.approval_input, said(signatures.read_approval), 5),
    "event": Kind(records.event_input, said(records.read_event), 8),
    "entry": Kind(records.entry_input, said(records.read_entry), 2),
    "note": Kind(records.note_input, said(records.read_note), 2),
    "proof": Kind(records.proof_input, said(records.read_proof), 1),
    "vkey": Kind(records.vkey_input, said(records.read_vkey), 1),
    "entries of a tile": Kind(records.tile_input, said(records.read_tile), 1),
    "pack of bodies": Kind(records.pack_input, said(records.read_pack), 1),
    "container": Kind(records.container_input, said(records.read_container), 6),
    "manifest": Kind(records.manifest_input, said(records.read_manifest), 2),
    "bundle": Kind(records.bundle_input, said(records.read_bundle), 3),
}
