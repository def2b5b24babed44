"""Who gets what of a statement for participants, on every route and page.

docs/reference/readers.md has this table (`make reference` writes it), a test tries every cell on a
real server, and a route without a row fails. The statement is for its participants.
"""

import re
from pathlib import Path
from typing import Literal

from tests.support.declared_routes import SCIM

PAGE = Path(__file__).parents[2] / "docs/reference/readers.md"
TABLE = re.compile(r"(?<=<!-- begin: who reads -->\n).*?(?=<!-- end -->)", re.DOTALL)

# `reads`: the answer shows the statement. `without`: it is 200 and says nothing of the statement.
# `nothing`: the route says nothing of any statement; its status can be any. `sign-in`: a page leads
# there. A number is the status of a refusal.
Cell = Literal["reads", "without", "nothing", "sign-in", "401", "403", "404", "409", "422", "201"]
Row = tuple[Cell, Cell, Cell, Cell, Cell]
PEOPLE = ("anonymous", "stranger", "participant", "auditor", "administrator")

ONE: Row = ("401", "404", "reads", "reads", "404")
ONE_PAGE: Row = ("sign-in", "404", "reads", "reads", "404")
LIST: Row = ("401", "without", "reads", "reads", "without")
LIST_PAGE: Row = ("sign-in", "without", "reads", "reads", "without")
MINE: Row = ("401", "without", "reads", "without", "without")
MINE_PAGE: Row = ("sign-in", "without", "reads", "without", "without")
MEMBERS: Row = ("401", "without", "without", "without", "without")
MEMBERS_PAGE: Row = ("sign-in", "without", "without", "without", "without")
GOVERNORS_PAGE: Row = ("sign-in", "403", "403", "403", "without")
GOVERNORS: Row = ("401", "403", "403", "403", "without")
AUDITORS: Row = ("401", "403", "403", "reads", "403")
NOTHING: Row = ("nothing",) * 5
# Nobody without a key can sign; the auditor may read, and is not asked.
DECISION: Row = ("422", "404", "201", "403", "404")

STATEMENT = "{statement_id}"
ROWS: dict[str, Row] = {
    "GET /api/statements": LIST,
    "GET /api/statements?at={position}": LIST,
    "GET /api/statements?q=deal": LIST,
    "GET /api/statements?status=pending": LIST,
    "GET /api/statements?creator={creator}": LIST,
    "GET /api/statements/{statement_id}": ONE,
    "GET /api/statements/{statement_id}?at={position}": ONE,
    "GET /api/statements/{statement_id}/document": ONE,
    "GET /api/statements/{statement_id}/jws": ONE,
    "GET /api/statements/{statement_id}/evidence": ONE,
    "GET /api/statements/{statement_id}/certificate": ONE,
    "GET /api/statements/{statement_id}/evidence?mode=redacted": ONE,
    "GET /api/statements/{statement_id}/evidence?mode=full": ("401", "403", "403", "reads", "403"),
    "POST /api/statements/{statement_id}/sign": DECISION,
    "POST /api/statements/{statement_id}/reject": DECISION,
    "POST /api/statements/{statement_id}/retract": ("422", "404", "201", "409", "404"),
    "POST /api/statements/{statement_id}/withdraw": DECISION,
    # The statement is pending, and nobody has used it.
    "POST /api/statements/{statement_id}/use": ("422", "404", "409", "409", "404"),
    "POST /api/statements/{statement_id}/outcome": ("422", "404", "409", "409", "404"),
    "GET /api/inbox": MINE,
    "GET /api/timeline": LIST,
    "GET /api/timeline?at={position}": LIST,
    "GET /api/timeline?stream={statement_id}": LIST,
    "GET /api/timeline?actor={creator}": LIST,
    "GET /api/timeline?type=statement-drafted.v1": LIST,
    "GET /api/stream": MEMBERS,
    "GET /api/users": MEMBERS,
    "GET /api/users/{credential_id}": MEMBERS,
    "GET /api/jwt-keys/{kid}": NOTHING,
    "GET /api/jwt-keys/by-credential/{credential_id}": MEMBERS,
    "GET /api/session": MEMBERS,
    "GET /api/sessions": MEMBERS,
    "GET /api/wrapped-keys": MEMBERS,
    "GET /api/governance": MEMBERS,
    "GET /api/types": MEMBERS,
    "GET /api/holds": MEMBERS,
    "GET /api/service-accounts": MEMBERS,
    "GET /api/types/{sha256}": NOTHING,
    "GET /api/invitations/{kid}": NOTHING,
    "POST /api/changes/preview": GOVERNORS,
    "POST /api/policies/preview": MEMBERS,
    "GET /statements": LIST_PAGE,
    "GET /statements?q=deal": LIST_PAGE,
    "GET /statements?status=pending": LIST_PAGE,
    "GET /statements/{statement_id}": ONE_PAGE,
    "GET /digests/{digest}": ONE_PAGE,
    "GET /statements/{statement_id}/certificate": ONE_PAGE,
    "GET /digests/{digest}/qr.svg": NOTHING,
    "GET /draft": MEMBERS_PAGE,
    "GET /draft?supersedes={statement_id}": ("sign-in", "404", "without", "without", "404"),
    "GET /inbox": MINE_PAGE,
    "GET /approvals": MINE_PAGE,
    "GET /audit": LIST_PAGE,
    "GET /audit?at={position}": LIST_PAGE,
    "GET /audit?kind=statement-drafted.v1": LIST_PAGE,
    "GET /audit?statement={statement_id}": LIST_PAGE,
    "GET /audit?statement=deal": LIST_PAGE,
    "GET /audit?compare=1": LIST_PAGE,
    "GET /audit/questions": ("sign-in", "403", "403", "without", "403"),
    "GET /audit/questions?question=events": ("sign-in", "403", "403", "reads", "403"),
    "GET /account": MEMBERS_PAGE,
    "GET /account/codes": MEMBERS_PAGE,
    "GET /account/lost": MEMBERS_PAGE,
    "GET /account/end?what=kid:{own_kid}": MEMBERS_PAGE,
    "GET /people": GOVERNORS_PAGE,
    "GET /people/{user_id}": GOVERNORS_PAGE,
    "GET /roles": GOVERNORS_PAGE,
    "GET /erasures": MEMBERS_PAGE,
    "GET /types": MEMBERS_PAGE,
    "GET /types/define": GOVERNORS_PAGE,
    "GET /governance": MEMBERS_PAGE,
    "GET /api/access-record": ("401", "403", "403", "without", "403"),
    "GET /api/access-report": MINE,
    "GET /api/access-report?about={creator}": AUDITORS,
    "GET /api/questions/{question}": AUDITORS,
    "GET /api/questions/{question}/csv": AUDITORS,
    "GET /api/questions/figures/picture": ("401", "403", "403", "without", "403"),
    "GET /api/trail": AUDITORS,
    "GET /api/events/{position}": ("401", "403", "403", "without", "403"),
    "GET /api/trail?format=csv&statement={statement_id}": AUDITORS,
    "GET /access": ("sign-in", "403", "403", "reads", "403"),
    "GET /api/webhooks": GOVERNORS,
    "GET /api/webhooks/{webhook}/deliveries": ("401", "403", "403", "403", "404"),
    "GET /webhooks": GOVERNORS_PAGE,
    "GET /api/organisation": ("401", "403", "403", "403", "409"),
    # The ledger of the test has no organisation.
    "GET /organisation": ("sign-in", "409", "409", "409", "409"),
    "GET /organisation/begin": NOTHING,
    "GET /organisation/callback": NOTHING,
    "GET /messages": MEMBERS_PAGE,
    "GET /feeds/{token}/inbox.atom": NOTHING,
    "GET /feeds/{token}/deadlines.ics": NOTHING,
    "GET /unsubscribe/{token}": NOTHING,
    "POST /unsubscribe/{token}": NOTHING,
    "POST /language": NOTHING,
    "GET /setup": NOTHING,
    "GET /": NOTHING,
    "GET /register": NOTHING,
    "GET /signin": NOTHING,
    "GET /recover": NOTHING,
    "GET /device": NOTHING,
    "GET /verify": NOTHING,
    "GET /static/{tree}/{path}": NOTHING,
    "GET /favicon.ico": NOTHING,
    "GET /schema": NOTHING,
    "GET /schema/openapi.json": NOTHING,
    "GET /schema/{path}": NOTHING,
    "GET /healthz": NOTHING,
    "GET /livez": NOTHING,
    "GET /readyz": NOTHING,
    "GET /metrics": NOTHING,
    "GET /.well-known/jwks.json": NOTHING,
    "GET /.well-known/ledger-keys": NOTHING,
    "GET /.well-known/passkey-endpoints": NOTHING,
    "GET /log/checkpoint": NOTHING,
    "GET /log/checkpoints": NOTHING,
    "GET /log/checkpoints/{size}": NOTHING,
    "GET /log/checkpoints/{size}/stamp": NOTHING,
    "GET /log/checkpoints/{size}/stamped": NOTHING,
    "GET /log/consistency?from=1&to=2": NOTHING,
    "GET /log/entries/{index}": NOTHING,
    "GET /log/entries/{index}/proof": NOTHING,
    "GET /log/tile/{level}/{path}": NOTHING,
    "POST /api/approvals": NOTHING,  # each approval is decided as at /sign
    "POST /api/authenticate": NOTHING,
    "POST /api/authenticate/options": NOTHING,
    "POST /api/changes": NOTHING,
    "POST /api/compromises": NOTHING,
    "POST /api/credentials": NOTHING,
    "POST /api/device-labels": NOTHING,
    "POST /api/device-links": NOTHING,
    "POST /api/device-links/approve": NOTHING,
    "POST /api/device-links/end": NOTHING,
    "POST /api/device-links/look": NOTHING,
    "POST /api/device-links/offer": NOTHING,
    "GET /api/device-links": NOTHING,
    "POST /api/governance/accept": NOTHING,
    "POST /api/jwt-keys": NOTHING,
    "POST /api/jwt-keys/options": NOTHING,
    "POST /api/jwt-keys/{kid}/revoke": NOTHING,
    "POST /api/jwt-keys/{kid}/reaffirm": NOTHING,
    "POST /api/passkeys": NOTHING,
    "POST /api/passkeys/options": NOTHING,
    "POST /api/passkeys/{credential_id}/remove": NOTHING,
    "POST /api/recoveries": NOTHING,
    "POST /api/recoveries/options": NOTHING,
    "POST /api/recovery-codes": NOTHING,
    "POST /api/register/complete": NOTHING,
    "POST /api/service-accounts": NOTHING,
    "POST /api/service-accounts/{kid}/end": NOTHING,
    "POST /api/sessions": NOTHING,
    "POST /api/operator-recoveries/cancel": NOTHING,
    "POST /api/sessions/{session_id}/end": NOTHING,
    "POST /api/statements/create": NOTHING,
    "POST /api/users/{user_id}/cancel-recovery": NOTHING,
    "POST /api/users/{user_id}/suspend": NOTHING,
    "POST /api/mailbox": NOTHING,
    "POST /api/mailbox/verify": NOTHING,
    "POST /api/mailbox/settings": NOTHING,
    "POST /api/mailbox/remove": NOTHING,
    "POST /api/feeds": NOTHING,
    "POST /api/feeds/remove": NOTHING,
    "POST /api/webhooks": NOTHING,
    "POST /api/webhooks/{webhook}/remove": NOTHING,
    "POST /api/webhooks/{webhook}/resume": NOTHING,
    "POST /api/webhooks/{webhook}/test": NOTHING,
    "POST /api/webhooks/{webhook}/deliveries/{number}/again": NOTHING,
    "POST /api/organisation/link": NOTHING,
    "POST /api/organisation/unlink": NOTHING,
    **{
        f"{method} {re.sub(':str}', '}', path)}": NOTHING
        for path, methods in SCIM.items()
        for method in sorted(methods)
    },
    "POST /api/wrapped-keys": NOTHING,
    "POST /api/logout": NOTHING,  # the last one: it ends the sessions
}
_WORDS: dict[Cell, str] = {
    "reads": "**reads it**",
    "without": "200, without it",
    "nothing": "–",
    "sign-in": "to sign in",
    "201": "**decides**",
}


def routes_of(row: str) -> str:
    """Return the method and address of a row, without its query."""
    return row.partition("?")[0]


def rendered(page: str) -> str:
    """Return the page with its table filled in; rows without any statement share one."""
    lines = [f"| Request | {' | '.join(PEOPLE)} |", "|---|---|---|---|---|---|"]
    for row, cells in ROWS.items():
        if cells != NOTHING:
            words = " | ".join(_WORDS.get(cell, cell) for cell in cells)
            lines.append(f"| `{row}` | {words} |")
    silent = ", ".join(f"`{row}`" for row, cells in ROWS.items() if cells == NOTHING)
    return TABLE.sub(lambda _: "\n".join(lines) + f"\n\nThese show no statement: {silent}.\n", page)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text("utf-8")), "utf-8")
