"""One verdict: mutated inputs to the ledger in Python and to the verifier's modules in JavaScript.

    json_text.py  jws_text.py  bundle_files.py   make inputs, each from a seed and a number
    kinds.py                                     the kinds of input, and what Python says of each
    verdicts.js   engines.py                     what JavaScript says, in Chromium and in Node.js
    comparison.py                                compares the two, and makes a disagreement smaller

`python -m tests.differential` compares many; `tests/browser/test_differential.py` compares a few,
and all that ever disagreed: `tests/vectors/differential.json`.
"""
