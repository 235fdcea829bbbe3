"""Items, users and their properties."""

from datetime import datetime, timezone

from recombee.shop import refused
from recombee_api_client.api_requests import *

ITEM_TYPES = {"year": "int", "price": "double", "title": "string", "Parental-Advisory": "boolean", "released": "timestamp",
              "genres": "set", "poster": "image", "stills": "imageList"}


def with_properties(client):
    for name, kind in ITEM_TYPES.items():
        assert client.send(AddItemProperty(name, kind)) == "ok"
    assert client.send(AddUserProperty("country", "string")) == "ok"
    assert client.send(AddUserProperty("likes", "set")) == "ok"


def test_properties_are_added_listed_and_deleted(client):
    with_properties(client)
    assert client.send(ListItemProperties()) == [{"name": n, "type": t} for n, t in sorted(ITEM_TYPES.items())]
    assert client.send(GetItemPropertyInfo("genres")) == {"name": "genres", "type": "set"}
    assert client.send(ListUserProperties()) == [{"name": "country", "type": "string"}, {"name": "likes", "type": "set"}]
    assert client.send(GetUserPropertyInfo("country")) == {"name": "country", "type": "string"}
    refused(client, AddItemProperty("year", "int"), 409)
    assert "is one of int, double" in refused(client, AddItemProperty("size", "huge"), 400)
    refused(client, AddItemProperty("itemId", "string"), 400)
    refused(client, GetItemPropertyInfo("none"), 404)
    client.send(SetItemValues("film", {"year": 1994}, cascade_create=True))
    client.send(SetUserValues("anna", {"country": "AT"}, cascade_create=True))
    assert client.send(DeleteItemProperty("year")) == "ok"
    assert client.send(DeleteUserProperty("country")) == "ok"
    refused(client, DeleteItemProperty("year"), 404)
    refused(client, DeleteUserProperty("country"), 404)
    assert "year" not in client.send(GetItemValues("film"))
    client.send(AddItemProperty("year", "string"))
    assert client.send(GetItemValues("film"))["year"] is None, "another property, whatever its name"
    client.send(AddUserProperty("country", "string"))
    assert client.send(GetUserValues("anna"))["country"] is None


def test_items_are_added_changed_listed_and_deleted(client):
    with_properties(client)
    assert client.send(AddItem("pulp-fiction")) == "ok"
    refused(client, AddItem("pulp-fiction"), 409)
    refused(client, AddItem("***not_valid$$$"), 400)
    values = {"year": 1994, "price": 9.5, "title": "Pulp | Fiction \\ \u010d", "Parental-Advisory": True,
              "released": datetime(1994, 10, 14, tzinfo=timezone.utc), "genres": ["Drama", "Crime|Noir", ""],
              "poster": "https://example.com/a.jpg", "stills": ["https://example.com/2.jpg", "https://example.com/1.jpg"]}
    assert client.send(SetItemValues("pulp-fiction", values)) == "ok"
    got = client.send(GetItemValues("pulp-fiction"))
    assert got["released"] == 782092800
    assert sorted(got["genres"]) == ["", "Crime|Noir", "Drama"]
    assert {k: got[k] for k in got if k not in ("released", "genres")} == {
        k: values[k] for k in values if k not in ("released", "genres")}
    client.send(SetItemValues("pulp-fiction", {"price": None}))
    assert client.send(GetItemValues("pulp-fiction")) == got | {"price": None}, "the others stay"
    refused(client, SetItemValues("none", {"year": 1}), 404)
    assert client.send(SetItemValues("alien", {"year": 1979}, cascade_create=True)) == "ok"
    for wrong in ({"year": 1.5}, {"year": "x"}, {"none": 1}, {"Parental-Advisory": 1}, {"genres": "Drama"}, {"genres": [1]},
                  {"poster": "ftp"}, {"title": 5}, {"released": "today"}, {"title": "x" * 20_000}, {"title": "a\0b"}):
        refused(client, SetItemValues("alien", wrong), 400)
    assert client.send(ListItems()) == ["alien", "pulp-fiction"]
    assert client.send(ListItems(count=1, offset=1)) == ["pulp-fiction"]
    assert client.send(ListItems(filter="'year' < 1990")) == ["alien"]
    assert client.send(ListItems(return_properties=True, included_properties=["year"])) == [
        {"year": 1979, "itemId": "alien"}, {"year": 1994, "itemId": "pulp-fiction"}]
    assert "at 9: expected" in refused(client, ListItems(filter="'year' <"), 400)
    refused(client, ListItems(filter="'colour' == 1"), 400)
    refused(client, ListItems(return_properties=True, included_properties=["colour"]), 400)
    client.send(AddItem("third"))
    assert client.send(UpdateMoreItems(filter="'year' != null", changes={"price": 1.5}))["itemIds"] == ["alien", "pulp-fiction"]
    assert client.send(GetItemValues("alien"))["price"] == 1.5
    assert client.send(DeleteMoreItems(filter="'year' == 1979")) == {"itemIds": ["alien"], "count": 1}
    assert client.send(DeleteItem("third")) == "ok"
    refused(client, DeleteItem("third"), 404)
    refused(client, GetItemValues("third"), 404)
    assert client.send(ListItems()) == ["pulp-fiction"]
    client.send(AddItem("third"))
    assert set(client.send(GetItemValues("third")).values()) == {None}, "nothing is left of before"


def test_users_are_added_changed_and_listed(client):
    with_properties(client)
    assert client.send(AddUser("anna")) == "ok"
    refused(client, AddUser("anna"), 409)
    refused(client, AddUser("***not_valid$$$"), 400)
    assert client.send(GetUserValues("anna")) == {"country": None, "likes": None}
    assert client.send(SetUserValues("anna", {"country": "AT"})) == "ok"
    assert client.send(SetUserValues("anna", {"likes": ["b", "a"]})) == "ok"
    assert client.send(GetUserValues("anna")) == {"country": "AT", "likes": ["a", "b"]}
    refused(client, SetUserValues("ben", {"country": "DE"}), 404)
    assert client.send(SetUserValues("ben", {"country": "DE"}, cascade_create=True)) == "ok"
    refused(client, SetUserValues("ben", {"none": 1}), 400)
    refused(client, GetUserValues("nobody"), 404)
    assert client.send(ListUsers()) == ["anna", "ben"]
    assert client.send(ListUsers(filter="'country' == \"DE\"")) == ["ben"]
    assert client.send(ListUsers(filter="'userId' == \"anna\"", return_properties=True, included_properties=["country"])) == [
        {"country": "AT", "userId": "anna"}]
    assert client.send(ListUsers(count=1, offset=1)) == ["ben"]


def test_merging_names_one_person_twice_and_never_joins_two(client):
    client.send(AddDetailView("session-1", "lamp", cascade_create=True))
    refused(client, MergeUsers("anna", "session-1"), 404)
    assert client.send(MergeUsers("anna", "session-1", cascade_create=True)) == "ok"
    assert [one["itemId"] for one in client.send(ListUserDetailViews("anna"))] == ["lamp"]
    client.send(AddUser("ben"))
    assert "are not merged here" in refused(client, MergeUsers("anna", "ben"), 501)
    refused(client, MergeUsers("anna", "nobody"), 404)


def test_series_hold_items_in_an_order(client):
    assert client.send(AddSeries("saga")) == "ok"
    refused(client, AddSeries("saga"), 409)
    client.send(AddItem("two"))
    assert client.send(InsertToSeries("saga", "item", "two", 2)) == "ok"
    assert client.send(InsertToSeries("saga", "item", "one", 1, cascade_create=True)) == "ok"
    refused(client, InsertToSeries("saga", "item", "one", 1), 409)
    refused(client, InsertToSeries("saga", "item", "none", 1), 404)
    assert client.send(ListSeries()) == ["saga"]
    assert [one["itemId"] for one in client.send(ListSeriesItems("saga"))] == ["one", "two"]
    assert client.send(RemoveFromSeries("saga", "item", "one")) == "ok"
    refused(client, RemoveFromSeries("saga", "item", "one"), 404)
    client.send(DeleteItem("two"))
    assert client.send(ListSeriesItems("saga")) == []
    assert client.send(DeleteSeries("saga")) == "ok"
    refused(client, ListSeriesItems("saga"), 404)
