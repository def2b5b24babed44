"""The cases of what a charter says of keys and recoveries, and a type of the age of signatures."""

from functools import partial

from tests.vectors.conformance import rules
from tests.vectors.conformance.case import case, no

GENUINE = (
    case("genuine-home", "A key with the one home of new keys that the charter names.",
         partial(rules.of_a_home, "a key with a home that the charter names")),
    case("genuine-wait", "A recovery begins just after a change shortened the wait.",
         partial(rules.of_a_recovery, "a code just after the wait was shortened")),
    case("genuine-fresh", "An approval a week after its signature, as its type allows.",
         partial(rules.of_an_approval, "an approval of a week ago under a freshness of a week")),
)  # fmt: skip

REFUSED = (
    case("home-not-allowed", "A key has a home that the charter leaves out.",
         partial(rules.of_a_home, "a key with a home that the charter leaves out"),
         no("domain/charter_values.py", "home not in values.allowed_homes")),
    case("wait-too-short", "A recovery just after a shortened wait is complete after 24 hours.",
         partial(rules.of_a_recovery,
                 "a code just after the wait was shortened that works after 24 hours"),
         ("domain/charter.py",
          "return max(now_ms + self.values.recovery_wait_ms, self.waits_until_ms)",
          "return now_ms + self.values.recovery_wait_ms")),
    case("approval-older", "An approval is older than its type allows.",
         partial(rules.of_an_approval,
                 "an approval of more than a week ago under a freshness of a week"),
         ("domain/statement_types.py", "return known.freshness_ms[stated.version - 1]",
          "return known.freshness_ms[stated.version - 1] + 1")),
)  # fmt: skip
