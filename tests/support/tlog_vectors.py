"""The checkpoints and trees in tests/vectors/tlog, and the keys that signed them."""

import json
from pathlib import Path
from typing import Any

from ledger.tlog.vkeys import parse_vkey

VECTORS = Path(__file__).parents[1] / "vectors" / "tlog"
NOTES: dict[str, Any] = json.loads((VECTORS / "notes.json").read_text())
TREES: dict[int, Any] = {
    tree["size"]: tree for tree in json.loads((VECTORS / "trees.json").read_text())["trees"]
}
ORIGIN: str = NOTES["origin"]
ED25519 = parse_vkey(NOTES["ed25519"]["vkey"])
ML_DSA_44 = parse_vkey(NOTES["mlDsa44"]["vkey"])
NOTE: str = NOTES["notes"][10]["note"]
