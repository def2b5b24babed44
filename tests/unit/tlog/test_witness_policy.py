"""Witness policies: parsed in one reading, met by distinct keys, and by nothing less."""

from itertools import combinations, count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.vkeys import NoteKey, NoteSigner
from ledger.tlog.witness_policy import WitnessPolicy, parse_policy, verify_witnessed

ORIGIN = "ledger.example.com/a"
LOG = vkeys.generate(ORIGIN)
SIGNERS: dict[str, NoteSigner] = {
    name: vkeys.generate(f"{name}.example.com", cosigner=True)[0]
    for name in ("x1", "x2", "x3", "y1", "y2", "y3")
}
KEYS = {name: signer.key for name, signer in SIGNERS.items()}
VKEYS = {name: key.vkey for name, key in KEYS.items()}
X1, X2 = f"witness x1 {VKEYS['x1']}\n", f"witness x2 {VKEYS['x2']}\n"
LOG_LINE = f"log {LOG[0].key.vkey}\n"

# The example of the specification.
EXAMPLE = f"""
{LOG_LINE}
witness X1 {VKEYS["x1"]}
witness X2 {VKEYS["x2"]}
witness X3 {VKEYS["x3"]}
group X-witnesses 2 X1 X2 X3

witness Y1 {VKEYS["y1"]}
witness Y2 {VKEYS["y2"]}
witness Y3 {VKEYS["y3"]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def parsed(text: str) -> WitnessPolicy:
    return parse_policy(text.encode())


def test_the_example_of_the_specification_asks_for_two_x_and_one_y() -> None:
    policy = parsed(EXAMPLE)
    for size in range(7):
        for names in combinations(KEYS, size):
            xs = sum(name.startswith("x") for name in names)
            expected = xs >= 2 and size > xs
            assert policy.met(KEYS[name] for name in names) is expected


def test_all_that_a_line_may_hold_is_read() -> None:
    policy = parsed(
        f"# a comment\n \t# another, é\n\nlog\t{LOG[0].key.vkey}   https://example.com/log \n"
        f"  witness é {VKEYS['x1']} https://x1.example.com/\n"
        f"{X2}group g all é x2\nquorum g"
    )
    assert [(log.key, log.url) for log in policy.logs] == [(LOG[0].key, "https://example.com/log")]
    assert [(each.name, each.url) for each in policy.witnesses] == [
        ("é", "https://x1.example.com/"),
        ("x2", None),
    ]
    assert (policy.groups[0].threshold, policy.quorum) == (2, "g")


def test_a_policy_of_post_quantum_witnesses_is_read() -> None:
    key = vkeys.generate("w", cosigner=True)[1].key
    assert parsed(f"witness w {key.vkey}\nquorum w\n").keys == (key,)


def test_no_quorum_is_met_by_nobody() -> None:
    policy = parsed("quorum none\n")
    assert (policy.logs, policy.witnesses) == ((), ())
    assert policy.met([])


def test_one_witness_is_a_quorum() -> None:
    policy = parsed(f"{X1}{X2}quorum x1\n")
    assert policy.met([KEYS["x1"]])
    assert not policy.met([KEYS["x2"]])
    assert not policy.met([])


def test_one_key_under_two_names_counts_once() -> None:
    policy = parsed(f"{X1}{X2}group both all x1 x2\nquorum both\n")
    again = NoteKey(name="other", kind=KEYS["x1"].kind, public=KEYS["x1"].public)
    assert not policy.met([KEYS["x1"], KEYS["x1"], again])
    assert policy.met([KEYS["x1"], KEYS["x2"]])
    with pytest.raises(MalformedError):
        parsed(f"{X1}witness other {again.vkey}\ngroup both all x1 other\nquorum both\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        LOG_LINE,
        X1,
        "quorum\n",
        "quorum none none\n",
        "quorum none\nquorum none\n",
        "quorum None\n",
        "Quorum none\n",
        "quorum x1\n",
        f"quorum x1\n{X1}",
        "threshold 1\nquorum none\n",
        "log\nquorum none\n",
        f"log {VKEYS['x1']}\nquorum none\n",
        f"log {LOG[0].key.vkey[:-4]}\nquorum none\n",
        f"{LOG_LINE}{LOG_LINE}quorum none\n",
        f"log {LOG[0].key.vkey} url more\nquorum none\n",
        "witness x1\nquorum none\n",
        f"witness {VKEYS['x1']}\nquorum none\n",
        f"witness x1 {LOG[0].key.vkey}\nquorum none\n",
        f"witness none {VKEYS['x1']}\nquorum none\n",
        f"{X1}{X1}quorum x1\n",
        f"{X1}witness x1 {VKEYS['x2']}\nquorum x1\n",
        f"{X1}witness x2 {VKEYS['x1']}\nquorum x1\n",
        f"witness x1 {VKEYS['x1']} url more\nquorum x1\n",
        f"{X1}group g\nquorum x1\n",
        f"{X1}group g any\nquorum x1\n",
        f"{X1}group g 0 x1\nquorum g\n",
        f"{X1}group g 2 x1\nquorum g\n",
        f"{X1}group g 01 x1\nquorum g\n",
        f"{X1}group g +1 x1\nquorum g\n",
        f"{X1}group g -1 x1\nquorum g\n",
        f"{X1}group g \uff11 x1\nquorum g\n",
        f"{X1}group g one x1\nquorum g\n",
        f"{X1}group g ALL x1\nquorum g\n",
        f"{X1}group g 1 x2\nquorum g\n",
        f"{X1}group g 1 g\nquorum g\n",
        f"{X1}group g 1 none\nquorum g\n",
        f"{X1}group g 1 x1 x1\nquorum g\n",
        f"{X1}group x1 1 x1\nquorum x1\n",
        f"{X1}group none 1 x1\nquorum none\n",
        f"{X1}{X2}group g 1 x1\ngroup h 2 x1 x2\nquorum h\n",
        f"group g 1 x1\n{X1}quorum g\n",
        "quorum none\r\n",
        "quorum none\0\n",
        "quorum\vnone\n",
        "quorum\u00a0none\n",
        "# \x7f\nquorum none\n",
        "#" * 1_100_000 + "\nquorum none\n",
        "".join(f"witness {n} {vkeys.generate(f'{n}')[0].key.vkey}\n" for n in range(3)),
    ],
    ids=count(),  # the texts hold random keys, and every process must give a case the same name
)
def test_any_other_policy_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parsed(text)
    assert refused.value.code == "policy_malformed"


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(MalformedError, match="line 3: a name can be defined only once"):
        parsed(f"{LOG_LINE}{X1}witness x1 {VKEYS['x2']}\nquorum x1\n")


def test_names_that_are_no_utf8_are_kept_apart() -> None:
    lines = [b"witness \xff", b"witness \xfe"]
    policy = parse_policy(
        lines[0]
        + f" {VKEYS['x1']}\n".encode()
        + lines[1]
        + f" {VKEYS['x2']}\n".encode()
        + b"quorum \xfe\n"
    )
    assert policy.met([KEYS["x2"]])
    assert not policy.met([KEYS["x1"]])
    with pytest.raises(MalformedError):
        parse_policy(b"witness a \xff" + VKEYS["x1"].encode() + b"\nquorum none\n")


def test_there_may_be_many_of_each_and_not_more() -> None:
    signers = [vkeys.generate("w", cosigner=True)[0].key.vkey for _ in range(257)]
    lines = [f"witness w{n} {vkey}\n" for n, vkey in enumerate(signers)]
    chain = ["group g0 1 w0\n"] + [f"group g{n} all g{n - 1} w{n}\n" for n in range(1, 256)]
    policy = parsed("".join([*lines[:256], *chain, "quorum g255\n"]))
    assert policy.met(policy.keys)
    assert not policy.met(policy.keys[1:])
    with pytest.raises(MalformedError):
        parsed("".join([*lines, "quorum none\n"]))


@given(st.text(st.sampled_from(" \tlogwitnes#group1ay\nqum+é\0"), max_size=60))
def test_a_text_that_is_no_policy_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        policy = parsed(text)
    except MalformedError:
        return
    assert policy.quorum == "none"


@given(st.binary(max_size=60))
def test_bytes_that_are_no_policy_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    try:
        policy = parse_policy(raw)
    except MalformedError:
        return
    assert policy.quorum == "none"  # made up of words that stand in our source


# --- cosigned checkpoints ----------------------------------------------------------------------

POINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = checkpoint.sign(POINT, LOG, now_s=1_763_690_646)


def cosigned(*names: str, now_s: int = 1_763_690_700) -> bytes:
    signers = [SIGNERS[name] for name in names]
    return NOTE + checkpoint.sign_lines(POINT, signers, now_s=now_s)


def test_a_checkpoint_with_its_quorum_is_verified() -> None:
    found = verify_witnessed(cosigned("x1", "x3", "y2"), parsed(EXAMPLE), expected_origin=ORIGIN)
    assert found.checkpoint == POINT
    assert [each.name for each in found.cosigners] == ["X1", "X3", "Y2"]
    assert found.times == (1_763_690_700,) * 3


def refusal(note: bytes, text: str = EXAMPLE, origin: str = ORIGIN) -> str:
    with pytest.raises(RefusedError) as refused:
        verify_witnessed(note, parsed(text), expected_origin=origin)
    return refused.value.code


def test_a_checkpoint_without_its_quorum_is_refused() -> None:
    assert refusal(NOTE) == "witnesses_missing"
    assert refusal(cosigned("x1", "y1", "y2", "y3")) == "witnesses_missing"
    assert refusal(cosigned("x1") + cosigned("x1").removeprefix(NOTE)) == "witnesses_missing"


def test_a_cosignature_without_a_time_does_not_count() -> None:
    assert refusal(cosigned("x1", "x2", "y1", now_s=0)) == "witnesses_missing"


def test_a_bad_line_of_a_witness_refuses_the_checkpoint() -> None:
    other = checkpoint.sign_lines(
        Checkpoint(ORIGIN, 8, POINT.root), [SIGNERS["x1"]], now_s=1_763_690_700
    )
    assert refusal(cosigned("x1", "x2", "y1") + other) == "note_signature_invalid"


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    alone = f"{POINT.text()}\n".encode() + cosigned("x1", "x2", "y1").removeprefix(NOTE)
    assert refusal(alone) == "note_unsigned"
    assert refusal(cosigned("x1"), f"{X1}quorum x1\n") == "note_unsigned"
    assert refusal(cosigned("x1"), f"{LOG_LINE}{X1}quorum x1\n", "other") == "note_origin_mismatch"


def test_the_logs_keys_may_be_known_from_elsewhere() -> None:
    policy = parsed(f"{X1}quorum x1\n")
    found = verify_witnessed(cosigned("x1"), policy, expected_origin=ORIGIN, log_keys=[LOG[1].key])
    assert found.checkpoint == POINT


def test_garbage_for_a_checkpoint_is_refused() -> None:
    for raw in (b"", b"\xff", NOTE[:-1], NOTE + b"x"):
        with pytest.raises(LedgerError):
            verify_witnessed(raw, parsed(EXAMPLE), expected_origin=ORIGIN)
