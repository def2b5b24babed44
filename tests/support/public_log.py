"""The first requests of a reader of the public log."""

import httpx

from ledger.tlog.vkeys import NoteKey, parse_vkey


def proof_of(client: httpx.Client, index: int) -> httpx.Response:
    return client.get(f"/log/entries/{index}/proof")


def keys_of(client: httpx.Client) -> list[NoteKey]:
    answer = client.get(client.base_url.join("/.well-known/ledger-keys"))
    return [parse_vkey(each["vkey"]) for each in answer.json()["logKeys"]]


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
