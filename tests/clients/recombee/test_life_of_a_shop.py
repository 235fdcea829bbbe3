"""The life of a shop: clients of Recombee and of Eunomia on the same people, an erasure, restarts."""

import inspect

import recombee_api_client.api_requests as requests_of_client
from recombee.shop import refused, wait_until
from recombee_api_client.api_requests import *


def ids(answer):
    return [one["id"] for one in answer["recomms"]]


def test_who_is_deleted_is_erased_everywhere_and_certified(opened):
    client = opened.client(opened.token())
    other = opened.client(opened.token("other"), "other")
    client.send(AddUserProperty("mail", "string"))
    client.send(SetUserValues("anna", {"mail": "anna@example.com"}, cascade_create=True))
    for who in ("anna", "ben", "cleo"):
        for item in ("lamp", "chair", "desk"):
            client.send(AddPurchase(who, item, cascade_create=True))
    other.send(AddBookmark("anna", "book", cascade_create=True))
    wait_until(lambda: client.send(RecommendItemsToUser("ben", 1, filter="'itemId' == \"lamp\""))["recomms"])
    shown = client.send(RecommendItemsToUser("anna", 1))["recommId"]
    client.send(RecommendNextItems(shown, 1))
    assert client.send(DeleteUser("anna")) == "ok"
    refused(client, RecommendNextItems(shown, 1), 404)
    refused(client, GetUserValues("anna"), 404)
    refused(client, ListUserPurchases("anna"), 404)
    refused(other, ListUserBookmarks("anna"), 404)
    refused(client, DeleteUser("anna"), 404)
    assert client.send(ListUsers()) == ["ben", "cleo"]
    assert {one["userId"] for one in client.send(ListItemPurchases("lamp"))} == {"ben", "cleo"}
    requests = opened.served.get("/api/v1/subjects/requests").expect().json["requests"]
    done = opened.served.wait_for_request(requests[0])
    assert done["state"] == "completed"
    opened.served.get(f"/api/v1/subjects/requests/{done['id']}/certificate").expect()
    client.send(AddUser("anna"))
    assert client.send(GetUserValues("anna")) == {"mail": None}, "who comes back is somebody new"


def test_who_is_erased_elsewhere_is_gone_for_recombees_clients(opened):
    client = opened.client(opened.token())
    for who in ("anna", "ben"):
        client.send(AddDetailView(who, "lamp", cascade_create=True))
    opened.served.wait_for_request(opened.served.erase("anna"))
    refused(client, ListUserDetailViews("anna"), 404)
    refused(client, RecommendItemsToUser("anna", 1), 404)
    assert client.send(ListUsers()) == ["ben"]


def test_everything_is_there_after_a_kill(opened):
    token = opened.token()
    client = opened.client(token)
    client.send(AddItemProperty("year", "int"))
    client.send(SetItemValues("lamp", {"year": 1920}, cascade_create=True))
    client.send(SetItemValues("chair", {"year": 1930}, cascade_create=True))
    client.send(DeleteItem("chair"))
    client.send(AddPurchase("anna", "lamp", timestamp=1_700_000_000, price=5.5, cascade_create=True))
    client.send(AddUser("ben"))
    client.send(AddSeries("saga"))
    client.send(RecommendItemsToUser("anna", 1, scenario="home"))
    opened.served.kill()
    client = opened.start().client(token)
    assert client.send(GetItemValues("lamp")) == {"year": 1920}
    assert client.send(ListItems()) == ["lamp"] and client.send(ListUsers()) == ["anna", "ben"]
    assert client.send(ListUserPurchases("anna"))[0]["price"] == 5.5
    assert client.send(ListSeries()) == ["saga"] and client.send(ListScenarios()) == [{"id": "home"}]
    refused(client, GetItemValues("chair"), 404)
    refused(client, AddPurchase("anna", "lamp", timestamp=1_700_000_000), 409)
    assert ids(client.send(RecommendItemsToUser("anna", 5))) == ["lamp"]


def test_a_database_is_a_dataset_that_others_see_and_change(opened):
    client = opened.client(opened.token())
    client.send(AddItemProperty("price", "double"))
    client.send(SetItemValues("lamp", {"price": 9.5}, cascade_create=True))
    client.send(AddDetailView("anna", "lamp", cascade_create=True))
    seen = opened.served.get("/api/v1/datasets/shop").expect().json
    assert any(column["name"] == "PRICE" for column in seen["items"]), seen
    opened.served.post("/api/v1/datasets/shop/events",
                       {"user_id": "carl", "item_id": "desk", "event_type": "purchase"}).expect()
    assert [one["itemId"] for one in client.send(ListUserPurchases("carl"))] == ["desk"]
    csv = b"ITEM_ID,PRICE,COLOUR\nlamp,7.5,red\nrug,3,blue\n"
    job = opened.served.post("/api/v1/datasets/shop/uploads?kind=items&undeclared=declare", csv,
                             headers={"Content-Type": "text/csv"}).expect(202).json
    assert opened.served.wait_for_job(job)["state"] == "succeeded"
    assert client.send(GetItemValues("rug")) == {"COLOUR": "blue", "price": 3.0}
    assert client.send(ListItems(filter="'COLOUR' == \"red\"")) == ["lamp"]


def test_a_scenario_is_answered_by_the_deployment_of_its_name(opened):
    client = opened.client(opened.token())
    for who in range(8):
        for step in range(3):
            client.send(AddPurchase(f"u{who}", f"i{(who + step) % 8}", cascade_create=True))
    wait_until(lambda: opened.served.get("/api/v1/recommenders/recombee-shop").json.get("serving"))
    opened.served.request("PUT", "/api/v1/recommenders/recombee-shop/deployments/home", {"version": 1}).expect()
    assert ids(client.send(RecommendItemsToUser("u1", 3, scenario="home")))


def test_a_database_is_reset(opened):
    token = opened.token()
    client = opened.client(token)
    client.send(AddItemProperty("year", "int"))
    client.send(AddPurchase("anna", "lamp", cascade_create=True))
    client.send(RecommendItemsToUser("anna", 1, scenario="home"))
    assert client.send(ResetDatabase()) == "ok"
    assert client.send(ListItems()) == [] and client.send(ListUsers()) == [] and client.send(ListItemProperties()) == []
    assert client.send(ListScenarios()) == []
    client.send(AddPurchase("anna", "chair", cascade_create=True))
    assert ids(client.send(RecommendItemsToUser("anna", 1))) == ["chair"]


def test_every_request_of_the_client_is_tested_here():
    import pathlib
    tests = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("test_*.py"))
    bases = {"Request", "SetValues"}
    names = [name for name, kind in inspect.getmembers(requests_of_client, inspect.isclass)
             if issubclass(kind, requests_of_client.Request) and name not in bases]
    assert len(names) > 80
    assert [name for name in names if f"{name}(" not in tests and f"{name}," not in tests] == []


def test_who_objects_is_answered_and_nothing_is_told_or_kept_of_them(opened):
    client = opened.client(opened.token())
    client.send(AddUserProperty("city", "string"))
    client.send(SetUserValues("anna", {"city": "Graz"}, cascade_create=True))
    for who in ("anna", "ben"):
        client.send(AddPurchase(who, "lamp", cascade_create=True))
    opened.served.post("/api/v1/subjects/choices",
                       {"user": "anna", "purpose": "recommendation", "choice": "object"}).expect()
    assert client.send(ListUsers()) == ["ben"]
    assert client.send(GetUserValues("anna")) == {"city": None} and client.send(ListUserPurchases("anna")) == []
    assert [one["userId"] for one in client.send(ListItemPurchases("lamp"))] == ["ben"]
    assert client.send(AddPurchase("anna", "chair", cascade_create=True)) == "ok"
    assert client.send(SetUserValues("anna", {"city": "Linz"})) == "ok"
    assert client.send(ListItemPurchases("chair")) == []
    assert sorted(ids(client.send(RecommendItemsToUser("anna", 5)))) == ["chair", "lamp"]
    assert "anna" not in ids(client.send(RecommendUsersToItem("lamp", 5)))
