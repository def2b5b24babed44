"""An auditor reads single events; of one whose body is gone, which change erased the name."""

import json

from tests.integration.http.company import Company
from tests.support.check import wait_until_published


def test_an_event_says_which_change_erased_the_name_of_its_person(company: Company) -> None:
    assert company.ada.invite("auditor", "for Eve").status_code == 201
    eve = company.person("Eve").register("auditor", "for Eve")
    ivo = company.person("Ivo").register("investor")
    assert company.ada.change({"deactivate": {"user": ivo.user}}).status_code == 201
    asked = company.ada.change({"erase": {"name": ivo.user}}).json()
    assert asked["status"] == "approved", asked
    wait_until_published(company.server)
    places = range(1, asked["position"] + 1)
    found = [eve.client.get(f"/api/events/{position}").json() for position in places]
    (gone,) = (each for each in found if each["body"] is None)
    entry = json.loads(gone["entry"])
    assert (entry["type"], entry["stream"]) == ("user-named.v1", ivo.user)
    assert (gone["salt"], gone["erasedBy"]) == (None, asked["statementId"])


def test_the_position_of_an_event_is_written_in_plain_digits(company: Company) -> None:
    assert company.ada.invite("auditor", "for Eva").status_code == 201
    eva = company.person("Eva").register("auditor", "for Eva")
    assert eva.client.get("/api/events/1").json()["position"] == 1
    for loose in ("01", "+1", "1.0", "1e0", "%D9%A1", "%201", "-1"):
        answer = eva.client.get(f"/api/events/{loose}")
        assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid"), loose
    assert eva.client.get("/api/events/0").status_code == 404
