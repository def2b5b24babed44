"""A name that looks like somebody's is refused, before its passkey is made and after."""

import httpx
import pytest

from tests.integration.conftest import Join, Refuses

BEGIN, COMPLETE = "/api/credentials", "/api/register/complete"


def wish(name: str) -> dict[str, str]:
    return {"name": name, "role": "investor"}


@pytest.mark.parametrize(
    "like",
    ["Vera Victim", "VERA VICTIM", "vera victim", "Vera Vict1m", "VERA VlCTlM", "VeraVictim"],
)
def test_a_registration_under_a_name_that_looks_like_anothers_does_not_begin(
    like: str, join: Join, refuses: Refuses, stranger: httpx.Client
) -> None:
    vera = join("Vera Victim")
    number = vera.name.removeprefix("Vera Victim")
    refuses(lambda: stranger.post(BEGIN, json=wish(like + number)), 409, "name_taken")


def test_the_refusal_says_why_and_what_to_do(join: Join, stranger: httpx.Client) -> None:
    answer = stranger.post(BEGIN, json=wish(join("Vera").name))
    assert answer.json()["detail"] == (
        "this name looks like the name of somebody here; if that is you, sign in; otherwise add"
        " what tells you apart, such as a middle name"
    )


def test_a_name_that_looks_different_is_taken(join: Join, stranger: httpx.Client) -> None:
    vera = join("Vera Victim")
    assert stranger.post(BEGIN, json=wish(f"{vera.name} junior")).status_code == 200


def test_of_two_who_began_under_names_that_look_alike_the_first_to_complete_is_in(
    join: Join, refuses: Refuses
) -> None:
    ilya = join("Ilya", role=None)
    twin = join("Twin", role=None)
    twin.name = ilya.name.replace("I", "l")
    first, second = (each.completion(each.begin("investor")) for each in (ilya, twin))
    assert ilya.client.post(COMPLETE, json=first).status_code == 201
    refuses(lambda: twin.client.post(COMPLETE, json=second), 409, "name_taken")
    twin.name = f"{ilya.name} the younger"
    twin.register()


def test_a_registration_that_only_began_takes_no_name(join: Join) -> None:
    dora = join("Dora", role=None)
    dora.begin("investor")
    dora.register()
