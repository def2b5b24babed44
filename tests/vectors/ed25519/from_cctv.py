"""Write cctv.json from C2SP's edge cases of Ed25519, with the one verdict of every reader here.

python -m tests.vectors.ed25519.from_cctv ed25519vectors.json COMMIT

The file is https://github.com/C2SP/CCTV, ed25519/ed25519vectors.json; LICENSE is its licence. Its
README explains the flags. They decide the verdict, no library does:

    key refused   A is of small order, or not canonical
    refused       R is of small order, or not canonical; or the cofactorless equation does not hold
    verified      all others
"""

import json
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("cctv.json")
WEAK_KEY = {"low_order_A", "non_canonical_A"}
# With low_order_residue only a cofactored equation holds, and with reencoded_k only another hash.
BAD = {"low_order_R", "non_canonical_R", "low_order_residue", "reencoded_k"}


def case_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return one case of ours: bytes in hex, and the verdict."""
    flags = set(given["flags"] or ())
    weak = bool(flags & WEAK_KEY)
    return {
        "name": f"{given['number']}: {', '.join(sorted(flags)) or 'no flag'}",
        "key": given["key"],
        "message": given["msg"].encode().hex(),
        "signature": given["sig"],
        "outcome": "key refused" if weak else "refused" if flags & BAD else "verified",
        "primeOrder": not weak and "low_order_component_A" not in flags,
    }


def main() -> None:
    """Read the file and the commit that the arguments name."""
    path, commit = sys.argv[1:]
    cases = [case_of(each) for each in json.loads(Path(path).read_text())]
    source = {"source": "https://github.com/C2SP/CCTV", "commit": commit, "licence": "BSD-3-Clause"}
    lines = ",\n".join(json.dumps(case) for case in cases)
    FILE.write_text(f'{json.dumps(source)[:-1]}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
