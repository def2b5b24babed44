"""Mutated drafts and approvals to a running server: every verifier has to take what it takes."""

import hashlib
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

from ledger.tlog.vkeys import parse_vkey
from ledger.verify.bundle import verify
from tests.differential.engines import Engine
from tests.differential.hazards import POLICIES, TEXTS, TIMES
from tests.differential.json_text import changed
from tests.differential.jws_text import mutated_header, respelt
from tests.differential.records import what_a_report_says
from tests.differential.verdict import Input, b64, shown
from tests.support.actor import Actor, Drafted, now_ms
from tests.support.check import head, wait_for
from tests.support.evidence import log_keys, written
from tests.support.keys import TestKey, ed25519_key, es256_key
from tests.support.server import Server

NO_LIMIT = "65535"


class Mutant:
    """People whose requests are mutated, at a server of their own."""

    def __init__(self, data: Path) -> None:
        self.server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT)
        self.server.start()
        origin, clients = self.server.origin, (self.server.client(), self.server.client())
        keys: tuple[TestKey, TestKey] = (ed25519_key(71), es256_key(72))
        self.keys = dict(zip("AB", keys, strict=True))
        self.alice = Actor(clients[0], "Alice", origin, key=keys[0]).register("creator")
        self.bob = Actor(clients[1], "Bob", origin, key=keys[1]).register("investor")
        self.drafted: list[Drafted] = [self.alice.draft()]
        self.answers: Counter[str] = Counter()

    def send(self, inputs: int, seed: str) -> None:
        """Send so many mutated requests; count the answers by status and code."""
        for number in range(inputs):
            chosen = random.Random(f"{seed} served {number}")
            (self._draft if chosen.random() < 0.5 else self._approve)(chosen)

    def _count(self, answer: Any) -> bool:
        assert answer.status_code < 500, answer.text
        code = "" if answer.status_code == 201 else answer.json()["code"]
        self.answers[f"{answer.status_code} {code}".strip()] += 1
        return bool(answer.status_code == 201)

    def _draft(self, chosen: random.Random) -> None:
        whole = self.alice.document(title=chosen.choice(("Series A", "Series “B”")))
        raw = changed(whole, chosen, values=(*TIMES, *TEXTS, *POLICIES))
        document = raw.decode("utf-8", "replace")
        about = {"statementId": json.loads(whole)["statementId"], "sha256": _sha256(document)}
        body = {"document": document, "act": self.alice.act("draft", **about)}
        answer = self.alice.client.post("/api/statements/create", json=body)
        if self._count(answer):
            self.drafted.append(Drafted(document, answer.json()))

    def _approve(self, chosen: random.Random) -> None:
        drafted = chosen.choice(self.drafted)
        who, key = chosen.choice(((self.alice, self.keys["A"]), (self.bob, self.keys["B"])))
        payload = drafted.document.encode()
        header: dict[str, Any] = {"alg": key.alg, "typ": "JWT", "kid": key.kid}
        if chosen.random() < 0.5:
            own = json.dumps(_individual(who, drafted))
            payload = changed(own, chosen, values=TEXTS) if chosen.random() < 0.7 else own.encode()
        else:
            header["iat"] = now_ms() // 1000
        protected = mutated_header(chosen, header) if chosen.random() < 0.3 else _json(header)
        jws = key.sealed(protected, payload)
        if chosen.random() < 0.1:
            first, rest = jws.split(".", 1)
            jws = f"{respelt(first, chosen)}.{rest}"
        self._count(who.post_sign(drafted.id, jws.encode("utf-8", "replace").decode()))

    def close(self) -> None:
        for who in (self.alice, self.bob):
            who.client.close()
        self.server.stop()
        assert "Traceback" not in self.server.output, self.server.output

    def bundle(self) -> bytes:
        """Return the whole log, once all of it is published."""
        wait_for(self.server, head(self.server))
        return written(self.server, self.drafted[0].id, "full")

    def verdicts(self, engine: Engine) -> tuple[str, str]:
        """Return what the verifier in Python and the one in JavaScript say of the whole log."""
        raw, keys = self.bundle(), [key.vkey for key in log_keys(self.server)]
        given: Input = {"raw": b64(raw), "keys": keys, "nowMs": now_ms()}
        report = verify(raw, expected_keys=[*map(parse_vkey, keys)], now_ms=given["nowMs"])
        assert report.verdict == "verified", report
        (theirs,) = engine("bundle", [given])
        return f"ok {shown(what_a_report_says(report))}", theirs


def _individual(who: Actor, drafted: Drafted) -> dict[str, Any]:
    content = json.loads(drafted.document)["content"]
    about = {"statementId": drafted.id, "content": content}
    return about | {"signer": who.user, "timestamp": now_ms()}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
