"""The page *Erasures* lists what is due, with one change to draft for all of it."""

import asyncio
import html
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.pages import erasures, web
from ledger.server import build
from ledger.settings import read_settings
from projections.retention import DuePage, DueStatement
from tests.support.actor import Actor

AT = "2026-11-21T03:04:05.678Z"
IDS = [f"00000000-0000-4000-8000-{n:012}" for n in range(33)]
DUE = [DueStatement(each, "terms", "approved", AT, AT) for each in IDS]


@pytest.mark.parametrize("count", [0, 1, 33])
def test_what_is_due_is_one_change_of_at_most_32_items(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ledger.pages.erasures.retention.due",
        lambda *_, limit, after, **__: DuePage(
            DUE[:count][after : after + limit], limit if count > limit and not after else None
        ),
    )
    for module in (erasures, web):
        monkeypatch.setattr(module, "can_change", lambda *_: True)
    page, german = asyncio.run(_pages(tmp_path))
    found = re.search(r'data-items="([^"]*)"', page)
    items: list[Any] = [] if found is None else json.loads(html.unescape(found[1]))
    expected = IDS[: min(count, 32)]
    assert items == [{"erase": {"statement": each, "status": "approved"}} for each in expected]
    assert ("/erasures?after=32#due" in page) == (count > 32)
    assert ("Nothing is due." in page) == (count == 0)
    assert all(f"/statements/{each}" in page for each in expected)
    assert german.count("der Art terms, freigegeben seit") == len(expected)


async def _pages(tmp_path: Path) -> tuple[str, str]:
    """Return the page in English and in German."""
    served = build(read_settings({"LEDGER_DATA": str(tmp_path / "data")}))
    transport = httpx.ASGITransport(served.front)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client,
        served.application.lifespan(),
    ):
        begun = (
            await client.post("/api/credentials", json={"name": "A", "role": "creator"})
        ).json()
        alice = Actor(httpx.Client(), "A")
        alice.user, alice.ledger = begun["user"], begun["ledger"]
        with alice.client:
            body = alice.completion(begun)
        done = await client.post("/api/register/complete", json=body)
        assert done.status_code == 201
        answer = await client.get("/erasures", headers={"accept": "text/html"})
        assert answer.status_code == 200
        both = {"accept": "text/html", "accept-language": "de"}
        return answer.text, (await client.get("/erasures", headers=both)).text
