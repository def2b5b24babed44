"""Mailboxes of people: give an address, prove it, and wait for letters."""

import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import httpx

from tests.support.actor import Actor
from tests.support.post_office import PostOffice, text_of
from tests.support.receiver import PATIENCE_S


def post(person: Actor, path: str, **body: Any) -> httpx.Response:
    return person.client.post(path, json=body)


def ask_for_code(person: Actor, office: PostOffice, address: str) -> str:
    """Give an address; return the code of the letter that comes there."""
    known = len(office.letters)
    answer = post(person, "/api/mailbox", address=address)
    assert answer.status_code == 204, answer.text
    letter = office.wait_for(
        lambda each: (
            each["To"] == address
            and "code" in each["Subject"]
            and office.letters.index(each) >= known
        )
    )
    (code,) = re.findall(r"Your code is (\d{8})\.", text_of(letter))
    return str(code)


def verified(person: Actor, office: PostOffice) -> str:
    """Give a person a verified address."""
    address = f"{person.user}@example.com"
    code = ask_for_code(person, office, address)
    answer = post(person, "/api/mailbox/verify", code=f"{code[:4]} {code[4:]}")
    assert answer.status_code == 204, answer.text
    return address


def about(address: str, words: str) -> Callable[[EmailMessage], bool]:
    return lambda letter: letter["To"] == address and words in str(letter["Subject"])


def until(is_so: Callable[[], bool]) -> bool:
    """Ask until it is so, each time over HTTP; tell whether it was in the end."""
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        if is_so():
            return True
    return False
