"""Write suite.json.xz from JSONTestSuite's parsing tests.

python -m tests.vectors.jsontestsuite.reduce FOLDER COMMIT

FOLDER is `test_parsing` of https://github.com/nst/JSONTestSuite at COMMIT. A name begins with `y_`
if a parser must accept the text, with `n_` if it must refuse it, and with `i_` if it is free.
"""

import json
import lzma
import sys
from base64 import b64encode
from pathlib import Path

FILE = Path(__file__).with_name("suite.json.xz")


def main() -> None:
    """Read the folder and the commit that the arguments name."""
    folder, commit = Path(sys.argv[1]), sys.argv[2]
    texts = {path.stem: b64encode(path.read_bytes()).decode() for path in sorted(folder.iterdir())}
    source = {"source": "https://github.com/nst/JSONTestSuite", "commit": commit, "licence": "MIT"}
    written = json.dumps(source | {"texts": texts}, separators=(",", ":"))
    FILE.write_bytes(lzma.compress(written.encode(), preset=9))


if __name__ == "__main__":
    main()
