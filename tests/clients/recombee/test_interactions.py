"""What people do: told, listed and deleted."""

import time
from datetime import datetime, timezone

import pytest
from recombee.shop import refused
from recombee_api_client.api_requests import *

MOMENT = 1_700_000_000


def without_names(entries):
    return [{k: v for k, v in one.items() if k not in ("userId", "itemId")} for one in entries]


@pytest.mark.parametrize("add, delete, of_user, of_item, told", [
    (AddDetailView, DeleteDetailView, ListUserDetailViews, ListItemDetailViews, {"duration": 15, "auto_presented": True}),
    (AddPurchase, DeletePurchase, ListUserPurchases, ListItemPurchases, {"amount": 2, "price": 9.5, "profit": 1.25}),
    (AddRating, DeleteRating, ListUserRatings, ListItemRatings, {"rating": -0.5}),
    (AddCartAddition, DeleteCartAddition, ListUserCartAdditions, ListItemCartAdditions, {"amount": 1, "price": 3}),
    (AddBookmark, DeleteBookmark, ListUserBookmarks, ListItemBookmarks, {}),
])
def test_each_kind_is_added_listed_and_deleted(client, add, delete, of_user, of_item, told):
    refused(client, add("anna", "lamp", **told), 404)
    more = {"additional_data": {"answer": 42}, "recomm_id": "a-list"}
    assert client.send(add("anna", "lamp", timestamp=MOMENT, cascade_create=True, **told, **more)) == "ok"
    assert client.send(ListItems()) == ["lamp"] and client.send(ListUsers()) == ["anna"]
    refused(client, add("anna", "lamp", timestamp=MOMENT, **told), 409)
    refused(client, add("anna", "chair", **told), 404)
    refused(client, add("ben", "lamp", **told), 404)
    refused(client, add("anna", "lamp", timestamp=-15, **told), 400)
    refused(client, add("***", "lamp", cascade_create=True, **told), 400)
    later = datetime(2024, 5, 1, 12, 30, tzinfo=timezone.utc)
    assert client.send(add("anna", "lamp", timestamp=later, **told)) == "ok"
    assert client.send(add("ben", "lamp", cascade_create=True, **told)) == "ok"
    first, second = client.send(of_user("anna"))
    assert (first["userId"], first["itemId"], first["timestamp"]) == ("anna", "lamp", MOMENT)
    assert first["additionalData"] == {"answer": 42} and first["recommId"] == "a-list"
    assert second["timestamp"] == later.timestamp() and "recommId" not in second
    names = {"auto_presented": "autoPresented"}
    for name, value in told.items():
        assert first[names.get(name, name)] == value
    assert sorted(one["userId"] for one in client.send(of_item("lamp"))) == ["anna", "anna", "ben"]
    refused(client, delete("anna", "lamp", timestamp=5), 404)
    assert client.send(delete("anna", "lamp", timestamp=MOMENT)) == "ok"
    assert len(client.send(of_user("anna"))) == 1
    refused(client, delete("anna", "lamp", timestamp=MOMENT), 404)
    assert client.send(add("anna", "lamp", timestamp=MOMENT, **told)) == "ok", "what was deleted may come again"
    assert client.send(delete("anna", "lamp")) == "ok"
    assert client.send(of_user("anna")) == []
    assert [one["userId"] for one in client.send(of_item("lamp"))] == ["ben"]
    refused(client, of_user("nobody"), 404)
    refused(client, of_item("nothing"), 404)


def test_a_viewed_portion_is_the_last_that_was_told_of_a_session(client):
    client.send(SetViewPortion("anna", "film", 0.25, session_id="tv", cascade_create=True))
    client.send(SetViewPortion("anna", "film", 0.5, session_id="tv", time_spent=60))
    client.send(SetViewPortion("anna", "film", 0.1))
    assert without_names(client.send(ListUserViewPortions("anna")))[0].items() >= {
        "portion": 0.5, "sessionId": "tv", "timeSpent": 60}.items()
    assert sorted(one["portion"] for one in client.send(ListItemViewPortions("film"))) == pytest.approx([0.1, 0.5])
    assert client.send(DeleteViewPortion("anna", "film", session_id="tv")) == "ok"
    assert [one["portion"] for one in client.send(ListUserViewPortions("anna"))] == pytest.approx([0.1])
    refused(client, DeleteViewPortion("anna", "film", session_id="tv"), 404)
    refused(client, SetViewPortion("anna", "film", 1.5), 400)


def test_of_one_moment_only_the_portion_of_the_session_leaves(client):
    for session in ({"session_id": "tv"}, {"session_id": "phone"}, {}):
        client.send(SetViewPortion("anna", "film", 0.5, timestamp=MOMENT, cascade_create=True, **session))
    assert client.send(DeleteViewPortion("anna", "film", session_id="tv")) == "ok"
    assert {one.get("sessionId") for one in client.send(ListUserViewPortions("anna"))} == {"phone", None}
    assert client.send(DeleteViewPortion("anna", "film")) == "ok"
    assert {one.get("sessionId") for one in client.send(ListUserViewPortions("anna"))} == {"phone"}


def test_deleting_one_kind_leaves_others_of_the_same_moment(client):
    client.send(AddDetailView("anna", "lamp", timestamp=MOMENT, cascade_create=True))
    client.send(AddPurchase("anna", "lamp", timestamp=MOMENT, price=5))
    client.send(DeleteDetailView("anna", "lamp", timestamp=MOMENT))
    assert client.send(ListUserDetailViews("anna")) == []
    assert [one["price"] for one in client.send(ListUserPurchases("anna"))] == [5]


def test_bad_figures_are_refused(client):
    client.send(AddItem("lamp"))
    client.send(AddUser("anna"))
    refused(client, AddRating("anna", "lamp", 1.5), 400)
    refused(client, AddPurchase("anna", "lamp", price="cheap"), 400)
    refused(client, AddDetailView("anna", "lamp", additional_data=["x"]), 400)
    refused(client, AddDetailView("anna", "lamp", additional_data={"x": "y" * 20_000}), 400)
    refused(client, AddDetailView("anna", "lamp", timestamp="yesterday"), 400)


def test_a_batch_is_as_its_requests_one_by_one(client):
    started = time.monotonic()
    answers = client.send(Batch(
        [AddItemProperty("year", "int")] + [SetItemValues(f"i{i}", {"year": i}, cascade_create=True) for i in range(300)] +
        [AddDetailView(f"u{i % 50}", f"i{i % 300}", cascade_create=True) for i in range(600)]))
    assert [one["code"] for one in answers] == [201] + [200] * 900
    assert time.monotonic() - started < 60
    mixed = client.send(Batch([
        AddItem("new"), AddItem("new"), SetItemValues("new", {"year": 5}), GetItemValues("new"), AddItem("i1"),
        AddPurchase("nobody", "new"), AddPurchase("nobody", "new", timestamp=MOMENT, cascade_create=True),
        AddPurchase("nobody", "new", timestamp=MOMENT), ListUserPurchases("nobody"), DeleteItem("new"), GetItemValues("new"),
        ListItems(count=1)]))
    assert [one["code"] for one in mixed] == [201, 409, 200, 200, 409, 404, 200, 409, 200, 200, 404, 200]
    assert mixed[3]["json"] == {"year": 5} and mixed[8]["json"][0]["itemId"] == "new" and mixed[11]["json"] == ["i0"]
    assert mixed[5]["json"]["statusCode"] == 404


def test_a_batch_has_its_limits(client):
    refused(client, Batch([AddItem("a")] * 10_000).set_additional_body_parameters(
        {"requests": [{"method": "PUT", "path": "/items/a"}] * 10_001}), 400)
    one = Batch([AddItem("a")]).set_additional_body_parameters({"requests": [
        {"method": "PUT", "path": "/batch/"}, {"method": "BREW", "path": "/items/a"}, {"path": "items"}, {}]})
    assert [entry["code"] for entry in client.send(one)] == [404, 400, 400, 400]
