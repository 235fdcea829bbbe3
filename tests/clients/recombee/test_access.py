"""Who may call: signatures, roles, databases."""

import hashlib
import hmac
import time

import pytest
import requests
from recombee.shop import refused
from recombee_api_client.api_requests import *


def signed(token, path, moment=None):
    path += f"{'&' if '?' in path else '?'}hmac_timestamp={int(time.time() if moment is None else moment)}"
    return path + "&hmac_sign=" + hmac.new(token.encode(), path.encode(), hashlib.sha1).hexdigest()


@pytest.fixture
def plain(opened):
    """A shop without TLS, and an engineer's token."""
    opened.engineer = opened.token()
    return opened


def get(shop, path):
    answer = requests.get(shop.served.url + path, timeout=30)
    if answer.status_code >= 400:
        assert answer.json()["statusCode"] == answer.status_code and answer.json()["message"]
    return answer.status_code


def test_a_token_opens_its_own_database_and_no_other(plain):
    client = plain.client(plain.engineer)
    assert client.send(AddItem("lamp")) == "ok" and client.send(ListItems()) == ["lamp"]
    refused(plain.client("wrong" * 8), ListItems(), 401)
    refused(plain.client(plain.engineer, "other"), ListItems(), 401)
    other = plain.client(plain.token("other"), "other")
    assert other.send(ListItems()) == []
    second = plain.client(plain.token())
    assert second.send(ListItems()) == ["lamp"], "a database may have several tokens"


def test_a_token_that_is_revoked_opens_nothing(plain):
    made = plain.served.post("/api/v1/access-keys", {"role": "engineer", "label": "recombee:shop"}).expect(201).json
    client = plain.client(made["secret"])
    client.send(ListItems())
    plain.served.request("DELETE", f"/api/v1/access-keys/{made['record']['id']}")
    refused(client, ListItems(), 401)


def test_a_signature_covers_path_and_query_and_grows_old(plain):
    now = time.time()
    path = "/shop/items/list/?count=5"
    assert get(plain, signed(plain.engineer, path)) == 200
    assert get(plain, signed(plain.engineer, path, now - 20)) == 200
    assert get(plain, signed(plain.engineer, path, now - 60)) == 401
    assert get(plain, signed(plain.engineer, path, now + 120)) == 401
    assert get(plain, signed(plain.engineer, path, -5)) == 401
    good = signed(plain.engineer, path)
    assert get(plain, good.replace("count=5", "count=6")) == 401
    assert get(plain, good.replace("/shop/", "/shop2/")) == 401
    assert get(plain, good[:-1] + ("0" if good[-1] != "0" else "1")) == 401
    assert get(plain, good + "&count=7") == 401
    assert get(plain, path + "&hmac_sign=" + "0" * 40) == 401
    assert get(plain, signed(plain.engineer, "/shop/nothing/here/")) == 404


def test_a_frontends_token_asks_and_tells_and_changes_nothing_else(plain):
    engineer = plain.client(plain.engineer)
    engineer.send(AddItemProperty("year", "int"))
    service = plain.client(plain.token(role="service"))
    service.send(AddDetailView("anna", "lamp", cascade_create=True))
    assert service.send(RecommendItemsToUser("anna", 1))["recomms"]
    for request in (AddItemProperty("x", "int"), DeleteItem("lamp"), DeleteUser("anna"), ResetDatabase(),
                    AddSearchSynonym("a", "b"), DeleteMoreItems("true")):
        refused(service, request, 403)
    answer = requests.post(plain.served.url + signed(service.token, "/shop/batch/"), timeout=30, json={"requests": [
        {"method": "DELETE", "path": "/"}, {"method": "PUT", "path": "/items/chair"}]})
    assert [one["code"] for one in answer.json()] == [403, 201]


def test_bad_input_is_never_a_fault_of_the_server(plain):
    base = plain.served.url
    for verb, path, body in (("POST", "/shop/items/a", "[1]"), ("POST", "/shop/items/a", "{"), ("POST", "/shop/batch/", "{}"),
                             ("POST", "/shop/batch/", '{"requests": [5, {"path": 5}, {"path": "/items/%zz"}]}'),
                             ("POST", "/shop/recomms/users/u/items/", '{"count": "x"}'),
                             ("POST", "/shop/detailviews/", '{"userId": {}, "itemId": []}'),
                             ("POST", "/shop/detailviews/", '{"userId": "a b", "itemId": "c", "cascadeCreate": true}'),
                             ("PUT", "/shop/items/properties/x", '{"type": 5}'),
                             ("PUT", "/shop/items/properties/x", '{"type": "int", "role": {"a": [1]}}')):
        answer = requests.request(verb, base + signed(plain.engineer, path), data=body, timeout=30,
                                  headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 201, 400), (verb, path, body, answer.text)
        if answer.status_code == 200:
            assert [one["code"] for one in answer.json()] == [400] * 3
